/**
What keeps a container of root off the host's devices. In a user namespace nothing is needed, as no node can be made or opened there; a privileged container is not to be kept off.
*/
import {EngineError} from '../errors.js';
import {withGroup, type CgroupHost, type CgroupPlan} from '../runtime/cgroup.js';
import {defaultDeviceRules, deviceCgroupWrites, deviceFilter, deviceRule, type DeviceRule} from '../runtime/security/device-rules.js';
import {parseDeviceCgroupRule} from './device-request.js';
import {hostDevices} from './host-devices.js';
import type {HostSettings} from './host-settings.js';

/** By a program of ours on a v2 group, or by the devices controller of v1, which costs a start some 12 ms. */
export type DeviceGuard = 'filter' | 'controller';

/** `namespace`: by the user namespace. `none`: not at all, and why. */
export type DeviceProtection = {readonly by: DeviceGuard | 'namespace'} | {readonly by: 'none'; readonly obstacle: string};

/** What this host can do. Whether the kernel takes a filter shows when one is put in place. */
export function deviceProtection(uid: number, host: CgroupHost): DeviceProtection {
	if (uid !== 0) {
		return {by: 'namespace'};
	}

	if (host.unified !== undefined) {
		return {by: 'filter'};
	}

	return host.legacy.has('devices') ? {by: 'controller'} : {by: 'none', obstacle: host.obstacle};
}

/** What to tell who makes a container that nothing will keep off the devices. */
export function unguardedWarning(obstacle: string): string {
	return `Root in a container is not kept off this host's devices: ${obstacle}. Run what you don't trust as an ordinary user`;
}

/** Throws `invalidParameter` for rules that nothing here would enforce. */
export function checkDeviceRules(settings: HostSettings, protection: DeviceProtection): void {
	const narrowed = settings.Devices.find(device => !['r', 'w', 'm'].every(letter => device.CgroupPermissions.includes(letter)));
	if (settings.Privileged || (settings.DeviceCgroupRules === null && narrowed === undefined)) {
		return;
	}

	if (protection.by !== 'none') {
		// In a user namespace it may open what its user may open on the host: that can't be made more here, and need not be made less.
		if (protection.by === 'namespace' && settings.DeviceCgroupRules !== null) {
			throw notEnforceable('--device-cgroup-rule', 'without root no device node can be made, so there is nothing to allow', 'Name the devices one by one (--device), or run as root.');
		}

		return;
	}

	throw notEnforceable(narrowed === undefined ? '--device-cgroup-rule' : `--device ${narrowed.PathOnHost}:${narrowed.PathInContainer}:${narrowed.CgroupPermissions}`, protection.obstacle, 'Leave the rule out, or mount /sys/fs/cgroup for writing.');
}

function notEnforceable(option: string, reason: string, hint: string): EngineError {
	return new EngineError('invalidParameter', `${option} can't be enforced here: ${reason}`, {code: 'limitNotEnforceable', hint});
}

export type GuardPlan = {readonly plans: readonly CgroupPlan[]; readonly deviceFilter?: Buffer};

/**
The groups for its limits, and what guards the devices. `by`: the controller where the kernel has refused a filter. Throws `unavailable` when it has refused one and there is no controller.
*/
export function guardDevices(host: CgroupHost, settings: HostSettings, {limits, by}: {readonly limits: readonly CgroupPlan[]; readonly by: DeviceGuard}): GuardPlan {
	const rules = deviceRules(settings);
	const controller = host.legacy.get('devices');
	// A v2 group in any case: a cgroup namespace then shows the container its own group, not the host's.
	const plans = host.unified === undefined ? limits : withGroup(limits, {parent: host.unified.parent, isUnified: true, controllers: [], writes: []});
	if (by === 'filter' && host.unified !== undefined) {
		return {plans, deviceFilter: deviceFilter(rules)};
	}

	if (controller !== undefined) {
		return {plans: withGroup(plans, {parent: controller, isUnified: false, controllers: ['devices'], writes: deviceCgroupWrites(rules)})};
	}

	throw new EngineError('unavailable', 'this kernel can\'t keep a container of root off the host\'s devices (it lacks CONFIG_CGROUP_BPF)', {
		hint: 'Run tug as an ordinary user, or the container with --privileged.',
	});
}

function deviceRules({Devices, DeviceCgroupRules}: HostSettings): DeviceRule[] {
	const asked = Devices.flatMap(device => hostDevices(device).map(node => deviceRule(node, device.CgroupPermissions))).filter(rule => rule !== undefined);
	return [...defaultDeviceRules, ...asked, ...(DeviceCgroupRules ?? []).flatMap(rule => parseDeviceCgroupRule(rule))];
}
