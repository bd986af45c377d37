/**
Reading a rotated log: FILE is the newest generation, then FILE.1, FILE.2 and so on.
*/
import fs from 'node:fs';
import path from 'node:path';
import {errorCode, systemError} from '../errors.js';
import {listIfThere} from '../files/atomic-file.js';
import {logDecoder, type LogFilter, type LogPiece} from './log-decoder.js';

export type LogQuery = LogFilter & {
	/** Only the last so many lines, before any other filter. */
	readonly tail?: number;
	/** Where to stop: a position in a generation, by its inode. */
	readonly endAt?: LogPosition;
	/** Goes on with what is added, until `follow.until` settles. */
	readonly follow?: {readonly until: Promise<unknown>};
	readonly signal?: AbortSignal;
};

export type LogPosition = {readonly inode: number; readonly offset: number};

/** `size` is that of the moment it was opened. */
type Generation = {readonly descriptor: number; readonly inode: number; readonly size: number; position: number};

const readBytes = 1024 * 1024;

/** The end of the newest generation. */
export function logEnd(file: string): LogPosition {
	const stat = fs.statSync(file, {throwIfNoEntry: false});
	return {inode: stat?.ino ?? 0, offset: stat?.size ?? 0};
}

/** The log's output, oldest first, in pieces of many lines. Ends quietly when the signal fires. Throws `system` when it can't be read. */
export async function* readLogFile(file: string, query: LogQuery): AsyncGenerator<LogPiece> {
	// Watching starts before the first look: nothing falls between.
	const bell = query.follow === undefined ? undefined : watchLog(file, query.follow.until, query.signal);
	let generations = openGenerations(file);
	const decoder = logDecoder(query);
	const readPiece = lineReader(decoder);
	// Who does not follow gets what was there when they asked: a log that is written faster than it is read would never end.
	const newest = generations.at(-1);
	const endAt = query.endAt ?? (bell === undefined && newest !== undefined ? {inode: newest.inode, offset: newest.size} : undefined);
	const isDone = () => query.signal?.aborted === true || decoder.isPastEnd;
	try {
		if (query.tail !== undefined) {
			skipToTail(generations, query.tail);
		}

		for (;;) {
			const isLastRound = bell === undefined || bell.isOver();
			for (const generation of generations) {
				while (!isDone() && readPiece(generation, endAt)) {
					yield* decoder.take();
				}
			}

			yield* decoder.take();
			if (isDone()) {
				return;
			}

			// Rotated meanwhile: the newer ones follow. Only who follows cares.
			const newer = bell === undefined ? [] : newerGenerations(file, generations.at(-1));
			if (newer.length === 0 && isLastRound) {
				return;
			}

			generations.slice(0, -1).forEach(({descriptor}) => {
				fs.closeSync(descriptor);
			});
			generations = [...generations.slice(-1), ...newer];
			if (newer.length === 0) {
				await bell!.ring();
			}
		}
	} finally {
		bell?.close();
		for (const {descriptor} of generations) {
			fs.closeSync(descriptor);
		}
	}
}

/** Reads a piece and decodes its whole lines; false at the end. What is left of a line is read again with the next piece. */
function lineReader(decoder: ReturnType<typeof logDecoder>): (generation: Generation, endAt: LogPosition | undefined) => boolean {
	let buffer = Buffer.allocUnsafe(readBytes);
	return (generation, endAt) => {
		const limit = endAt?.inode === generation.inode ? Math.min(buffer.length, endAt.offset - generation.position) : buffer.length;
		const length = limit <= 0 ? 0 : fs.readSync(generation.descriptor, buffer, 0, limit, generation.position);
		if (length === 0) {
			return false;
		}

		const used = decoder.decode(buffer.subarray(0, length));
		generation.position += used;
		if (used === 0) {
			if (length < buffer.length) {
				return false; // Half a line: the rest is being written
			}

			buffer = Buffer.allocUnsafe(buffer.length * 2);
		}

		return true;
	};
}

/** Oldest first. A rotation in between may show a file twice: it is taken once. */
function openGenerations(file: string): Generation[] {
	const name = path.basename(file);
	const numbers = listIfThere(path.dirname(file))
		.map(entry => (entry === name ? 0 : Number(entry.startsWith(`${name}.`) ? entry.slice(name.length + 1) : Number.NaN)))
		.filter(number => Number.isInteger(number))
		.sort((a, b) => b - a);
	const found: Generation[] = [];
	for (const number of numbers) {
		const generation = open(number === 0 ? file : `${file}.${number}`);
		if (generation === undefined) {
			continue;
		}

		if (found.some(({inode}) => inode === generation.inode)) {
			fs.closeSync(generation.descriptor);
		} else {
			found.push(generation);
		}
	}

	return found;
}

function newerGenerations(file: string, current: Generation | undefined): Generation[] {
	if (fs.statSync(file, {throwIfNoEntry: false})?.ino === current?.inode) {
		return [];
	}

	const all = openGenerations(file);
	const index = all.findIndex(({inode}) => inode === current?.inode);
	all.slice(0, index + 1).forEach(({descriptor}) => {
		fs.closeSync(descriptor);
	});
	return all.slice(index + 1);
}

/** Goes back from the end over so many newlines. */
function skipToTail(generations: Generation[], lines: number): void {
	let left = lines;
	const block = Buffer.allocUnsafe(64 * 1024);
	for (const generation of [...generations].reverse()) {
		const {size} = generation;
		if (left <= 0) {
			generation.position = size;
			continue;
		}

		let end = size;
		let isAtEnd = true;
		while (end > 0 && left > 0) {
			const from = Math.max(0, end - block.length);
			const length = fs.readSync(generation.descriptor, block, 0, end - from, from);
			let search = isAtEnd ? length - 2 : length - 1; // The last newline ends the last line
			isAtEnd = false;
			while (left > 0 && search >= 0) {
				const found = block.lastIndexOf(0x0A, search);
				if (found === -1) {
					break;
				}

				left--;
				search = found - 1;
				if (left === 0) {
					generation.position = from + found + 1;
				}
			}

			end = from;
		}

		if (left > 0 && size > 0) {
			left--; // Its first line has no newline before it
		}
	}
}

function watchLog(file: string, until: Promise<unknown>, signal: AbortSignal | undefined): {ring: () => Promise<void>; isOver: () => boolean; close: () => void} {
	let wake: (() => void) | undefined;
	let isRung = false;
	let isOver = false;
	const strike = () => {
		isRung = true;
		wake?.();
	};

	const watcher = fs.watch(path.dirname(file), strike);
	watcher.on('error', strike);
	signal?.addEventListener('abort', strike);
	const finish = () => {
		isOver = true;
		strike();
	};

	until.then(finish, finish);
	return {
		isOver: () => isOver,
		async ring() {
			if (!isRung) {
				await new Promise<void>(resolve => {
					wake = resolve;
				});
			}

			isRung = false;
			wake = undefined;
		},
		close() {
			watcher.close();
			signal?.removeEventListener('abort', strike);
		},
	};
}

function open(file: string): Generation | undefined {
	try {
		const descriptor = fs.openSync(file, 'r');
		const {ino, size} = fs.fstatSync(descriptor);
		return {descriptor, inode: ino, size, position: 0};
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return undefined;
		}

		throw systemError(`reading the log ${file}`, error);
	}
}
