/**
What state a container is in: the monitor's record, compared with the processes that are there, and the marks of removal.
*/
import fs from 'node:fs';
import {readIfThere} from '../files/atomic-file.js';
import {isMonitorAlive, readBootId, readRuntimeStatus, type RuntimeStatus} from '../runtime/status-file.js';
import type {Store} from '../store/open-store.js';
import type {ContainerId} from './container.js';
import {containerPlaces} from './container-store.js';
import {exited, newContainer, paused, removalFailed, removing, started, type ContainerState, type Exited, type Paused, type Running} from './container-state.js';
import {readLeaving, type Leaving} from './leaving.js';

/** Reads the state. Never throws for what a crash left. */
export function readState(store: Store, id: ContainerId, bootId: () => string = readBootId): ContainerState {
	const places = containerPlaces(store, id);
	const status = readRuntimeStatus(places.status);
	const isLost = status !== undefined && (status.status === 'running' || status.status === 'paused') && !isMonitorAlive(status, bootId());
	return stateOf(status, isLost ? recordLoss(places.lost, status) : undefined, readLeaving(store, id));
}

export const lostExitCode = 137;
const lostError = 'the monitor of the container ended before it';

/** Pure: `lostAt` is set when the record says running but its monitor is gone. */
export function stateOf(status: RuntimeStatus | undefined, lostAt: string | undefined, leaving: Leaving | undefined): ContainerState {
	const state = runtimeState(status, lostAt);
	if (leaving === undefined || leaving.phase === 'whenStopped' || state.status === 'running' || state.status === 'paused') {
		return state;
	}

	return leaving.phase === 'now' ? removing(state) : removalFailed(removing(state), leaving.error ?? '');
}

function runtimeState(status: RuntimeStatus | undefined, lostAt: string | undefined): Running | Paused | Exited | typeof newContainer {
	if (status === undefined) {
		return newContainer;
	}

	if (status.status === 'created') {
		const failure = {exitCode: status.exitCode, error: status.error};
		return failure.exitCode === 0 && failure.error === '' ? newContainer : {status: 'created', failure};
	}

	const running = started(newContainer, {pid: status.pid, startTicks: status.startTicks}, status.startedAt);
	if (lostAt !== undefined) {
		return exited(running, {exitCode: lostExitCode, oomKilled: false, error: lostError, finishedAt: lostAt});
	}

	switch (status.status) {
		case 'running': {
			return running;
		}

		case 'paused': {
			return paused(running);
		}

		case 'exited': {
			return exited(running, {exitCode: status.exitCode, oomKilled: status.oomKilled, error: status.error, finishedAt: status.finishedAt});
		}
	}
}

/**
When a container was found lost. It is kept beside the monitor's record, never written into it: a monitor started meanwhile must not lose its own. The note names the
run it is about, so one of an earlier run does not count.
*/
export function recordLoss(file: string, status: RuntimeStatus): string {
	const run = `${status.monitorPid}-${status.monitorStartTicks}-${status.bootId}`;
	const known = parseLoss(readIfThere(file));
	if (known?.run === run) {
		return known.finishedAt;
	}

	const finishedAt = new Date().toISOString();
	try {
		const temporary = `${file}.${process.pid}`;
		fs.writeFileSync(temporary, JSON.stringify({run, finishedAt}), {mode: 0o600});
		fs.renameSync(temporary, file);
	} catch {} // A read-only store: found again next time

	return finishedAt;
}

function parseLoss(bytes: Buffer | undefined): {readonly run: string; readonly finishedAt: string} | undefined {
	try {
		return bytes === undefined ? undefined : (JSON.parse(bytes.toString('utf8')) as {run: string; finishedAt: string});
	} catch {
		return undefined;
	}
}
