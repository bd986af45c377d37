/**
The way to the monitor of a container that runs, and what is to be said and done when its socket has gone while it lives: /run/user/UID is removed when a user's last
session ends (pam_systemd(8)), and XDG_RUNTIME_DIR or TUG_RUN may be another one than when the container was started.
*/
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {EngineError} from '../errors.js';
import {connectMonitor, type MonitorConnection} from '../runtime/monitor-client.js';
import {isMonitorAlive, readBootId, readRuntimeStatus, type RuntimeStatus} from '../runtime/status-file.js';
import type {ContainerContext} from './container-context.js';
import {containerPlaces} from './container-store.js';
import type {ContainerId} from './container.js';

const endMs = 10_000;
const pollMs = 10;
const graceMs = 100;

/** A connection; undefined when it has ended meanwhile. Throws `unavailable` (code `monitorUnreachable`) when it runs and nothing listens. */
export async function reachMonitor(context: ContainerContext, id: ContainerId): Promise<MonitorConnection | undefined> {
	const {socket} = containerPlaces(context.store, id);
	for (let attempt = 0; attempt < 2; attempt++) {
		const connection = await connectMonitor(socket);
		if (connection !== undefined || !isStranded(context, id)) {
			return connection;
		}

		await delay(graceMs); // It may have been just about to listen
	}

	throw new EngineError('unavailable', `container ${id} runs, but its monitor can't be reached: ${socket} is not there`, {
		code: 'monitorUnreachable',
		hint: `${path.dirname(socket)} may have been removed at a logout (loginctl enable-linger keeps it), or XDG_RUNTIME_DIR or TUG_RUN was another one when it was started. tug kill and tug rm -f end it.`,
	});
}

/** Kills a container whose monitor can't be reached, by killing the monitor: the kernel takes its first process with it. False when there is no such monitor. */
export async function killStranded(context: ContainerContext, id: ContainerId): Promise<boolean> {
	const status = livingMonitor(context, id);
	if (status === undefined) {
		return false;
	}

	process.kill(status.monitorPid, 'SIGKILL');
	const bootId = readBootId();
	for (const endAt = performance.now() + endMs; isMonitorAlive(status, bootId) && performance.now() < endAt;) {
		await delay(pollMs);
	}

	return true;
}

function isStranded(context: ContainerContext, id: ContainerId): boolean {
	const status = livingMonitor(context, id);
	return status !== undefined && status.status !== 'created';
}

/** The record of a monitor that lives and has not told an end. */
function livingMonitor(context: ContainerContext, id: ContainerId): RuntimeStatus | undefined {
	const status = readRuntimeStatus(containerPlaces(context.store, id).status);
	return status !== undefined && status.status !== 'exited' && isMonitorAlive(status, readBootId()) ? status : undefined;
}
