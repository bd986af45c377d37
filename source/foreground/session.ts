/** Joins our standard streams, terminal and signals to a process in a container until it ends, or the person detaches. */
import type {Attachment, TerminalSize} from '../../engine/index.js';
import {detachScanner} from './detach-keys.js';
import {proxySignals} from './signal-proxy.js';
import type {Output} from './standard-streams.js';
import {enterRawMode, onTerminalResize} from './terminal-mode.js';

type SessionInput = {readonly isTerminal: boolean; stream(): AsyncIterable<Uint8Array> & {destroy(): unknown; setRawMode?: (raw: boolean) => unknown}};

export type SessionOptions = {
	readonly attachment: Attachment;
	/** Undefined: stdin is not attached. */
	readonly input: SessionInput | undefined;
	readonly output: Output;
	readonly errors: Output;
	readonly detachKeys: Uint8Array;
	/** Undefined: signals are ours. */
	readonly sendSignal: ((signal: string) => Promise<void>) | undefined;
	/** Called once everything is in place. */
	readonly begin?: () => Promise<void>;
};

export type SessionEnd = {readonly reason: 'exited'; readonly exitCode: number} | {readonly reason: 'detached'} | {readonly reason: 'givenUp'; readonly why: 'asked' | 'hungUp'};

/** Rejects with BrokenPipeError when nobody reads our output any more; closes the attachment in any case. */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
	const {attachment, input} = options;
	const cleanups: Array<() => void> = [() => {
		attachment.close();
	}];
	try {
		if (attachment.tty && input?.isTerminal) {
			cleanups.push(enterRawMode(input.stream()));
		}

		if (attachment.tty && options.output.isTerminal) {
			cleanups.push(onTerminalResize(size => {
				resize(attachment, size);
			}));
		}

		const detached = deferred();
		const ends: Array<Promise<SessionEnd>> = [detached.promise.then(() => ({reason: 'detached'}))];
		if (options.sendSignal !== undefined) {
			const proxy = proxySignals(options.sendSignal);
			cleanups.push(proxy.stop);
			ends.push(proxy.givenUp.then(why => ({reason: 'givenUp', why})));
		}

		// Reading begins before the process does: its first words are not lost, whoever starts it.
		const output = copyOutput(options);
		output.catch(() => {});
		await options.begin?.();
		if (input !== undefined) {
			const stream = input.stream();
			cleanups.push(() => {
				stream.destroy();
			});
			copyInput(stream, options, detached.resolve).catch(() => {});
		}

		return await Promise.race([output.then(async () => attachment.done), ...ends]);
	} finally {
		for (const cleanup of cleanups.reverse()) {
			cleanup();
		}
	}
}

async function copyOutput({attachment, output, errors}: SessionOptions): Promise<void> {
	for await (const {stream, data} of attachment.output) {
		await (stream === 'stdout' ? output : errors).send(data);
	}
}

async function copyInput(stream: AsyncIterable<Uint8Array>, {attachment, detachKeys}: SessionOptions, detach: () => void): Promise<void> {
	// Without a terminal every byte is data.
	const scan = attachment.tty ? detachScanner(detachKeys) : undefined;
	for await (const chunk of stream) {
		const {passed, isDetached} = scan?.(chunk) ?? {passed: chunk, isDetached: false};
		if (passed.length > 0) {
			await attachment.write(passed);
		}

		if (isDetached) {
			detach();
			return;
		}
	}

	await attachment.end();
}

function resize(attachment: Attachment, size: TerminalSize): void {
	// The process may just have ended.
	attachment.resize(size).catch(() => {});
}

function deferred(): {promise: Promise<void>; resolve: () => void} {
	let resolve: () => void = () => {};
	const promise = new Promise<void>(settle => {
		resolve = settle;
	});
	return {promise, resolve};
}

