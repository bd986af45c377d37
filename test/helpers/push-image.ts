/** A process of its own that pushes an image: `push-image.js ROOT NATIVE NAME`. */
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {imageCatalog} from '../../engine/image/image-catalog.js';
import {pushImages} from '../../engine/image/push.js';
import {openRegistryAccess} from '../../engine/registry/registry-access.js';
import {defaultSettings} from '../../engine/registry/registry-settings.js';
import type {NativeProgram} from '../../engine/runtime/native-program.js';
import {openStore} from '../../engine/store/open-store.js';
import {quickPolicy} from './registry-lab.js';

const [root, native, name] = process.argv.slice(2) as [string, string, string];
const program = JSON.parse(native) as NativeProgram;
const store = openStore({root, run: path.join(path.dirname(root), 'run'), native: program, mapping: {single: program.sandboxArguments.length > 0}});
const access = await openRegistryAccess({environment: {}, home: os.tmpdir(), settings: defaultSettings, certificateFolders: [], policy: quickPolicy});
for await (const message of pushImages({store, catalog: imageCatalog(store), hooks: {}, registries: async () => access}, name)) {
	process.stdout.write(`${message.status ?? ''}\n`);
}

access.close();
