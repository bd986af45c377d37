/**
For tests of containers: an engine on a store of its own with the image `busybox:latest`, unpacked.
*/
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {createEngine, type Engine} from '../../engine/index.js';
import {busyboxArchive} from './busybox-archive.js';
import {nativeProgram, temporaryFolder} from './image-lab.js';

export type ContainerLab = {readonly engine: Engine; readonly root: string; readonly run: string};

/** Undefined: containers can't be run here; the reason is logged and the test is over. At its end all containers are removed. */
export async function containerLab(t: ExecutionContext): Promise<ContainerLab | undefined> {
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

	const places = {root: path.join(folder, 'root'), run: path.join(folder, 'run')};
	const engine = await createEngine(places);
	t.teardown(async () => {
		await removeAll(engine);
		await engine.close();
	});
	for await (const message of engine.loadImages({path: archive})) {
		t.is(typeof message, 'object');
	}

	return {engine, ...places};
}

export async function removeAll(engine: Engine): Promise<void> {
	for (const {Id} of await engine.listContainers({all: true})) {
		await engine.removeContainer(Id, {force: true}).catch(() => {});
	}
}
