/**
The control groups of containers: `tug/<store>/<id>` in each hierarchy that a limit needs.
*/
import fs from 'node:fs';
import path from 'node:path';
import {systemError} from '../errors.js';
import {listIfThere, removeIfThere} from '../files/atomic-file.js';
import {sha256Hex} from '../files/sha256.js';
import {createCgroups, planCgroups, removeCgroups, settingsOf, type CgroupHost} from '../runtime/cgroup.js';
import type {Store} from '../store/open-store.js';
import type {ContainerContext} from './container-context.js';
import {containerPlaces} from './container-store.js';
import {parseContainerId, type ContainerId, type ContainerRecord} from './container.js';
import {deviceProtection, guardDevices, type DeviceGuard, type GuardPlan} from './device-guard.js';

export type ContainerCgroups = {
	/** Folders whose cgroup.procs takes the process. */
	readonly cgroups: readonly string[];
	/** For the v2 group among them. */
	readonly deviceFilter?: Buffer;
};

/** Groups of this store's containers lie together, so that leftovers can be told from another store's. */
export function cgroupFolder(store: Store): string {
	return `tug/${sha256Hex(store.layout.root).slice(0, 8)}`;
}

/**
Makes the groups that its limits need, and for root the one that keeps it off the host's devices. Throws `invalidParameter` for a limit that can't be
enforced.
*/
export function makeContainerCgroups(context: ContainerContext, record: ContainerRecord, by: DeviceGuard = 'filter'): ContainerCgroups {
	const isLimited = settingsOf(record.hostConfig).length > 0;
	const isGuardable = context.uid === 0 && !record.hostConfig.Privileged;
	if (!isLimited && !isGuardable) {
		return {cgroups: []};
	}

	const host = context.cgroupHost();
	sweepCgroups(context.store, host);
	const limits = planCgroups(host, record.hostConfig);
	const isGuarded = isGuardable && deviceProtection(context.uid, host).by !== 'none'; // Where nothing can guard, whoever made it was warned
	const guard: GuardPlan = isGuarded ? guardDevices(host, record.hostConfig, {limits, by}) : {plans: limits};
	const folders = createCgroups(guard.plans, path.posix.join(cgroupFolder(context.store), record.id));
	return {cgroups: remember(context.store, record, folders), ...(guard.deviceFilter === undefined ? {} : {deviceFilter: guard.deviceFilter})};
}

/** Notes the groups for whoever cleans up. */
function remember(store: Store, record: ContainerRecord, folders: readonly string[]): readonly string[] {
	try {
		fs.writeFileSync(containerPlaces(store, record.id).cgroups, folders.join('\n'));
		return folders;
	} catch (error) {
		removeCgroups(folders);
		throw systemError(`preparing container ${record.name}`, error);
	}
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

/** Removes what is left of the groups of containers that are gone. Looked for when groups are made: commands that make none are spared it. */
function sweepCgroups(store: Store, host: CgroupHost): void {
	const parents = [...(host.unified === undefined ? [] : [host.unified.parent]), ...host.legacy.values()].map(parent => path.join(parent, cgroupFolder(store)));
	for (const parent of parents) {
		removeCgroups(childGroups(parent).filter(id => !fs.existsSync(store.layout.container(id))).map(id => path.join(parent, id)));
	}
}

function childGroups(folder: string): ContainerId[] {
	if (!fs.existsSync(folder)) {
		return []; // The usual case, of which an error object would cost more than all the rest
	}

	return listIfThere(folder).map(name => parseContainerId(name)).filter(id => id !== undefined);
}
