/**
What is to be done once a container has stopped, by whoever notices first.
*/
import {isEngineError} from '../errors.js';
import {removeContainerCgroups} from './container-cgroups.js';
import type {ContainerContext} from './container-context.js';
import type {ContainerRecord} from './container.js';
import {readLeaving} from './leaving.js';
import {removeContainer} from './remove.js';

/** Removes its control groups, and the container itself when it was made with `--rm`. Idempotent. */
export async function settleExit(context: ContainerContext, record: ContainerRecord): Promise<void> {
	removeContainerCgroups(context.store, record.id);
	if (readLeaving(context.store, record.id)?.phase !== 'whenStopped') {
		await context.removals.get(record.id);
		return;
	}

	try {
		await removeContainer(context, record.id, {volumes: true});
	} catch (error) {
		// Somebody else removes it, or it was started again.
		if (!isEngineError(error, 'notFound') && !isEngineError(error, 'conflict')) {
			throw error;
		}

		await context.removals.get(record.id);
	}
}
