import path from 'node:path';
import test from 'ava';
import {createEngine} from '../../engine/index.js';
import {busyboxArchive} from '../helpers/busybox-archive.js';
import {nativeProgram, temporaryFolder} from '../helpers/image-lab.js';
import {engineSuite} from './engine-suite.js';

engineSuite({
	test,
	name: 'embedded',
	async factory(t) {
		if (nativeProgram(t) === undefined) {
			return undefined;
		}

		const folder = temporaryFolder(t);
		const archive = await busyboxArchive(folder);
		if (archive === undefined) {
			t.log('skipped: no static busybox on this machine (apt install busybox-static)');
			t.pass();
			return undefined;
		}

		const engine = await createEngine({root: path.join(folder, 'root'), run: path.join(folder, 'run')});
		t.teardown(async () => {
			for (const {Id} of await engine.listContainers({all: true})) {
				await engine.removeContainer(Id, {force: true}).catch(() => {});
			}

			await engine.close();
		});
		for await (const message of engine.loadImages({path: archive})) {
			t.is(typeof message, 'object');
		}

		return engine;
	},
});
