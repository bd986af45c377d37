/**
The event journal (engine/native/readme.md, Event journal): docker's event messages, one JSON line each, appended by every process that changes something, so that each
follower sees the changes made by all.
*/
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type {EventMessage, Filters} from './engine.js';
import {EngineError, errorCode, systemError} from './errors.js';

export type NewEvent = {
	readonly type: EventMessage['Type'];
	readonly action: string;
	readonly id: string;
	readonly attributes: Readonly<Record<string, string>>;
};

export type EventQuery = {
	/** Unix seconds, fractions allowed. Without it the stream begins now. */
	readonly since?: number;
	/** Unix seconds. The stream ends then; without it, when the signal fires. */
	readonly until?: number;
	readonly filters?: Filters;
	readonly signal?: AbortSignal;
};

export type EventJournal = {
	/** One write(2) with O_APPEND: lines of several processes never mix. Never throws: what happened has happened, a full disk must not undo it. */
	append(event: NewEvent): void;
	/** Events in the order they were written. Throws `invalidParameter` for an unknown filter before the first one. */
	read(query?: EventQuery): AsyncIterable<EventMessage>;
};

const maxJournalBytes = 8 * 1024 * 1024;

/** The journal in a file; one older generation is kept beside it as `FILE.1`. */
export function eventJournal(file: string): EventJournal {
	return {
		append(event) {
			try {
				appendEvent(file, event);
			} catch {}
		},
		read(query = {}) {
			const matches = eventFilter(query.filters ?? {});
			return readEvents(file, query, matches);
		},
	};
}

function appendEvent(file: string, {type, action, id, attributes}: NewEvent): void {
	const now = nanosecondsNow();
	const seconds = Number(now / 1_000_000_000n);
	const head = JSON.stringify({Type: type, Action: action, Actor: {ID: id, Attributes: attributes}, scope: 'local', time: seconds});
	const descriptor = fs.openSync(file, 'a', 0o600);
	try {
		fs.writeSync(descriptor, `${head.slice(0, -1)},"timeNano":${now}}\n`);
		const {size, ino} = fs.fstatSync(descriptor);
		if (size > maxJournalBytes) {
			rotate(file, ino);
		}
	} finally {
		fs.closeSync(descriptor);
	}
}

/** Since the epoch, rising. (`performance`, which counts them too, is a module of Node's that takes a millisecond to load.) */
function nanosecondsNow(): bigint {
	return clockStart + process.hrtime.bigint();
}

const clockStart = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/** Only the generation that was found too big is moved: another process may have been quicker. */
function rotate(file: string, inode: number): void {
	if (fs.statSync(file, {throwIfNoEntry: false})?.ino === inode) {
		fs.renameSync(file, `${file}.1`);
	}
}

async function* readEvents(file: string, query: EventQuery, matches: (event: EventMessage) => boolean): AsyncGenerator<EventMessage> {
	const from = query.since ?? Date.now() / 1000;
	const isWanted = (event: EventMessage) => query.since === undefined || event.timeNano / 1e9 >= from;
	const isOver = () => query.signal?.aborted === true || (query.until !== undefined && Date.now() / 1000 >= query.until);
	const isPastEnd = (event: EventMessage) => query.until !== undefined && event.timeNano / 1e9 > query.until;
	// Watching starts before the first read: nothing falls between.
	const bell = watchFile(file, query);
	const tail = tailOf(file, query.since === undefined);
	try {
		for (;;) {
			for (const event of tail.next()) {
				if (isPastEnd(event)) {
					return;
				}

				if (isWanted(event) && matches(event)) {
					yield event;
				}

				if (query.signal?.aborted) {
					return;
				}
			}

			if (isOver()) {
				return;
			}

			await bell.ring();
		}
	} finally {
		bell.close();
		tail.close();
	}
}

/** Reads lines as they are added, across a rotation. `fromEnd`: only what is added from now on. */
function tailOf(file: string, fromEnd: boolean): {next: () => Generator<EventMessage>; close: () => void} {
	let descriptor: number | undefined = open(file) ?? create(file);
	let position = fromEnd && descriptor !== undefined ? fs.fstatSync(descriptor).size : 0;
	let rest = '';
	const older: number[] = [];
	if (!fromEnd) {
		const previous = open(`${file}.1`);
		if (previous !== undefined && (descriptor === undefined || fs.fstatSync(previous).ino !== fs.fstatSync(descriptor).ino)) {
			older.push(previous);
		}
	}

	const drain = function* (from: number): Generator<EventMessage> {
		const buffer = Buffer.allocUnsafe(64 * 1024);
		for (;;) {
			const length = fs.readSync(from, buffer, 0, buffer.length, position);
			if (length === 0) {
				return;
			}

			position += length;
			const lines = (rest + buffer.toString('latin1', 0, length)).split('\n'); // latin1 keeps a character cut in two whole
			rest = lines.pop()!;
			for (const line of lines) {
				const event = parseEvent(Buffer.from(line, 'latin1').toString('utf8'));
				if (event !== undefined) {
					yield event;
				}
			}
		}
	};

	return {
		* next() {
			for (const previous of older.splice(0)) {
				yield* drain(previous);
				fs.closeSync(previous);
				position = 0;
				rest = '';
			}

			for (;;) {
				descriptor ??= open(file);
				if (descriptor === undefined) {
					return;
				}

				yield* drain(descriptor);
				const current = fs.statSync(file, {throwIfNoEntry: false});
				if (current === undefined || current.ino === fs.fstatSync(descriptor).ino) {
					return;
				}

				yield* drain(descriptor); // What was written between the end and the rotation
				fs.closeSync(descriptor);
				descriptor = undefined;
				position = 0;
				rest = '';
			}
		},
		close() {
			for (const open_ of [...older.splice(0), ...(descriptor === undefined ? [] : [descriptor])]) {
				fs.closeSync(open_);
			}

			descriptor = undefined;
		},
	};
}

/** Held open from the beginning, nothing is missed even when the journal is rotated at once. */
function create(file: string): number | undefined {
	try {
		fs.closeSync(fs.openSync(file, 'a', 0o600));
	} catch {} // Read-only: nobody writes to it either

	return open(file);
}

function open(file: string): number | undefined {
	try {
		return fs.openSync(file, 'r');
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return undefined;
		}

		throw systemError(`reading ${file}`, error);
	}
}

/** Rings when the file changes, the time is up or the signal fires. The folder is watched, as the file is renamed when it is full. */
function watchFile(file: string, {until, signal}: EventQuery): {ring: () => Promise<void>; close: () => void} {
	let wake: (() => void) | undefined;
	let isRung = false;
	const strike = () => {
		isRung = true;
		wake?.();
	};

	const name = path.basename(file);
	const watcher = fs.watch(path.dirname(file), (_event, changed) => {
		if (changed === name || changed === null) {
			strike();
		}
	});
	watcher.on('error', strike);
	const leftMs = until === undefined ? undefined : Math.max(0, until * 1000 - Date.now());
	const timer = leftMs === undefined ? undefined : setTimeout(strike, Math.min(leftMs, 2 ** 31 - 1));
	signal?.addEventListener('abort', strike);
	return {
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
			clearTimeout(timer);
			signal?.removeEventListener('abort', strike);
		},
	};
}

function parseEvent(line: string): EventMessage | undefined {
	try {
		const event = JSON.parse(line) as EventMessage;
		if (typeof event.Action !== 'string' || typeof event.Actor.ID !== 'string' || typeof event.timeNano !== 'number') {
			return undefined;
		}

		const [, timeNanoText] = nanosecondsPattern.exec(line) ?? [];
		return timeNanoText === undefined ? event : Object.defineProperty(event, 'timeNanoText', {value: timeNanoText});
	} catch {
		return undefined; // A line cut short by a full disk
	}
}

/** Quotes within texts are escaped, so it is the member that is found. */
const nanosecondsPattern = /"timeNano":(\d+)/;

/** The event as docker's JSON, the time with all its digits. */
export function eventJson(event: EventMessage): string {
	const text = JSON.stringify(event);
	return event.timeNanoText === undefined ? text : text.replace(nanosecondsPattern, `"timeNano":${event.timeNanoText}`);
}

type Matcher = (event: EventMessage, wanted: string) => boolean;

const startsWith = (value: string | undefined, wanted: string) => value !== undefined && (value === wanted || value.startsWith(wanted));
const isObject = (type: EventMessage['Type']): Matcher => (event, wanted) =>
	event.Type === type && (startsWith(event.Actor.ID, wanted) || event.Actor.Attributes['name'] === wanted.replace(/^\//, ''));

/** moby daemon/events/filter.go */
const matchers: Readonly<Record<string, Matcher>> = {
	type: (event, wanted) => event.Type === wanted,
	event: (event, wanted) => event.Action === wanted || event.Action.startsWith(`${wanted}:`),
	container: isObject('container'),
	volume: isObject('volume'),
	network: isObject('network'),
	daemon: isObject('daemon'),
	image: (event, wanted) => (event.Type === 'image' ? [event.Actor.ID, event.Actor.Attributes['name']] : [event.Actor.Attributes['image']])
		.some(image => image === wanted || image?.split(':', 1)[0] === wanted || (event.Type === 'image' && startsWith(image?.replace(/^sha256:/, ''), wanted.replace(/^sha256:/, '')))),
	label: (event, wanted) => matchesLabel(event.Actor.Attributes, wanted),
	scope: (event, wanted) => event.scope === wanted,
};

/** All keys must match, any value of a key is enough; of labels all. Throws `invalidParameter`. */
export function eventFilter(filters: Filters): (event: EventMessage) => boolean {
	for (const key of Object.keys(filters)) {
		if (!Object.hasOwn(matchers, key)) {
			throw new EngineError('invalidParameter', `invalid filter '${key}'`);
		}
	}

	const entries = Object.entries(filters).filter(([, values]) => values.length > 0);
	return event => entries.every(([key, values]) => {
		const matches = (wanted: string) => matchers[key]!(event, wanted);
		return key === 'label' ? values.every(value => matches(value)) : values.some(value => matches(value));
	});
}

/** `key` or `key=value`. */
export function matchesLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
	const equals = wanted.indexOf('=');
	return equals === -1 ? Object.hasOwn(labels, wanted) : Object.hasOwn(labels, wanted.slice(0, equals)) && labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}
