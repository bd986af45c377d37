/**
A lock on a path that goes with its holder. The kernel's flock is taken by a program given from outside (Node has no flock); without one, an exclusively
created file naming its holder stands in, and is taken over once that holder is surely gone.
*/
import fs from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {EngineError, errorCode, systemError} from '../errors.js';
import {removeIfThere} from './atomic-file.js';
import {formatIdentity, ownIdentity, parseIdentity, processState} from './process-identity.js';

/** Takes the kernel's lock on a path; the result releases it. */
export type LockTaker = (file: string, options: {readonly waitMs: number}) => Promise<() => Promise<void>>;

export type LockOptions = {
	/** Undefined: the fallback. All users of one path must agree. */
	readonly take?: LockTaker | undefined;
	readonly waitMs?: number; // default 2 minutes
};

const defaultWaitMs = 120_000;

/** Runs the work while holding the lock. Throws `conflict` (code `locked`) when it can't be had in time. */
export async function withLock<T>(file: string, options: LockOptions, work: () => T | Promise<T>): Promise<T> {
	const waitMs = options.waitMs ?? defaultWaitMs;
	const release = await (options.take === undefined ? createExclusively(`${file}.owner`, waitMs) : options.take(file, {waitMs}));
	try {
		return await work();
	} finally {
		await release();
	}
}

async function createExclusively(file: string, waitMs: number): Promise<() => Promise<void>> {
	const deadline = Date.now() + waitMs;
	const mine = formatIdentity(ownIdentity());
	for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 100)) {
		if (tryCreate(file, mine)) {
			return async () => {
				removeIfThere(file);
			};
		}

		dropStale(file);
		if (Date.now() >= deadline) {
			throw new EngineError('conflict', `${file} is held by another process`, {code: 'locked', hint: 'Wait until the other tug command is done.'});
		}

		await delay(pauseMs);
	}
}

/** Links a finished file into place, so that the lock is never seen without its holder's name. */
function tryCreate(file: string, content: string): boolean {
	const temporary = `${file}.${content}`;
	try {
		fs.writeFileSync(temporary, content, {mode: 0o600});
		fs.linkSync(temporary, file);
		return true;
	} catch (error) {
		if (errorCode(error) === 'EEXIST') {
			return false;
		}

		throw systemError(`locking ${file}`, error);
	} finally {
		removeIfThere(temporary);
	}
}

/** Renaming first makes sure that only one process takes a dead holder's lock away, and that it is that lock. */
function dropStale(file: string): void {
	try {
		const content = fs.readFileSync(file, 'utf8');
		const holder = parseIdentity(content);
		if (holder === undefined || processState(holder) !== 'gone') {
			return;
		}

		const aside = `${file}.stale.${formatIdentity(ownIdentity())}`;
		fs.renameSync(file, aside);
		if (fs.readFileSync(aside, 'utf8') !== content) {
			fs.linkSync(aside, file); // Somebody else was quicker and holds it now: give it back.
		}

		removeIfThere(aside);
	} catch (error) {
		if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') {
			throw systemError(`locking ${file}`, error);
		}
	}
}
