/**
A process that loads archives into a store, for tests of several processes: node load-archive.js ROOT NATIVE FILE …
*/
import process from 'node:process';
import {imageService} from '../../engine/image/image-service.js';
import {openStore} from '../../engine/store/open-store.js';

const [root, native, ...files] = process.argv.slice(2) as [string, string, ...string[]];
const program = JSON.parse(native) as {binary: string; sandboxArguments: string[]};
const store = openStore({root, run: `${root}-run`, native: program, mapping: {single: program.sandboxArguments.length > 0}});
for (const file of files) {
	for await (const message of imageService(store).load({path: file})) {
		if (message.stream !== undefined) {
			process.stdout.write(message.stream);
		}
	}
}
