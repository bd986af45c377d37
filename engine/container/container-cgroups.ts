/**
The control groups of containers: `tug/<store>/<id>` in each hierarchy that a limit needs.
*/
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {systemError} from '../errors.js';
import {removeIfThere} from '../files/atomic-file.js';
import {createCgroups, detectCgroups, planCgroups, removeCgroups, settingsOf} from '../runtime/cgroup.js';
import type {Store} from '../store/open-store.js';
import type {ContainerContext} from './container-context.js';
import {containerPlaces} from './container-store.js';
import type {ContainerId, ContainerRecord} from './container.js';

/** Groups of this store's containers lie together, so that leftovers can be told from another store's. */
export function cgroupFolder(store: Store): string {
	return `tug/${crypto.createHash('sha256').update(store.layout.root).digest('hex').slice(0, 8)}`;
}

/** Makes the groups that its limits need; returns their folders. */
export function makeContainerCgroups(context: ContainerContext, record: ContainerRecord): string[] {
	if (settingsOf(record.hostConfig).length === 0) {
		return [];
	}

	removeContainerCgroups(context.store, record.id);
	const plans = planCgroups(detectCgroups(context.uid), record.hostConfig);
	const folders = createCgroups(plans, path.posix.join(cgroupFolder(context.store), record.id));
	try {
		fs.writeFileSync(containerPlaces(context.store, record.id).cgroups, folders.join('\n'));
	} catch (error) {
		removeCgroups(folders);
		throw systemError(`preparing container ${record.name}`, error);
	}

	return folders;
}

/** The groups of a container's last run, if it has any. */
export function readCgroups(store: Store, id: ContainerId): string[] {
	try {
		return fs.readFileSync(containerPlaces(store, id).cgroups, 'utf8').split('\n').filter(line => line !== '');
	} catch {
		return [];
	}
}

/** Removes the groups of a container that has stopped. What still holds a process stays for the next start of an engine. */
export function removeContainerCgroups(store: Store, id: ContainerId): void {
	const folders = readCgroups(store, id);
	if (folders.length > 0 && removeCgroups(folders)) {
		removeIfThere(containerPlaces(store, id).cgroups);
	}
}
