/**
Filling new volumes with what the image has in their places. The native program copies, whole or not at all (engine/native/volume_fill.c); here is decided whether it has to be asked, which costs more than
all the rest of making a container.
*/
import fs from 'node:fs';
import {EngineError, errorCode} from '../errors.js';
import {runNative} from '../runtime/native-program.js';
import type {Store} from '../store/open-store.js';
import {volumeData} from './volume-store.js';

export type FillRequest = {readonly name: string; readonly destination: string};

/** The root file system: layer trees, top first, and the container's own. */
export type FillSource = {readonly lowers: readonly string[]; readonly upper: string};

/** Fills those that are empty, and ends what others began and were killed over. Idempotent. Throws `system` when something can't be copied (code `ENOSPC` on a full disk): the volume is empty then. */
export async function fillVolumes(store: Store, requests: readonly FillRequest[], source: FillSource): Promise<void> {
	const needed = requests.filter(({name, destination}) => needsFilling(store, name) && (isUnfinished(store, name) || mayHave(source, destination)));
	if (needed.length === 0) {
		return;
	}

	if (store.native === undefined) {
		throw new EngineError('unavailable', 'tug-runtime is not there, so volumes can\'t be filled from the image');
	}

	await runNative(store.native, 'volume-fill', [
		...source.lowers.flatMap(folder => ['--lower', folder]),
		'--upper',
		source.upper,
		...needed.flatMap(({name, destination}) => ['--volume', store.layout.volume(name), '--path', destination]),
	]);
}

/** What is in it is looked at before what says that it is not all: in the other order a filling that begins between the two would pass for a finished one. */
function needsFilling(store: Store, name: string): boolean {
	return isEmpty(volumeData(store, name)) || isUnfinished(store, name);
}

function isUnfinished(store: Store, name: string): boolean {
	return fs.existsSync(`${store.layout.volume(name)}/_fill`);
}

/** What we may not read may be empty: the native program may. */
function isEmpty(folder: string): boolean {
	try {
		const entries = fs.opendirSync(folder);
		try {
			return entries.readSync() === null;
		} finally {
			entries.closeSync();
		}
	} catch (error) {
		return errorCode(error) !== 'ENOENT';
	}
}

/** False only when no layer can have anything there. Where a symlink or a closed folder is on the way, the native program finds out. */
function mayHave({lowers}: FillSource, destination: string): boolean {
	const parts = destination.split('/').filter(part => part !== '');
	return lowers.some(tree => {
		let place = tree;
		for (const part of parts) {
			place += `/${part}`;
			try {
				if (fs.lstatSync(place).isSymbolicLink()) {
					return true;
				}
			} catch (error) {
				return !['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
			}
		}

		return true;
	});
}
