/** A process of its own that pulls images: `pull-image.js ROOT NATIVE NAME…`; prints what it did. */
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {imageCatalog} from '../../engine/image/image-catalog.js';
import {pullImages} from '../../engine/image/pull.js';
import {openRegistryAccess} from '../../engine/registry/registry-access.js';
import {defaultSettings} from '../../engine/registry/registry-settings.js';
import type {NativeProgram} from '../../engine/runtime/native-program.js';
import {openStore} from '../../engine/store/open-store.js';
import {quickPolicy} from './registry-lab.js';

const [root, native, ...names] = process.argv.slice(2) as [string, string, ...string[]];
const program = JSON.parse(native) as NativeProgram;
const store = openStore({root, run: path.join(path.dirname(root), 'run'), native: program, mapping: {single: program.sandboxArguments.length > 0}});
const access = await openRegistryAccess({environment: {}, home: os.tmpdir(), settings: defaultSettings, certificateFolders: [], policy: quickPolicy});
for (const name of names) {
	for await (const message of pullImages({store, catalog: imageCatalog(store), hooks: {}, registries: async () => access, download: {partBytes: 300_000}}, name)) {
		if (message.progressDetail?.current === undefined) {
			process.stdout.write(`${message.id ?? ''} ${message.status ?? ''}\n`);
		}
	}
}

access.close();
