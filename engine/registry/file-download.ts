/**
Getting a big blob into a file in parts, several at once, and reading it in order while it comes. A later attempt, also of another process after this one was killed, goes on
from what is there. Nothing is verified here: whoever reads hashes.
*/
import fs from 'node:fs';
import {promisify} from 'node:util';
import type {Readable} from 'node:stream';
import {EngineError, errorCode, isEngineError, systemError} from '../errors.js';
import {frontier, journalOf, mergePart, nextPart, readJournal, sumOf, type Part} from './download-journal.js';
import {writePart} from './part-writer.js';
import {AskedPauseError, pause, pauseBefore, type RetryPolicy} from './retry.js';

export type FileDownloadOptions = {
	readonly file: string;
	readonly sizeBytes: number;
	/** For messages. */
	readonly subject: string;
	/** Opens the part, or everything from 0. Undefined asks for everything. */
	readonly open: (part: Part | undefined, signal: AbortSignal) => Promise<{readonly start: number; readonly isWhole: boolean; readonly body: Readable}>;
	readonly policy: RetryPolicy;
	readonly signal: AbortSignal;
	/** Bytes that are there. */
	readonly onProgress?: ((currentBytes: number) => void) | undefined;
	/** Default 16 MiB. */
	readonly partBytes?: number | undefined;
	/** Parts on their way at once. Default 3. */
	readonly atOnce?: number | undefined;
	/** Fewer than 4 KiB in this time are as good as none. Default 30 seconds. */
	readonly stallMs?: number | undefined;
};

export type FileDownload = {
	/** True when an earlier attempt left something that was built upon. */
	readonly wasResumed: boolean;
	/** Resolves once the first `bytes` are there (or all, if it has fewer). Rejects when the download failed. */
	available(bytes: number): Promise<void>;
	/** In order, as they come. A piece is valid until the piece after the next one is asked for. */
	read(): AsyncGenerator<Buffer>;
	/** Settles when everything is written, or nothing more will be. */
	readonly done: Promise<void>;
};

const pieceBytes = 512 * 1024;
const journalBytes = 1024 * 1024;
const leastBytes = 4096;

const readAt = promisify(fs.read) as (descriptor: number, buffer: Buffer, offset: number, length: number, position: number) => Promise<{bytesRead: number}>;

/** Starts at once. Creates the file, or goes on with it. Only one may work on a file. */
export function startFileDownload(options: FileDownloadOptions): FileDownload {
	const {file, sizeBytes, policy, partBytes = 16 * 1024 * 1024, atOnce = 3} = options;
	const controller = new AbortController();
	const signal = AbortSignal.any([options.signal, controller.signal]);
	const written = readJournal(file, sizeBytes);
	const wasResumed = written.length > 0;
	const {descriptor, journal} = openFiles(file);
	const claimed: Part[] = [...written];
	const waiting = new Set<() => void>();
	/** `isWholeOnly`: the registry gives everything or nothing; one transfer goes through to the end, the others stop. */
	const state = {isWholeOnly: false, failure: undefined as Error | undefined};

	const wake = () => {
		waiting.forEach(resume => {
			resume();
		});
		waiting.clear();
	};

	/** False when it left the part to the transfer of the whole. */
	const transfer = async (part: Part, onWritten: (end: number) => void): Promise<boolean> => {
		const isAll = part.start === 0 && part.end === sizeBytes;
		const {start, isWhole, body} = await options.open(isAll ? undefined : part, signal);
		if (isWhole && !isAll && state.isWholeOnly) {
			body.destroy();
			return false;
		}

		state.isWholeOnly ||= isWhole && !isAll;
		const guard = stallGuard(body, options);
		const stop = () => body.destroy();
		signal.addEventListener('abort', stop, {once: true});
		const scope = isWhole ? {start: part.start, end: sizeBytes} : part;
		let noted = scope.start;
		let safe = scope.start;
		const note = () => {
			if (safe > noted) {
				fs.writeSync(journal, `${noted} ${safe}\n`);
				noted = safe;
			}
		};

		try {
			await writePart(body, {
				descriptor,
				part: scope,
				bodyStart: start,
				subject: options.subject,
				onReceived: guard.count,
				onWritten(end) {
					safe = end;
					mergePart(written, {start: scope.start, end});
					if (safe - noted >= journalBytes) {
						note();
					}

					onWritten(end);
					wake();
					options.onProgress?.(sumOf(written));
				},
			});
			return true;
		} catch (error) {
			throw guard.stalled() ?? brokenOff(error, options.subject);
		} finally {
			guard.stop();
			signal.removeEventListener('abort', stop);
			body.destroy();
			note();
		}
	};

	const fetchPart = async (part: Part): Promise<void> => {
		const reached = {position: part.start, failures: 0};
		const onWritten = (end: number) => {
			reached.position = end;
			reached.failures = 0;
		};

		while (reached.position < part.end) {
			try {
				await transfer({start: reached.position, end: part.end}, onWritten);
				return;
			} catch (error) {
				signal.throwIfAborted();
				reached.failures++;
				const waitMs = mayPass(error) ? pauseBefore(reached.failures, policy, error instanceof AskedPauseError ? error.pauseMs : undefined) : undefined;
				if (waitMs === undefined) {
					throw error;
				}

				state.isWholeOnly = false;
				await pause(waitMs, signal);
			}
		}
	};

	const worker = async (): Promise<void> => {
		try {
			for (let part = nextPart(claimed, sizeBytes, partBytes); part !== undefined && !state.isWholeOnly; part = nextPart(claimed, sizeBytes, partBytes)) {
				signal.throwIfAborted();
				mergePart(claimed, part);
				await fetchPart(part);
			}
		} catch (error) {
			state.failure ??= error as Error;
			controller.abort();
		}
	};

	const run = async (): Promise<void> => {
		const workers = Math.max(1, Math.min(atOnce, Math.ceil(sizeBytes / partBytes)));
		try {
			// Again when parts were left to a transfer of the whole that broke: each round either gets further or fails.
			while (state.failure === undefined && frontier(written) < sizeBytes) {
				claimed.splice(0, claimed.length, ...written);
				state.isWholeOnly = false;
				await Promise.all(Array.from({length: workers}, worker));
			}
		} finally {
			fs.closeSync(journal);
			fs.closeSync(descriptor);
			wake();
		}

		if (state.failure !== undefined) {
			options.signal.throwIfAborted();
			throw state.failure;
		}
	};

	const done = run();
	done.catch(() => {});

	const available = async (bytes: number): Promise<void> => {
		while (frontier(written) < Math.min(bytes, sizeBytes)) {
			if (state.failure !== undefined) {
				await done;
			}

			await new Promise<void>(resolve => {
				waiting.add(resolve);
			});
		}
	};

	return {
		wasResumed,
		done,
		available,
		async * read() {
			const reader = fs.openSync(file, 'r');
			const buffers = Array.from({length: 3}, () => Buffer.allocUnsafeSlow(Math.min(pieceBytes, sizeBytes)));
			try {
				for (let offset = 0, turn = 0; offset < sizeBytes; turn = (turn + 1) % buffers.length) {
					await available(offset + 1);
					const {bytesRead} = await readAt(reader, buffers[turn]!, 0, Math.min(pieceBytes, frontier(written) - offset), offset);
					if (bytesRead === 0) {
						throw new EngineError('system', `${file} became shorter while it was read`, {code: 'ETRUNCATED'});
					}

					offset += bytesRead;
					yield buffers[turn]!.subarray(0, bytesRead);
				}
			} finally {
				fs.closeSync(reader);
			}
		},
	};
}

function openFiles(file: string): {readonly descriptor: number; readonly journal: number} {
	try {
		const descriptor = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW, 0o600);
		try {
			return {descriptor, journal: fs.openSync(journalOf(file), 'a', 0o600)};
		} catch (error) {
			fs.closeSync(descriptor);
			throw error;
		}
	} catch (error) {
		throw systemError(`creating ${file}`, error);
	}
}

/** A full disk, a wrong length, a refusal: not better the next time. Whatever breaks a connection may be. */
function mayPass(error: unknown): boolean {
	return !isEngineError(error) || error.kind === 'unavailable';
}

function brokenOff(error: unknown, subject: string): unknown {
	return isEngineError(error)
		? error
		: new EngineError('unavailable', `${subject}: the connection broke off (${error instanceof Error ? error.message : String(error)})`, {code: errorCode(error) ?? 'ECONNRESET', cause: error, hint: 'Try again: it goes on from there.'});
}

/** Ends a transfer that trickles: the connection's own time-out starts anew at every byte. */
function stallGuard(body: Readable, {subject, stallMs = 30_000}: FileDownloadOptions): {readonly count: (bytes: number) => void; readonly stalled: () => EngineError | undefined; readonly stop: () => void} {
	let came = 0;
	let stalled: EngineError | undefined;
	const timer = setInterval(() => {
		if (came < leastBytes) {
			stalled = new EngineError('unavailable', `${subject}: only ${came} bytes came in ${stallMs / 1000} s`, {code: 'ETIMEDOUT', hint: 'The connection or the registry is too slow: try again, it goes on from there.'});
			body.destroy(stalled);
		}

		came = 0;
	}, stallMs);
	return {
		count(bytes) {
			came += bytes;
		},
		stalled: () => stalled,
		stop() {
			clearInterval(timer);
		},
	};
}
