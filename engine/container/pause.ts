/**
Freezing and thawing all processes of a container.
*/
import {frameType} from '../runtime/monitor-protocol.js';
import type {ContainerContext} from './container-context.js';
import {checkPausable, checkPaused, notRunning} from './container-state.js';
import {findContainer} from './container-store.js';
import type {ContainerId} from './container.js';
import {reachMonitor} from './reach-monitor.js';
import {readState} from './read-state.js';

/** Throws `conflict` when it is not running or paused already. The monitor tells the event. */
export async function pauseContainer(context: ContainerContext, unsafeName: string): Promise<void> {
	const {id} = findContainer(context.store, unsafeName);
	checkPausable(readState(context.store, id), id);
	await commandMonitor(context, id, frameType.pause);
}

/** Throws `system` when it is not paused, as docker does. */
export async function unpauseContainer(context: ContainerContext, unsafeName: string): Promise<void> {
	const {id} = findContainer(context.store, unsafeName);
	checkPaused(readState(context.store, id), id);
	await commandMonitor(context, id, frameType.unpause);
}

/** One command to the monitor of a running container, and its reply. Throws `conflict` when it is not running. */
export async function commandMonitor(context: ContainerContext, id: ContainerId, type: number, payload?: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
	const connection = await reachMonitor(context, id);
	if (connection === undefined) {
		throw notRunning(id);
	}

	try {
		return await connection.command(type, payload);
	} finally {
		connection.close();
	}
}
