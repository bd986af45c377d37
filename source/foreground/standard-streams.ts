/**
The process's own streams. Text goes out with one blocking write (no stream machinery to load, nothing to drain at exit); long output in
asynchronous writes, so that signals are served while a slow reader holds it up.
*/
import fs from 'node:fs';
import process from 'node:process';

export type Output = {
	readonly isTerminal: boolean;
	/** Everything or an error. */
	write(data: string | Uint8Array): void;
	/** Resolves when the bytes were taken. */
	send(data: Uint8Array): Promise<void>;
};

/** Whoever read our output has gone. */
export class BrokenPipeError extends Error {
	override readonly name = 'BrokenPipeError';
}

export function standardOutput(fd: 1 | 2): Output {
	let terminal: boolean | undefined;
	return {
		get isTerminal() {
			terminal ??= isTerminal(fd);
			return terminal;
		},
		write(data) {
			writeAll(fd, typeof data === 'string' ? Buffer.from(data) : data);
		},
		send: async data => sendAll(fd, data),
	};
}

/** `tty.isatty`, without loading the module (and sockets with it) for a pipe or file. */
export function isTerminal(fd: number): boolean {
	try {
		return fs.fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd);
	} catch {
		return false; // closed
	}
}

function writeAll(fd: number, data: Uint8Array): void {
	let offset = 0;
	while (offset < data.length) {
		try {
			offset += fs.writeSync(fd, data, offset);
		} catch (error) {
			if (isBusy(error)) {
				Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
				continue;
			}

			throw brokenPipe(error);
		}
	}
}

async function sendAll(fd: number, data: Uint8Array): Promise<void> {
	let offset = 0;
	while (offset < data.length) {
		offset += await sendSome(fd, data, offset);
	}
}

async function sendSome(fd: number, data: Uint8Array, offset: number): Promise<number> {
	return new Promise((resolve, reject) => {
		fs.write(fd, data, offset, (error, written) => {
			if (error === null) {
				resolve(written);
			} else if (isBusy(error)) {
				setTimeout(resolve, 5, 0);
			} else {
				reject(brokenPipe(error));
			}
		});
	});
}

// The descriptor may be non-blocking: whoever shares the terminal or pipe with us decides that.
function isBusy(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

function brokenPipe(error: unknown): Error {
	const cause = error instanceof Error ? error : new Error(String(error));
	return 'code' in cause && cause.code === 'EPIPE' ? new BrokenPipeError('broken pipe', {cause}) : cause;
}
