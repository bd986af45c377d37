import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {Engine} from '../../engine/engine.js';
import {EngineError} from '../../engine/errors.js';
import {demoImage} from '../../engine/demo/demo-image.js';
import {startDemo} from '../../engine/demo/start-demo.js';

type Fake = {engine: Engine; calls: string[]; states: Map<string, string>; foreign: Set<string>};

/** Containers as names with a status; what the program of each does is decided by its command. */
function fakeEngine(): Fake {
	const states = new Map<string, string>();
	const foreign = new Set<string>();
	const calls: string[] = [];
	let image: string | undefined;
	let nextImage = '';
	const missing = (what: string) => new EngineError('notFound', `no such ${what}`);
	const engine = {
		async inspectImage() {
			if (image === undefined) {
				throw missing('image');
			}

			return {Id: image};
		},
		async *loadImages(source: AsyncIterable<Buffer>) {
			calls.push('load');
			for await (const chunk of source) {
				nextImage = /"Config":"blobs\/sha256\/([\da-f]{64})"/.exec(chunk.toString('latin1'))![1]!;
			}

			image = `sha256:${nextImage}`;
			yield {stream: 'Loaded image'};
		},
		async inspectContainer(name: string) {
			if (!states.has(name)) {
				throw missing('container');
			}

			return {State: {Status: states.get(name)}, Config: {Labels: foreign.has(name) ? {} : {'tug.demo': 'true'}}};
		},
		async createContainer({name}: {name: string}) {
			calls.push(`create ${name}`);
			states.set(name, 'created');
			return {Id: name, Warnings: []};
		},
		async startContainer(name: string) {
			calls.push(`start ${name}`);
			states.set(name, 'running');
			return true;
		},
		async pauseContainer(name: string) {
			states.set(name, 'paused');
		},
		async waitContainer(name: string) {
			states.set(name, 'exited');
			return {exitCode: 0};
		},
	} as unknown as Engine;
	return {engine, calls, states, foreign};
}

function programFile(t: {teardown: (undo: () => void) => void}): string {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-start-demo-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	fs.writeFileSync(path.join(folder, 'program'), 'a program');
	return path.join(folder, 'program');
}

test('the demo shows containers in every quiet state', async t => {
	const {engine, states, calls} = fakeEngine();
	const names = await startDemo(engine, {program: programFile(t)});
	t.deepEqual(names, [...states.keys()]);
	t.deepEqual([...new Set(states.values())].sort(), ['created', 'exited', 'paused', 'running']);
	t.is(calls[0], 'load');
});

test('a second start changes nothing, and raises what was stopped', async t => {
	const {engine, states, calls} = fakeEngine();
	const program = programFile(t);
	await startDemo(engine, {program});
	calls.length = 0;
	await startDemo(engine, {program});
	t.deepEqual(calls, []);
	states.set('demo-web', 'exited');
	await startDemo(engine, {program});
	t.deepEqual(calls, ['start demo-web']);
});

test('a container of the same name that is somebody\'s own is left alone', async t => {
	const {engine, states, foreign} = fakeEngine();
	states.set('demo-web', 'exited');
	foreign.add('demo-web');
	const names = await startDemo(engine, {program: programFile(t)});
	t.false(names.includes('demo-web'));
	t.is(states.get('demo-web'), 'exited');
});

test('a new program means a new image', async t => {
	const {engine, calls} = fakeEngine();
	const program = programFile(t);
	await startDemo(engine, {program});
	fs.writeFileSync(program, 'a newer program');
	await startDemo(engine, {program});
	t.is(calls.filter(call => call === 'load').length, 2);
	t.not((await demoImage(Buffer.from('a newer program'))).id, (await demoImage(Buffer.from('a program'))).id);
});

test('steps are told as they come', async t => {
	const steps: string[] = [];
	await startDemo(fakeEngine().engine, {program: programFile(t), onStep: step => steps.push(step)});
	t.is(steps[0], 'loading tug/demo:latest');
	t.true(steps.includes('creating demo-crash'));
});
