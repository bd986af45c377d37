/**
Removing volumes: one by name, those of a container, those that nobody uses.
*/
import type {Filters} from '../engine.js';
import {EngineError, isEngineError} from '../errors.js';
import {deleteInBackground} from '../store/trash.js';
import {localDriver, type VolumeContext} from './volume-context.js';
import {volumeFilter} from './volume-filters.js';
import {volumeBytes} from './volume-size.js';
import {isAnonymous} from './volume.js';
import {markRemoval, readVolume, readVolumes, takeVolume, unmarkRemoval} from './volume-store.js';

/** Throws `notFound` (unless forced), `conflict` when containers use it. A damaged one can be removed by force. */
export function removeVolume(context: VolumeContext, name: string, {force = false}: {readonly force?: boolean} = {}): void {
	if (!isThere(context, name, force)) {
		if (force) {
			return;
		}

		throw noSuchVolume(name);
	}

	remove(context, name);
}

/** Removes those that no container but this one uses, and tells which. */
export function removeVolumesOf(context: VolumeContext, names: readonly string[], containerId: string): string[] {
	return names.filter(name => {
		try {
			return remove(context, name, containerId);
		} catch (error) {
			if (isEngineError(error, 'conflict')) {
				return false; // Another container has it by --volumes-from
			}

			throw error;
		}
	});
}

export type PruneReport = {readonly Deleted: readonly string[]; readonly SpaceReclaimed: number};

/** Those nobody uses; without the filter `all` only anonymous ones. Filters: `all`, `label`, `label!`. Throws `invalidParameter` for others. */
export async function pruneVolumes(context: VolumeContext, filters: Filters = {}): Promise<PruneReport> {
	const {all: wanted, ...rest} = filters;
	const isWanted = volumeFilter(rest, ['label', 'label!'], () => false);
	const includesNamed = isTrue(wanted);
	const used = context.users();
	const removed: string[] = [];
	let reclaimed = 0;
	for (const volume of readVolumes(context.store)) {
		// What somebody made with options is a setting rather than data: docker leaves it alone.
		if (used.has(volume.name) || volume.options !== null || !(includesNamed || isAnonymous(volume)) || !isWanted(volume)) {
			continue;
		}

		const sizeBytes = await volumeBytes(context.store, volume.name);
		try {
			if (remove(context, volume.name)) {
				removed.push(volume.name);
				reclaimed += sizeBytes;
			}
		} catch (error) {
			if (!isEngineError(error, 'conflict')) {
				throw error; // Somebody uses it by now: that is all
			}
		}
	}

	context.emit({action: 'prune', id: '', attributes: {reclaimed: String(reclaimed)}});
	return {Deleted: removed, SpaceReclaimed: reclaimed};
}

export function noSuchVolume(name: string): EngineError {
	return new EngineError('notFound', `get ${name}: no such volume`, {code: 'noSuchVolume'});
}

function isThere({store}: VolumeContext, name: string, force: boolean): boolean {
	try {
		return readVolume(store, name) !== undefined;
	} catch (error) {
		if (force && isEngineError(error) && error.code === 'EDAMAGED') {
			return true;
		}

		throw error;
	}
}

/** False when it was not there. Without a pause, so that nothing else of this process comes between the mark and what follows from it. */
function remove(context: VolumeContext, name: string, lastUser?: string): boolean {
	const {store} = context;
	if (!markRemoval(store, name)) {
		return false;
	}

	const others = (context.users().get(name) ?? []).filter(id => id !== lastUser);
	if (others.length > 0) {
		unmarkRemoval(store, name);
		throw new EngineError('conflict', `remove ${name}: volume is in use - [${others.join(', ')}]`, {code: 'volumeInUse'});
	}

	const grave = takeVolume(store, name);
	if (grave === undefined) {
		return false;
	}

	context.emit({action: 'destroy', id: name, attributes: {driver: localDriver}});
	deleteInBackground(store, [grave]);
	return true;
}

function isTrue(values: readonly string[] | undefined): boolean {
	const unknown = values?.find(value => !/^(1|t|true|0|f|false)$/i.test(value));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid filter 'all=[${unknown}]'`);
	}

	return values?.some(value => /^(1|t|true)$/i.test(value)) ?? false;
}
