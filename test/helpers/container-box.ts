/**
Real containers for a test: an engine on a store of its own, images made on the spot, our probe (test/native/probe.c) inside. The runtime is a copy of
the test's own, so that a container that gets at it harms nothing.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {Readable} from 'node:stream';
import type {ExecutionContext} from 'ava';
import {layerTar, type LayerEntry} from '../../engine/demo/layer-tar.js';
import {writeTar} from '../../engine/archive/tar-writer.js';
import {createEngine, isEngineError, type ContainerCreateOptions, type Engine} from '../../engine/index.js';
import {locateNative} from '../../engine/runtime/locate-native.js';
import {compileC} from './compile-c.js';
import {temporaryFolder} from './temporary-folder.js';

export type Ended = {readonly exitCode: number; readonly stdout: string; readonly stderr: string; readonly lines: readonly string[]};

export type Box = {
	readonly engine: Engine;
	/** Where the store is. */
	readonly root: string;
	/** The copy of tug-runtime the engine runs. */
	readonly runtime: string;
	/** Loads an image of one layer for each list, on top of the probe and the demo's tools. */
	image(name: string, ...layers: ReadonlyArray<readonly LayerEntry[]>): Promise<void>;
	/** Runs to the end and collects what it wrote. */
	run(command: readonly string[], options?: ContainerCreateOptions): Promise<Ended>;
	/** The same in a running container. */
	exec(id: string, command: readonly string[], options?: Readonly<Record<string, unknown>>): Promise<Ended>;
	/** Starts one that sleeps; its id. */
	start(options?: ContainerCreateOptions): Promise<string>;
};

/** The image `run` and `start` use when none is named. */
export const boxImage = 'box:latest';

type Programs = {readonly runtime: string; readonly probe: string; readonly demo: string};

/** Made once for all tests of a file; a text says why they can't be. */
let programs: Programs | string | undefined;

/** Undefined, with the reason logged and the test passed, where containers can't run. */
export async function openBox(t: ExecutionContext): Promise<Box | undefined> {
	programs ??= preparePrograms();
	const prepared = programs;
	if (typeof prepared === 'string') {
		t.log(`skipped: ${prepared}`);
		t.pass();
		return undefined;
	}

	const {runtime} = prepared;
	const folder = temporaryFolder(t);
	process.env['TUG_RUNTIME'] = runtime;
	const engine = await createEngine({root: path.join(folder, 'root'), run: path.join(folder, 'run')});
	t.teardown(async () => {
		for (const {Id} of await engine.listContainers({all: true})) {
			await engine.removeContainer(Id, {force: true});
		}

		for (const {Id} of await engine.listImages()) {
			await engine.removeImage(Id, {force: true});
		}

		await engine.close();
	});
	const box = makeBox(engine, path.join(folder, 'root'), prepared);
	await box.image(boxImage);
	try {
		await box.run(['true']);
	} catch (error) {
		// What the host forbids is no failure; a runtime that does not work is.
		if (isEngineError(error, 'unavailable') || (isEngineError(error) && error.message.includes('user namespace'))) {
			t.log(`skipped: containers can't run here: ${error.message}`);
			t.pass();
			return undefined;
		}

		throw error;
	}

	return box;
}

function makeBox(engine: Engine, root: string, prepared: Programs): Box {
	const create = async (options: ContainerCreateOptions) => (await engine.createContainer({Image: boxImage, ...options, HostConfig: {NetworkMode: 'none', ...options.HostConfig}})).Id;
	return {
		engine,
		root,
		runtime: prepared.runtime,
		async image(name, ...layers) {
			for await (const _ of engine.loadImages(Readable.from([await imageArchive(name, [baseLayer(prepared), ...layers])]))) {
				// Only its end matters.
			}
		},
		async run(command, options = {}) {
			const id = await create({...options, Cmd: [...command]});
			try {
				await engine.startContainer(id);
				const {exitCode} = await engine.waitContainer(id);
				return await ended(exitCode, engine.logs(id));
			} finally {
				await engine.removeContainer(id, {force: true});
			}
		},
		async exec(id, command, options = {}) {
			const {Id} = await engine.createExec(id, {AttachStdout: true, AttachStderr: true, Cmd: [...command], ...options});
			const attachment = await engine.startExec(Id);
			const {done} = (attachment!);
			const output = await ended(0, attachment!.output);
			const how = await done;
			return {...output, exitCode: how.reason === 'exited' ? how.exitCode : -1};
		},
		async start(options = {}) {
			const id = await create({Cmd: ['sleep'], ...options});
			await engine.startContainer(id);
			return id;
		},
	};
}

async function ended(exitCode: number, output: AsyncIterable<{readonly stream: 'stdout' | 'stderr'; readonly data: Buffer}>): Promise<Ended> {
	const text = {stdout: '', stderr: ''};
	for await (const {stream, data} of output) {
		text[stream] += String(data);
	}

	return {exitCode, ...text, lines: text.stdout.trimEnd().split('\n').map(line => line.trimEnd())};
}

function preparePrograms(): Programs | string {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-box-'));
	process.once('exit', () => {
		fs.rmSync(folder, {recursive: true, force: true});
	});
	fs.chmodSync(folder, 0o755);
	const probe = path.join(folder, 'probe');
	try {
		const reason = compileC('probe', probe, ['-static']);
		if (reason !== undefined) {
			return reason;
		}

		const runtime = path.join(folder, 'tug-runtime');
		fs.copyFileSync(locateNative(), runtime);
		fs.chmodSync(runtime, 0o755);
		return {runtime, probe, demo: locateNative('tug-demo')};
	} catch (error) {
		return (error as Error).message;
	}
}

function baseLayer({probe, demo}: Programs): LayerEntry[] {
	return [
		...['bin', 'dev', 'etc', 'proc', 'sys', 'root', 'data'].map(name => ({kind: 'directory', name}) as const),
		{kind: 'directory', name: 'tmp', mode: 0o1777},
		{kind: 'file', name: 'bin/probe', data: fs.readFileSync(probe), mode: 0o755},
		{kind: 'file', name: 'bin/tug-demo', data: fs.readFileSync(demo), mode: 0o755},
		...['sh', 'cat', 'ls', 'id', 'env', 'sleep', 'true', 'echo', 'write'].map(name => ({kind: 'symlink', name: `bin/${name}`, target: 'tug-demo'}) as const),
		{kind: 'file', name: 'etc/passwd', data: 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n'},
		{kind: 'file', name: 'etc/group', data: 'root:x:0:\nuser:x:1000:\n'},
	];
}

/** A docker archive of an image with these layers, base first. */
export async function imageArchive(name: string, layers: ReadonlyArray<readonly LayerEntry[] | Buffer>): Promise<Buffer> {
	const tars = layers.map(layer => (Buffer.isBuffer(layer) ? layer : layerTar(layer, 0)));
	const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
	const config = Buffer.from(JSON.stringify({
		architecture: process.arch === 'x64' ? 'amd64' : process.arch,
		os: 'linux',
		config: {Env: ['PATH=/bin']},
		rootfs: {type: 'layers', diff_ids: tars.map(tar => `sha256:${sha256(tar)}`)},
	}));
	const files = [
		...new Map(tars.map(tar => [`${sha256(tar)}/layer.tar`, tar])),
		[`${sha256(config)}.json`, config] as const,
		['manifest.json', Buffer.from(JSON.stringify([{Config: `${sha256(config)}.json`, RepoTags: [name], Layers: tars.map(tar => `${sha256(tar)}/layer.tar`)}]))] as const,
	];
	const pieces: Buffer[] = [];
	for await (const piece of writeTar(files.map(([file, data]) => ({kind: 'bytes', name: file, data})))) {
		pieces.push(piece);
	}

	return Buffer.concat(pieces);
}
