/**
Waiting for a container's end.
*/
import fs from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {EngineError} from '../errors.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import type {ContainerContext} from './container-context.js';
import {isActive, type ContainerState} from './container-state.js';
import {containerPlaces, findContainer} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {settleExit} from './exit.js';
import {readState} from './read-state.js';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';
export type ExitStatus = {readonly exitCode: number; readonly error?: string};

/**
Resolves with how it ended: at once when it is not running (`not-running`), after its next end (`next-exit`), once it is gone (`removed`). A `--rm` container is removed by
whoever waits for it. Rejects with the signal's reason when that fires.
*/
export async function waitContainer(context: ContainerContext, unsafeName: string, options: {readonly condition?: WaitCondition; readonly signal?: AbortSignal} = {}): Promise<ExitStatus> {
	const record = findContainer(context.store, unsafeName);
	const condition = options.condition ?? 'not-running';
	if (!['not-running', 'next-exit', 'removed'].includes(condition)) {
		throw new EngineError('invalidParameter', `invalid condition: "${condition}"`);
	}

	let state = readState(context.store, record.id);
	const firstRun = runOf(state);
	if (condition === 'next-exit') {
		while (!isActive(state) && runOf(state) === firstRun) {
			if (!(await nextChange(context, record, firstRun, options.signal))) {
				return exitStatus(state); // Removed without ever being started
			}

			state = readState(context.store, record.id);
		}
	}

	const status = isActive(state) ? await waitForEnd(context, record, options.signal) : exitStatus(state);
	if (condition === 'removed') {
		await settleExit(context, record);
		await removed(context, record, options.signal);
	} else {
		settleExit(context, record).catch(() => {}); // `close` waits for it
	}

	return status;
}

const goingMs = 10;

async function waitForEnd(context: ContainerContext, record: ContainerRecord, signal: AbortSignal | undefined): Promise<ExitStatus> {
	for (;;) {
		const connection = await connectMonitor(containerPlaces(context.store, record.id).socket);
		if (connection !== undefined) {
			const cancel = () => {
				connection.close();
			};

			signal?.addEventListener('abort', cancel, {once: true});
			try {
				signal?.throwIfAborted(); // While it was connecting
				connection.wait().catch(() => {});
				const exit = await connection.exit;
				signal?.throwIfAborted();
				if (exit !== undefined) {
					return {exitCode: exit.exitCode};
				}
			} finally {
				signal?.removeEventListener('abort', cancel);
				connection.close();
			}
		}

		const state = readState(context.store, record.id);
		if (!isActive(state)) {
			return exitStatus(state);
		}

		signal?.throwIfAborted();
		await delay(goingMs); // Its monitor is just going, or can't be reached
	}
}

/** What tells one run from the next. */
function runOf(state: ContainerState): string {
	return 'startedAt' in state ? state.startedAt : (state.status === 'created' ? JSON.stringify(state.failure ?? null) : state.status);
}

/** Docker's answer for one that is not running: how it ended last, 0 if it never ran. */
export function exitStatus(state: ContainerState): ExitStatus {
	switch (state.status) {
		case 'exited':
		case 'restarting': {
			return {exitCode: state.exitCode, ...(state.error === '' ? {} : {error: state.error})};
		}

		case 'created': {
			return state.failure === undefined ? {exitCode: 0} : {exitCode: state.failure.exitCode, error: state.failure.error};
		}

		case 'removing':
		case 'dead': {
			return exitStatus(state.was);
		}

		case 'running':
		case 'paused': {
			return {exitCode: 0};
		}
	}
}

/** Resolves when its run has changed: true; false when it is gone. */
async function nextChange(context: ContainerContext, record: ContainerRecord, run: string, signal: AbortSignal | undefined): Promise<boolean> {
	return watchFolder(containerPlaces(context.store, record.id).folder, signal, isThere => {
		if (!isThere) {
			return false;
		}

		const state = readState(context.store, record.id);
		return isActive(state) || runOf(state) !== run ? true : undefined;
	});
}

async function removed(context: ContainerContext, record: ContainerRecord, signal: AbortSignal | undefined): Promise<void> {
	await watchFolder(containerPlaces(context.store, record.id).folder, signal, isThere => (isThere ? undefined : true));
}

/** Asks after each change in a folder, and once before, until there is an answer. A folder that was moved away counts as not there. */
async function watchFolder<T>(folder: string, signal: AbortSignal | undefined, ask: (isThere: boolean) => T | undefined): Promise<T> {
	return new Promise((resolve, reject) => {
		let watcher: fs.FSWatcher | undefined;
		const finish = (settle: () => void) => {
			watcher?.close();
			signal?.removeEventListener('abort', check);
			settle();
		};

		const check = () => {
			try {
				signal?.throwIfAborted();
				const answer = ask(fs.existsSync(folder));
				if (answer !== undefined) {
					finish(() => {
						resolve(answer);
					});
				}
			} catch (error) {
				finish(() => {
					// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- The signal's owner says what its reason is
					reject(error);
				});
			}
		};

		try {
			watcher = fs.watch(folder, check);
			watcher.on('error', check);
		} catch {} // Gone already: the check below says so

		signal?.addEventListener('abort', check);
		check();
	});
}
