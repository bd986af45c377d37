/**
`tug demo`: something to look at where there is no image yet.
*/
import fs from 'node:fs/promises';
import {Readable} from 'node:stream';
import type {ContainerCreateOptions, Engine} from '../engine.js';
import {isEngineError} from '../errors.js';
import {locateNative} from '../runtime/locate-native.js';
import {demoImage, demoReference} from './demo-image.js';

export type DemoOptions = {
	/** The demo program; default: the one built at install. */
	readonly program?: string;
	/** Called before each step, with what a person may want to read. */
	readonly onStep?: (message: string) => void;
};

type State = 'running' | 'paused' | 'exited' | 'created';
type DemoContainer = {readonly name: string; readonly state: State; readonly options: ContainerCreateOptions};

const containers: readonly DemoContainer[] = [
	// All as root of their container: who has no subordinate ids has no other user to run them as.
	{name: 'demo-web', state: 'running', options: {Cmd: ['http', '--port', '8080']}},
	{name: 'demo-worker', state: 'running', options: {Cmd: ['logs', '--rate', '4', '--color']}},
	{name: 'demo-api', state: 'running', options: {Cmd: ['logs', '--rate', '2', '--json'], Env: ['LOG_FORMAT=json']}},
	{name: 'demo-burner', state: 'running', options: {Cmd: ['burn', '--percent', '20']}},
	{name: 'demo-queue', state: 'paused', options: {Cmd: ['logs', '--rate', '1']}},
	{name: 'demo-migrate', state: 'exited', options: {Cmd: ['sh', '-c', 'echo migrating 3 of 3; write /tmp/backup.sql 200k; ls -l /tmp; echo done']}},
	{name: 'demo-crash', state: 'exited', options: {Cmd: ['sh', '-c', 'logs --rate 0 --lines 12; cat /app/settings.toml; echo "fatal: no settings, giving up"; exit 1']}},
	{name: 'demo-nightly', state: 'created', options: {Cmd: ['exit', '0', '--after', '5000']}},
];

/**
Loads the demo image and brings its containers into their states; what is there already is left as it is, but for stopped ones that should run.
A container of the same name that is not the demo's is left alone. Resolves to the names of the demo's containers. Idempotent.
*/
export async function startDemo(engine: Engine, {program, onStep = () => {}}: DemoOptions = {}): Promise<string[]> {
	await loadDemoImage(engine, program ?? locateNative('tug-demo'), onStep);
	const names: string[] = [];
	for (const container of containers) {
		if (await provide(engine, container, onStep)) {
			names.push(container.name);
		}
	}

	return names;
}

/** Loads the image unless this very one is there. Resolves to its id. */
export async function loadDemoImage(engine: Engine, program: string, onStep: (message: string) => void = () => {}): Promise<string> {
	const {id, archive} = await demoImage(await fs.readFile(program));
	const present = await orUndefined(engine.inspectImage(demoReference));
	if (present?.Id !== id) {
		onStep(`loading ${demoReference}`);
		for await (const _ of engine.loadImages(Readable.from([archive]))) {
			// Its progress is of no interest: 100 kB.
		}
	}

	return id;
}

async function provide(engine: Engine, {name, state, options}: DemoContainer, onStep: (message: string) => void): Promise<boolean> {
	let present = await orUndefined(engine.inspectContainer(name));
	if (present === undefined) {
		onStep(`creating ${name}`);
		const labels = {'tug.demo': 'true', 'com.example.tier': name === 'demo-web' ? 'front' : 'back'};
		await engine.createContainer({name, Image: demoReference, Labels: labels, HostConfig: {NetworkMode: 'none'}, ...options});
		present = await engine.inspectContainer(name);
	} else if (present.Config.Labels?.['tug.demo'] !== 'true') {
		return false;
	}

	if (state !== 'created' && needsStart(state, present.State.Status)) {
		await engine.startContainer(name);
		if (state === 'paused') {
			await engine.pauseContainer(name);
		} else if (state === 'exited') {
			await engine.waitContainer(name);
		}
	}

	return true;
}

function needsStart(wanted: State, status: string): boolean {
	return status === 'created' || (status === 'exited' && wanted !== 'exited');
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
	try {
		return await promise;
	} catch (error) {
		if (isEngineError(error, 'notFound')) {
			return undefined;
		}

		throw error;
	}
}
