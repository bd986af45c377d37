/**
Bringing the store in order after processes that died: their half-made things, deletions they did not finish, and what they had put in place that nothing
refers to. Nothing to do costs two directory reads.
*/
import fs from 'node:fs';
import path from 'node:path';
import {isEngineError, systemError} from '../errors.js';
import {parseIdentity, processState} from '../files/process-identity.js';
import {collectGarbage, emptyTrash} from './garbage-collect.js';
import {leaseName} from './scratch.js';
import {abandonedGraves, removeTrees} from './trash.js';
import type {Store} from './open-store.js';

export type Reconciled = {readonly sweptFolders: number; readonly reclaimedBytes: number};

/** A maker that can't be looked up (another pid namespace) has this long. */
const unknownMakerMs = 24 * 60 * 60 * 1000;

/** Repairs what can be repaired. Safe at any time, in any number of processes. */
export async function reconcile(store: Store): Promise<Reconciled> {
	const dead = deadScratch(store);
	const trash = list(store.layout.trash);
	const unfinished = trash.some(name => !name.startsWith('dead-')) || abandonedGraves(store, trash).length > 0;
	if (dead.length === 0 && !unfinished) {
		return {sweptFolders: 0, reclaimedBytes: 0};
	}

	return store.locked(() => {
		// Only a maker with a lease has put anything in place.
		const hadLease = dead.some(folder => fs.existsSync(path.join(folder, leaseName)));
		removeTrees(store, dead);
		try {
			if (hadLease) {
				return {sweptFolders: dead.length, reclaimedBytes: collectGarbage(store).reclaimedBytes};
			}

			emptyTrash(store);
		} catch (error) {
			// A damaged container record: nothing is collected until it is gone, everything else works on.
			if (!isEngineError(error) || error.code !== 'EDAMAGED') {
				throw error;
			}
		}

		return {sweptFolders: dead.length, reclaimedBytes: 0};
	});
}

function deadScratch(store: Store): readonly string[] {
	return list(store.layout.temporary)
		.map(name => ({name, place: path.join(store.layout.temporary, name)}))
		.filter(({place}) => place !== store.layout.downloads) // Made to outlive their makers.
		.filter(({name, place}) => isAbandoned(name, place))
		.map(({place}) => place);
}

function isAbandoned(name: string, place: string): boolean {
	const maker = parseIdentity(name);
	const state = maker === undefined ? 'unknown' : processState(maker);
	if (state !== 'unknown') {
		return state === 'gone';
	}

	const changedMs = fs.lstatSync(place, {throwIfNoEntry: false})?.mtimeMs;
	return changedMs !== undefined && Date.now() - changedMs > unknownMakerMs;
}

function list(folder: string): readonly string[] {
	try {
		return fs.readdirSync(folder);
	} catch (error) {
		throw systemError(`reading ${folder}`, error);
	}
}
