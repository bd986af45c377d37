/**
Makes the compiled form of the program that holds what commands usually need (program.ts), by running them: on a store of its own, with containers of the demo image where those work. Run when tug is
installed (engine/native/install.mjs) and when it is built (scripts/build.mjs); it prints nothing, leaves nothing else behind, and ends well whatever happens.
*/
/* eslint-disable unicorn/prefer-module -- this file is built as CommonJS */
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import v8 from 'node:v8';
import type * as engineLibrary from '../engine/index.js';
import {loadProgram, type Use} from './program.js';

/** Both set by the build. */
declare const __mainDigest: string;
declare const __mainEncoding: 'latin1' | 'utf8';

const timeoutMs = 20_000;
const image = 'tug/demo:latest';
const name = 'warm-up';

/** In this order; a step that fails ends a rehearsal. The container is there and runs. `cat` reads /dev/null. */
const rehearsals: Readonly<Record<Use, ReadonlyArray<readonly string[]>>> = {
	lists: [['images'], ['ps', '-a'], ['inspect', name], ['logs', '--tail', '100', name]],
	containers: [
		['run', '--rm', image, 'true'],
		['run', '--rm', '-i', image, 'cat'],
		['run', '-d', image, 'sleep', '60'],
		['exec', name, 'true'],
		['stop', name],
		['start', name],
		['kill', name],
		['wait', name],
		['rm', '-f', name],
		['create', '--name', name, image, 'true'],
		['rm', name],
	],
};

const [use] = process.argv.slice(2);
// eslint-disable-next-line unicorn/prefer-top-level-await -- it is built as CommonJS
void (use === 'lists' || use === 'containers' ? rehearse(use) : supervise());

/** In processes of their own, so that nothing can hold an installation up. */
async function supervise(): Promise<void> {
	const {DOCKER_HOST: _, NODE_OPTIONS: __, NODE_V8_COVERAGE: ___, ...environment} = process.env;
	await Promise.all(Object.keys(rehearsals).map(async use => {
		const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-warm-up-'));
		const places = {TUG_ROOT: path.join(scratch, 'store'), TUG_RUN: path.join(scratch, 'run')};
		const child = spawn(process.execPath, [__filename, use], {stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL', env: {...environment, ...places}});
		await new Promise(resolve => {
			child.once('error', resolve).once('close', resolve);
		});
		await remove(scratch);
	}));
}

/** What was deleted in the background may still be going. */
async function remove(scratch: string): Promise<void> {
	for (let attempt = 0; attempt < 30; attempt++) {
		try {
			fs.rmSync(scratch, {recursive: true, force: true});
			return;
		} catch {
			await new Promise(resolve => {
				setTimeout(resolve, 100);
			});
		}
	}
}

async function rehearse(use: Use): Promise<void> {
	v8.setFlagsFromString('--no-flush-bytecode'); // It would forget what has not run for a while
	const engine = await provideContainer();
	const program = loadProgram({folder: __dirname, use, digest: __mainDigest, encoding: __mainEncoding}, {require, fresh: true});
	try {
		for (const words of rehearsals[use]) {
			if ((await program.main(words)) !== 0) {
				break;
			}
		}
	} finally {
		v8.setFlagsFromString('--flush-bytecode'); // The compiled form is for the flags it was made with
		program.keep();
		await clear(engine);
		process.exit();
	}
}

/** By the library, another copy of the code: how an image is loaded does not belong to what every command begins with. */
async function provideContainer(): Promise<engineLibrary.Engine | undefined> {
	try {
		const {createEngine, loadDemoImage} = (await import(path.join(__dirname, 'engine.mjs'))) as typeof engineLibrary;
		const engine = await createEngine();
		await loadDemoImage(engine, path.join(__dirname, 'native', 'tug-demo'));
		await engine.createContainer({Image: image, name, Cmd: ['sleep', '60']});
		await engine.startContainer(name);
		return engine;
	} catch {
		return undefined; // Without a compiler there are no containers, but lists work
	}
}

/** What belongs to other owners only the engine can remove. */
async function clear(engine: engineLibrary.Engine | undefined): Promise<void> {
	try {
		for (const {Id} of (await engine?.listContainers({all: true})) ?? []) {
			await engine?.removeContainer(Id, {force: true});
		}

		await engine?.removeImage(image, {force: true});
		await engine?.close();
	} catch {} // It was a store of our own
}
