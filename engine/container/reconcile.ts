/**
What processes that died have left to do with containers: removals begun and not ended, `--rm` containers that have stopped, monitors of containers that are gone. Nothing
to do costs two directory reads.
*/
import fs from 'node:fs';
import path from 'node:path';
import {isEngineError} from '../errors.js';
import {listIfThere, removeIfThere} from '../files/atomic-file.js';
import {removeContainerCgroups} from './container-cgroups.js';
import type {ContainerContext} from './container-context.js';
import {isActive} from './container-state.js';
import {parseContainerId, type ContainerId} from './container.js';
import {isBeingRemovedElsewhere, isMakerGone, isMakerThere, listLeaving, readLeaving, unmarkLeaving} from './leaving.js';
import {readState} from './read-state.js';
import {killAndWait, removeContainer} from './remove.js';

/** Safe at any time, in any number of processes. Never throws: what can't be done now is tried again at the next start. */
export async function reconcileContainers(context: ContainerContext): Promise<void> {
	for (const id of listLeaving(context.store)) {
		try {
			await finishLeaving(context, id);
		} catch {}
	}

	await endOrphans(context);
}

async function finishLeaving(context: ContainerContext, id: ContainerId): Promise<void> {
	const {store} = context;
	const leaving = readLeaving(store, id);
	if (!fs.existsSync(store.layout.container(id))) {
		if (!isMakerThere(leaving)) {
			unmarkLeaving(store, id); // Killed between the last two steps of making or removing it
		}

		return;
	}

	const state = readState(store, id);
	if (leaving === undefined || leaving.phase === 'failed' || isBeingRemovedElsewhere(leaving) || context.removals.has(id)) {
		return;
	}

	// A `--rm` container that was never started stays, unless its maker was killed on the way to starting it.
	if (leaving.phase === 'whenStopped' && (isActive(state) || (state.status === 'created' && !isMakerGone(leaving)))) {
		return;
	}

	removeContainerCgroups(store, id);
	try {
		await removeContainer(context, id, {force: true, volumes: leaving.removesVolumes});
	} catch (error) {
		if (!isEngineError(error, 'notFound') && !isEngineError(error, 'conflict')) {
			throw error;
		}
	}
}

/** A start that was under way while the container was removed leaves a monitor without a container: its socket tells. */
async function endOrphans(context: ContainerContext): Promise<void> {
	const {store} = context;
	for (const name of listIfThere(store.layout.run)) {
		const id = name.endsWith('.sock') ? parseContainerId(name.slice(0, -'.sock'.length)) : undefined;
		if (id === undefined || fs.existsSync(store.layout.container(id)) || fs.existsSync(store.layout.exec(id))) {
			continue;
		}

		const socket = path.join(store.layout.run, name);
		await killAndWait(socket).catch(() => false);
		removeIfThere(socket);
	}
}
