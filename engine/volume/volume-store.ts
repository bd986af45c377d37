/**
Volumes on disk. One is there when `volumes/<name>/volume.json` is; its folder comes by one rename and goes by one.

Whoever removes one leaves a mark in its folder, `removing-<process>`, before looking for users; whoever uses one is on record as its user before looking for marks. So of a remover and a user that come
together, one sees the other. Marks of the dead are taken away by whoever meets them.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, isEngineError, systemError} from '../errors.js';
import {listIfThere, readIfThere, removeIfThere, syncFolder, writeFileAtomic} from '../files/atomic-file.js';
import {formatIdentity, ownIdentity, parseIdentity, processState} from '../files/process-identity.js';
import {createScratch, withScratch, type Scratch} from '../store/scratch.js';
import type {Store} from '../store/open-store.js';
import {condemn} from '../store/trash.js';
import {parseVolumeRecord, type VolumeRecord} from './volume.js';
import {isVolumeName} from './volume-name.js';

const recordName = 'volume.json';
const markPrefix = 'removing-';

/** Where its data lies. */
export function volumeData(store: Store, name: string): string {
	return `${store.layout.volume(name)}/_data`;
}

/** The record, or undefined when there is no such volume. Throws `system` (code `EDAMAGED`) when it is damaged. */
export function readVolume(store: Store, name: string): VolumeRecord | undefined {
	const bytes = isVolumeName(name) ? readIfThere(path.join(store.layout.volume(name), recordName)) : undefined;
	if (bytes === undefined) {
		return undefined;
	}

	try {
		const record = parseVolumeRecord(JSON.parse(bytes.toString('utf8')), `volume ${name}`);
		if (record.name !== name) {
			throw new EngineError('system', `it says it is ${JSON.stringify(record.name)}`);
		}

		return record;
	} catch (error) {
		throw new EngineError('system', `volume ${name} is damaged: ${(error as Error).message}`, {cause: error, code: 'EDAMAGED', hint: `Its files are in ${volumeData(store, name)}.`});
	}
}

/** All, sorted by name. Damaged ones are left out. */
export function readVolumes(store: Store): VolumeRecord[] {
	return listIfThere(store.layout.volumes).toSorted().map(name => readIfWhole(store, name)).filter(record => record !== undefined);
}

function readIfWhole(store: Store, name: string): VolumeRecord | undefined {
	try {
		return readVolume(store, name);
	} catch (error) {
		if (isEngineError(error) && error.code === 'EDAMAGED') {
			return undefined;
		}

		throw error;
	}
}

/** Puts a new one in place, empty. False when there is one of that name. */
export function makeVolume(store: Store, record: VolumeRecord, {sync = true}: {readonly sync?: boolean} = {}): boolean {
	const scratch = createScratch(store);
	try {
		const folder = makeFolder(scratch, record.name);
		return place(store, folder, record, sync);
	} finally {
		scratch.remove();
	}
}

/** The same with what `fill` puts into its data folder, whole or not at all. */
export async function makeFilledVolume(store: Store, record: VolumeRecord, fill: (data: string) => Promise<void>): Promise<boolean> {
	return withScratch(store, async scratch => {
		const folder = makeFolder(scratch, record.name); // Around the data from the beginning: what belongs to another of the user's ids he can't move himself
		await fill(path.join(folder, '_data'));
		return place(store, folder, record, true);
	});
}

function makeFolder(scratch: Scratch, name: string): string {
	const folder = scratch.path('volume');
	try {
		fs.mkdirSync(folder, {mode: 0o700});
		fs.mkdirSync(path.join(folder, '_data'));
		fs.chmodSync(path.join(folder, '_data'), 0o755); // What is in it is for the container's users; volumes/ itself is closed
		return folder;
	} catch (error) {
		throw systemError(`creating volume ${name}`, error);
	}
}

function place(store: Store, folder: string, record: VolumeRecord, sync: boolean): boolean {
	try {
		writeFileAtomic(path.join(folder, recordName), JSON.stringify(record), {sync});
		fs.mkdirSync(store.layout.volumes, {recursive: true, mode: 0o700});
		if (!renameNew(folder, store.layout.volume(record.name))) {
			return false;
		}

		if (sync) {
			syncFolder(store.layout.volumes);
		}

		return true;
	} catch (error) {
		throw systemError(`creating volume ${record.name}`, error);
	}
}

/** A folder without a record was left by a crash of an earlier version: it holds nothing that anybody was told of. */
function renameNew(from: string, to: string): boolean {
	for (let attempt = 1; ; attempt++) {
		try {
			fs.renameSync(from, to);
			return true;
		} catch (error) {
			if (!['EEXIST', 'ENOTEMPTY'].includes(errorCode(error) ?? '')) {
				throw error;
			}

			if (attempt > 3 || fs.existsSync(path.join(to, recordName))) {
				return false;
			}

			fs.renameSync(to, `${from}-left`);
		}
	}
}

/** Says that this process is about to remove it. False when it is not there. */
export function markRemoval(store: Store, name: string): boolean {
	try {
		fs.writeFileSync(ownMark(store, name), '', {mode: 0o600});
		return true;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return false;
		}

		throw systemError(`removing volume ${name}`, error);
	}
}

export function unmarkRemoval(store: Store, name: string): void {
	removeIfThere(ownMark(store, name));
}

/** Takes it away; its place in trash/, or undefined when somebody was quicker. */
export function takeVolume(store: Store, name: string): string | undefined {
	return condemn(store, store.layout.volume(name));
}

/** Whether a living process says that it removes it. Marks of dead ones are taken away. */
export function isBeingRemoved(store: Store, name: string): boolean {
	let isMarked = false;
	for (const entry of listIfThere(store.layout.volume(name))) {
		if (!entry.startsWith(markPrefix)) {
			continue;
		}

		const remover = parseIdentity(entry.slice(markPrefix.length));
		if (remover === undefined || processState(remover) === 'gone') {
			removeIfThere(path.join(store.layout.volume(name), entry));
		} else {
			isMarked = true;
		}
	}

	return isMarked;
}

function ownMark(store: Store, name: string): string {
	return path.join(store.layout.volume(name), markPrefix + formatIdentity(ownIdentity()));
}
