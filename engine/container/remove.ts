/**
Removing a container: mark, kill, rename into trash/, give the name back. What is left to delete is deleted by a process of its own.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, isEngineError} from '../errors.js';
import {listIfThere, removeIfThere} from '../files/atomic-file.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import {runNative} from '../runtime/native-program.js';
import {sigkill} from '../runtime/signals.js';
import {isMonitorAlive, readBootId, readRuntimeStatus} from '../runtime/status-file.js';
import {nameOwner} from '../store/record-store.js';
import {keepReserve, useReserve} from '../store/reserve.js';
import {condemn, deleteInBackground} from '../store/trash.js';
import {removeContainerCgroups} from './container-cgroups.js';
import {tellEvent, type ContainerContext} from './container-context.js';
import {isContainerName} from './container-name.js';
import {checkRemovable, isActive} from './container-state.js';
import {containerPlaces, dropName, noSuchContainer, readRecord, resolveContainer} from './container-store.js';
import type {ContainerId, ContainerRecord} from './container.js';
import {isBeingRemovedElsewhere, markLeaving, readLeaving, unmarkLeaving} from './leaving.js';
import {killStranded} from './reach-monitor.js';
import {readState} from './read-state.js';

export type RemoveOptions = {
	/** Kills it first when it runs. */
	readonly force?: boolean;
	/** Removes its anonymous volumes too. */
	readonly volumes?: boolean;
	/** Nobody was told that it exists. */
	readonly isSilent?: boolean;
};

/** How long a killed process may take to end. */
const killTimeoutMs = 10_000;

/**
Removes it. When it resolves, the container and its name are gone; its files follow in the background. Throws `conflict` for a running one without force and when another
process removes it, `system` when it can't be removed (it is `dead` then; another try may work).
*/
export async function removeContainer(context: ContainerContext, unsafeName: string, options: RemoveOptions = {}): Promise<void> {
	const id = resolveContainer(context.store, unsafeName);
	if (context.removals.has(id) || isBeingRemovedElsewhere(readLeaving(context.store, id))) {
		throw new EngineError('conflict', `removal of container ${unsafeName} is already in progress`);
	}

	const removal = remove(context, id, unsafeName, options);
	context.removals.set(id, removal);
	try {
		await removal;
	} finally {
		context.removals.delete(id);
	}
}

async function remove(context: ContainerContext, id: ContainerId, unsafeName: string, options: RemoveOptions): Promise<void> {
	const {store} = context;
	const record = readIfWhole(context, id, options.force === true);
	const before = readLeaving(store, id);
	if (options.force !== true) {
		checkRemovable(readState(store, id), unsafeName);
	}

	const removesVolumes = options.volumes === true || before?.removesVolumes === true;
	useReserve(store.layout);
	markLeaving(store, id, {phase: 'now', removesVolumes});
	try {
		if (options.force !== true && isActive(readState(store, id))) {
			restoreMark(context, id, before); // Started between the look and the mark
			checkRemovable(readState(store, id), unsafeName);
		}

		await endProcesses(context, id, record);
		discard(context, id, record, removesVolumes);
		keepReserve(store.layout);
	} catch (error) {
		if (!isEngineError(error, 'conflict')) {
			markLeaving(store, id, {phase: 'failed', removesVolumes, error: (error as Error).message});
		}

		throw error;
	}

	if (record !== undefined && options.isSilent !== true) {
		tellEvent(context, record, 'destroy');
	}
}

/** A damaged record can be removed, but only by force: nobody knows what it was. */
function readIfWhole(context: ContainerContext, id: ContainerId, force: boolean): ContainerRecord | undefined {
	try {
		const record = readRecord(context.store, id);
		if (record === undefined && !force) {
			throw noSuchContainer(id);
		}

		return record;
	} catch (error) {
		if (force && isEngineError(error) && error.code === 'EDAMAGED') {
			return undefined;
		}

		throw error;
	}
}

function restoreMark(context: ContainerContext, id: ContainerId, before: ReturnType<typeof readLeaving>): void {
	if (before?.phase === 'whenStopped') {
		markLeaving(context.store, id, before);
	} else {
		unmarkLeaving(context.store, id);
	}
}

/** Ends what runs, and a monitor that waits for a start that will not come. */
async function endProcesses(context: ContainerContext, id: ContainerId, record: ContainerRecord | undefined): Promise<void> {
	const places = containerPlaces(context.store, id);
	const status = readRuntimeStatus(places.status);
	if (status === undefined || status.status === 'exited' || !isMonitorAlive(status, readBootId())) {
		return;
	}

	context.prepared.get(id)?.close();
	context.prepared.delete(id);
	if (status.status !== 'created' && record !== undefined) {
		tellEvent(context, record, 'kill', {signal: String(sigkill)});
	}

	if (!(await killAndWait(places.socket)) && !(await killStranded(context, id)) && context.store.native !== undefined) {
		await runNative(context.store.native, 'delete', ['--state', places.folder, '--socket', places.socket, '--force']);
	}
}

/** Kills what a monitor holds, started or not; false when there is no monitor or it does not answer. */
export async function killAndWait(socket: string): Promise<boolean> {
	const connection = await connectMonitor(socket);
	if (connection === undefined) {
		return false;
	}

	let timer: NodeJS.Timeout | undefined;
	try {
		connection.wait().catch(() => {});
		connection.signal(sigkill).catch(() => {});
		const timeout = new Promise<false>(resolve => {
			timer = setTimeout(resolve, killTimeoutMs, false);
		});
		return await Promise.race([connection.exit.then(() => true), timeout]);
	} finally {
		clearTimeout(timer);
		connection.close();
	}
}

function discard(context: ContainerContext, id: ContainerId, record: ContainerRecord | undefined, removesVolumes: boolean): void {
	const {store} = context;
	const places = containerPlaces(store, id);
	removeContainerCgroups(store, id);
	const volumes = removesVolumes ? (record?.mounts ?? []).filter(mount => mount.isAnonymous === true).map(mount => mount.name!) : [];
	context.volumes.removeOf(volumes, id); // Before its record goes, which says that they are its own
	const grave = condemn(store, places.folder);
	// From the grave: no session can be made for it any more.
	const execs = grave === undefined ? [] : listIfThere(path.join(grave, 'execs')).filter(name => /^[\da-f]{64}$/.test(name));
	const others = execs.map(exec => condemn(store, store.layout.exec(exec)));
	for (const name of record === undefined ? namesOf(context, id) : new Set([record.name, nameInGrave(grave) ?? record.name])) {
		dropName(store, name, id);
	}

	unmarkLeaving(store, id);
	removeIfThere(places.socket);
	deleteInBackground(store, [grave, ...others].filter(place => place !== undefined));
}

/** A rename at the same time may have given it another name before it was taken away. */
function nameInGrave(grave: string | undefined): string | undefined {
	try {
		const {name} = JSON.parse(fs.readFileSync(path.join(grave ?? '', 'config.json'), 'utf8')) as {readonly name?: unknown};
		return typeof name === 'string' && isContainerName(name) ? name : undefined;
	} catch {
		return undefined;
	}
}

function namesOf(context: ContainerContext, id: ContainerId): string[] {
	return fs.readdirSync(context.store.layout.names).filter(name => nameOwner(context.store.layout.names, name) === id);
}
