/**
The control groups of containers: `tug/<store>/<id>` in each hierarchy that a limit needs.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, isEngineError, systemError} from '../errors.js';
import {removeIfThere} from '../files/atomic-file.js';
import {sha256Hex} from '../files/sha256.js';
import {createCgroups, detectCgroups, planCgroups, removeCgroups, settingsOf, withGroup, type CgroupHost, type CgroupPlan} from '../runtime/cgroup.js';
import {defaultDeviceRules, deviceCgroupWrites, deviceFilter, deviceRule} from '../runtime/security/device-rules.js';
import type {Store} from '../store/open-store.js';
import type {ContainerContext} from './container-context.js';
import {containerPlaces} from './container-store.js';
import {parseContainerId, type ContainerId, type ContainerRecord} from './container.js';
import {hostDevices} from './host-devices.js';

export type ContainerCgroups = {
	/** Folders whose cgroup.procs takes the process. */
	readonly cgroups: readonly string[];
	/** For the v2 group among them. */
	readonly deviceFilter?: Buffer;
};

/** By a program of ours on a v2 group, or by the devices controller of v1, which costs a start some 12 ms. */
export type DeviceGuard = 'filter' | 'controller';

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
	const isGuarded = context.uid === 0 && !record.hostConfig.Privileged;
	if (!isLimited && !isGuarded) {
		return {cgroups: []};
	}

	const host = detectCgroups(context.uid);
	const limits = planCgroups(host, record.hostConfig);
	const guard: Guard = isGuarded ? guardDevices(host, record, {limits, by}) : {plans: limits};
	try {
		const folders = createCgroups(guard.plans, path.posix.join(cgroupFolder(context.store), record.id));
		return {cgroups: remember(context.store, record, folders), ...(guard.deviceFilter === undefined ? {} : {deviceFilter: guard.deviceFilter})};
	} catch (error) {
		// Root that may make no groups is root of a container itself, and kept off devices by what runs that.
		if (!isLimited && isEngineError(error) && ['EACCES', 'EPERM', 'EROFS'].includes(error.code ?? '')) {
			return {cgroups: []};
		}

		throw error;
	}
}

type Guard = {readonly plans: readonly CgroupPlan[]; readonly deviceFilter?: Buffer};

function guardDevices(host: CgroupHost, {hostConfig}: ContainerRecord, {limits, by}: {readonly limits: readonly CgroupPlan[]; readonly by: DeviceGuard}): Guard {
	const asked = hostConfig.Devices.flatMap(device => hostDevices(device).map(node => deviceRule(node, device.CgroupPermissions)));
	const rules = [...defaultDeviceRules, ...asked.filter(rule => rule !== undefined)];
	const controller = host.legacy.get('devices');
	// A v2 group in any case: a cgroup namespace then shows the container its own group, not the host's.
	const plans = host.unified === undefined ? limits : withGroup(limits, {parent: host.unified.parent, isUnified: true, controllers: [], writes: []});
	if (by === 'filter' && host.unified !== undefined) {
		return {plans, deviceFilter: deviceFilter(rules)};
	}

	if (controller !== undefined) {
		return {plans: withGroup(plans, {parent: controller, isUnified: false, controllers: ['devices'], writes: deviceCgroupWrites(rules)})};
	}

	if (by === 'controller') {
		throw new EngineError('unavailable', 'this kernel can\'t keep a container of root off the host\'s devices (it lacks CONFIG_CGROUP_BPF)', {
			hint: 'Run tug as an ordinary user, or the container with --privileged.',
		});
	}

	return {plans};
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

/** Removes what is left of the groups of containers that are gone. */
export function sweepCgroups(context: ContainerContext): void {
	if (context.uid !== 0) {
		return;
	}

	const host = detectCgroups(context.uid);
	const parents = [...(host.unified === undefined ? [] : [host.unified.parent]), ...host.legacy.values()].map(parent => path.join(parent, cgroupFolder(context.store)));
	for (const parent of parents) {
		removeCgroups(childGroups(parent).filter(id => !fs.existsSync(context.store.layout.container(id))).map(id => path.join(parent, id)));
	}
}

function childGroups(folder: string): ContainerId[] {
	try {
		return fs.readdirSync(folder).map(name => parseContainerId(name)).filter(id => id !== undefined);
	} catch {
		return []; // No container has run here
	}
}
