/**
Starting containers.
*/
import path from 'node:path';
import {EngineError, isEngineError} from '../errors.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import {nativeLock} from '../store/native-lock.js';
import {requireNative, type ContainerContext} from './container-context.js';
import {containerPlaces, findContainer, noSuchContainer} from './container-store.js';
import {checkStartable} from './container-state.js';
import type {ContainerRecord} from './container.js';
import {settleExit} from './exit.js';
import {asStartFailure, launch} from './launch.js';
import {readLeaving} from './leaving.js';
import {readState} from './read-state.js';
import {killAndWait, removeContainer} from './remove.js';

const lockTimeoutMs = 15_000;

/**
Starts it; false when it was running already. Of several processes starting one container at once, one starts it and the others get false. Throws `conflict` for a
paused one or one that is being removed; an error with exit code 126, 127 or 128 when its program can't be run.
*/
export async function startContainer(context: ContainerContext, unsafeName: string): Promise<boolean> {
	const record = findContainer(context.store, unsafeName);
	try {
		return await start(context, record);
	} catch (error) {
		// One that removes itself has nothing to wait for any more (moby daemon/start.go).
		if (record.hostConfig.AutoRemove && isEngineError(error) && error.exitCode !== undefined) {
			await removeContainer(context, record.id, {force: true, volumes: true}).catch(() => {});
		}

		throw error;
	}
}

async function start(context: ContainerContext, record: ContainerRecord): Promise<boolean> {
	const {id} = record;
	context.unstarted.delete(id);
	const prepared = context.prepared.get(id);
	if (prepared !== undefined) {
		context.prepared.delete(id);
		return release(context, record, async () => prepared.start());
	}

	if (checkStartable(readState(context.store, id), id) === false) {
		return false;
	}

	if (await launch(context, record, {command: 'run'})) {
		await refuseIfLeaving(context, record);
		watchForRemoval(context, record);
		return true;
	}

	// Another process has its monitor: it is running by now, or built and waiting for us.
	if (checkStartable(readState(context.store, id), id) === false) {
		return false;
	}

	const connection = await connectMonitor(containerPlaces(context.store, id).socket);
	if (connection === undefined) {
		await waitForOldMonitor(context, record);
		return start(context, findContainer(context.store, id));
	}

	try {
		return await release(context, record, async () => connection.start());
	} finally {
		connection.close();
	}
}

/** A monitor holds its lock for a moment after it has told the exit. */
async function waitForOldMonitor(context: ContainerContext, record: ContainerRecord): Promise<void> {
	const lock = path.join(containerPlaces(context.store, record.id).folder, 'monitor.lock');
	const release = await nativeLock(requireNative(context))(lock, {waitMs: lockTimeoutMs});
	await release();
}

/** Sends the start command to a container that waits for it; false when somebody else did. */
async function release(context: ContainerContext, record: ContainerRecord, start: () => Promise<void>): Promise<boolean> {
	try {
		await start();
	} catch (error) {
		if (isEngineError(error, 'conflict') && error.exitCode === undefined) {
			return false;
		}

		if (isEngineError(error) && error.code === 'monitorGone') {
			findContainer(context.store, record.id);
			return false; // Somebody else has started it, and it has ended or was ended
		}

		throw asStartFailure(error);
	}

	await refuseIfLeaving(context, record);
	return true;
}

/** A removal that began while it was being started wins: what was started is ended again. One that has ended already may be gone for that reason. */
async function refuseIfLeaving(context: ContainerContext, record: ContainerRecord): Promise<void> {
	if (readLeaving(context.store, record.id)?.phase !== 'now' && isThere(context, record)) {
		return;
	}

	if (!context.removals.has(record.id) && (await killAndWait(containerPlaces(context.store, record.id).socket))) {
		throw isThere(context, record) ? new EngineError('conflict', 'container is marked for removal and cannot be started') : noSuchContainer(record.name);
	}
}

function isThere(context: ContainerContext, record: ContainerRecord): boolean {
	try {
		return findContainer(context.store, record.id).id === record.id;
	} catch {
		return false;
	}
}

/** As long as this process lives, it removes the `--rm` containers it has started when they end. It does not stay alive for that. */
function watchForRemoval(context: ContainerContext, record: ContainerRecord): void {
	if (!record.hostConfig.AutoRemove) {
		return;
	}

	const watch = async () => {
		const connection = await connectMonitor(containerPlaces(context.store, record.id).socket);
		if (connection !== undefined) {
			connection.unref();
			context.watches.add(connection);
			await connection.wait();
			await connection.exit;
			if (!context.watches.delete(connection)) {
				return; // Closed with the engine
			}
		}

		await settleExit(context, record);
	};

	watch().catch(() => {}); // Whoever comes next tries again
}
