/**
Volumes as containers make them: a folder in volumes/ with a record and the data. Named ones stay, anonymous ones go with their container when asked.
*/
import fs from 'node:fs';
import path from 'node:path';
import {systemError} from '../errors.js';
import {writeFileAtomic} from '../files/atomic-file.js';
import type {Store} from '../store/open-store.js';
import {removeTrees} from '../store/trash.js';
import type {ContainerRecord, MountPoint} from './container.js';

/** Where a volume's data lies. */
export function volumeData(store: Store, name: string): string {
	return path.join(store.layout.volume(name), '_data');
}

/** Makes the volumes that are not there yet; returns the names of those it made. */
export function ensureVolumes(store: Store, mounts: readonly MountPoint[]): string[] {
	return mounts.map(mount => mount.name).filter(name => name !== undefined).filter(name => ensureVolume(store, name, mounts));
}

function ensureVolume(store: Store, name: string, mounts: readonly MountPoint[]): boolean {
	const folder = store.layout.volume(name);
	const data = volumeData(store, name);
	try {
		if (fs.existsSync(path.join(folder, 'volume.json'))) {
			return false;
		}

		fs.mkdirSync(data, {recursive: true, mode: 0o700});
		fs.chmodSync(data, 0o755); // What is in it is for the container's users; volumes/ itself is closed
		const isAnonymous = mounts.some(mount => mount.name === name && mount.isAnonymous === true);
		writeFileAtomic(path.join(folder, 'volume.json'), JSON.stringify({version: 1, name, created: new Date().toISOString(), ...(isAnonymous ? {anonymous: true} : {})}));
		return true;
	} catch (error) {
		throw systemError(`creating volume ${name}`, error);
	}
}

/** Removes the anonymous volumes of a container; returns their names. */
export function removeAnonymousVolumes(store: Store, record: ContainerRecord): string[] {
	const names = record.mounts.filter(mount => mount.isAnonymous === true).map(mount => mount.name!);
	removeTrees(store, names.map(name => store.layout.volume(name)));
	return names;
}
