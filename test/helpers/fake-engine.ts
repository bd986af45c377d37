/** An engine of which only the named methods exist; what is called is written down. */
import {Readable} from 'node:stream';
import type {Attachment, Engine, OutputChunk} from '../../engine/index.js';

export type Call = readonly [method: string, ...values: unknown[]];

export type FakeEngine = {readonly engine: Engine; readonly calls: Call[]};

export function fakeEngine(methods: Partial<Engine> = {}): FakeEngine {
	const calls: Call[] = [];
	const base: Partial<Engine> = {kind: 'embedded', label: 'local', async close() {}, ...methods};
	const engine = new Proxy(base, {
		get(target, name: string) {
			const value = (target as Readonly<Record<string, unknown>>)[name];
			if (typeof value === 'function') {
				return (...values: readonly unknown[]) => {
					calls.push([name, ...values]);
					return (value as (...values: readonly unknown[]) => unknown)(...values);
				};
			}

			if (value !== undefined || name === 'then') {
				return value;
			}

			return () => {
				throw new Error(`the command called ${name}`);
			};
		},
	}) as Engine;
	return {engine, calls};
}

export type FakeAttachment = Attachment & {readonly received: Buffer[]; readonly sizes: Array<{rows: number; columns: number}>; readonly wasEnded: () => boolean; emit(chunk: OutputChunk): void; finish(exitCode: number): void};

/** A process whose output the test emits, and whose input it can read. */
export function fakeAttachment({tty = false}: {tty?: boolean} = {}): FakeAttachment {
	const output = new Readable({objectMode: true, read() {}});
	const received: Buffer[] = [];
	const sizes: Array<{rows: number; columns: number}> = [];
	let isEnded = false;
	let settle: (end: Awaited<Attachment['done']>) => void = () => {};
	const done = new Promise<Awaited<Attachment['done']>>(resolve => {
		settle = resolve;
	});
	return {
		tty,
		received,
		sizes,
		wasEnded: () => isEnded,
		output: output as AsyncIterable<OutputChunk>,
		done,
		async write(data) {
			received.push(Buffer.from(data));
		},
		async end() {
			isEnded = true;
		},
		async resize(size) {
			sizes.push(size);
		},
		close() {
			settle({reason: 'detached'});
			output.destroy();
		},
		emit(chunk) {
			output.push(chunk);
		},
		finish(exitCode) {
			settle({reason: 'exited', exitCode});
			output.push(null);
		},
	};
}
