/**
What the parts of the suite share: who is tested, and small things to do with an engine.
*/
import {setTimeout as delay} from 'node:timers/promises';
import type {Readable} from 'node:stream';
import type {ExecutionContext, TestFn} from 'ava';
import type {Attachment, Engine, EventMessage, OutputChunk} from '../../engine/index.js';

/** Undefined: it can't be had here; the reason is logged and the test is over. The factory closes the engine at the end of the test. */
export type EngineFactory = (t: ExecutionContext) => Promise<Engine | undefined>;

export type Subject = {
	readonly test: TestFn;
	readonly factory: EngineFactory;
	/** Only one user id is there: what needs others is left out. */
	readonly single?: boolean;
	/** Prefix of the titles. */
	readonly name: string;
};

/** Declares one behaviour. */
export type Behaves = (title: string, body: (t: ExecutionContext, engine: Engine) => Promise<void>) => void;

export async function create(engine: Engine, Cmd: string[]): Promise<string> {
	return (await engine.createContainer({Image: 'busybox', Cmd})).Id;
}

export async function runAttached(engine: Engine, id: string): Promise<{stdout: string; stderr: string; exitCode: number}> {
	const attachment = await engine.attach(id);
	const collected = collect(attachment);
	await engine.startContainer(id);
	return collected;
}

export async function collect(attachment: Attachment): Promise<{stdout: string; stderr: string; exitCode: number}> {
	const {stdout, stderr} = await gather(attachment.output);
	const done = await attachment.done;
	return {stdout, stderr, exitCode: done.reason === 'exited' ? done.exitCode : -1};
}

export async function gather(chunks: AsyncIterable<OutputChunk>): Promise<{stdout: string; stderr: string}> {
	const parts: {stdout: Buffer[]; stderr: Buffer[]} = {stdout: [], stderr: []};
	for await (const {stream, data} of chunks) {
		parts[stream].push(data);
	}

	return {stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString()};
}

export async function logsOf(engine: Engine, id: string, options: Parameters<Engine['logs']>[1] = {}): Promise<string> {
	const parts: Buffer[] = [];
	for await (const {data} of engine.logs(id, options)) {
		parts.push(data);
	}

	return Buffer.concat(parts).toString();
}

export async function logged(engine: Engine, id: string, text: string): Promise<void> {
	await until(async () => (await logsOf(engine, id)).includes(text));
}

export function collectEvents(engine: Engine, options: Parameters<Engine['events']>[0]): EventMessage[] {
	const events: EventMessage[] = [];
	const collecting = async () => {
		for await (const event of engine.events(options)) {
			events.push(event);
		}
	};

	collecting().catch((error: unknown) => {
		throw error;
	});
	return events;
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
	const parts: Buffer[] = [];
	for await (const part of stream as AsyncIterable<Buffer>) {
		parts.push(part);
	}

	return Buffer.concat(parts);
}

/** Asks again until it is so; fails after ten seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
	for (const deadline = Date.now() + 10_000; !(await isSo());) {
		if (Date.now() > deadline) {
			throw new Error(`still not so: ${isSo.toString()}`);
		}

		await delay(10);
	}
}
