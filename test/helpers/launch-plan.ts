import crypto from 'node:crypto';
import path from 'node:path';
import {type ContainerPlan, type PlanMount} from '../../engine/runtime/plan.js';
import {defaultDevices, readonlyPaths} from '../../engine/runtime/security/default-paths.js';
import {resolveCapabilities} from '../../engine/runtime/security/capabilities.js';

/** The mounts docker gives every container. */
export const defaultMounts: readonly PlanMount[] = [
	{type: 'proc', target: '/proc', flags: ['nosuid', 'noexec', 'nodev', 'createTarget']},
	{type: 'tmpfs', target: '/dev', flags: ['nosuid', 'createTarget'], data: 'mode=755,size=65536k'},
	{type: 'devpts', target: '/dev/pts', flags: ['nosuid', 'noexec', 'createTarget'], data: 'newinstance,ptmxmode=0666,mode=0620,gid=5'},
	{type: 'sysfs', target: '/sys', flags: ['readonly', 'nosuid', 'noexec', 'nodev', 'createTarget']},
	{type: 'mqueue', target: '/dev/mqueue', flags: ['nosuid', 'noexec', 'nodev', 'createTarget']},
	{type: 'tmpfs', target: '/dev/shm', flags: ['nosuid', 'noexec', 'nodev', 'createTarget'], data: 'mode=1777,size=67108864'},
];

export const defaultEnvironment: readonly string[] = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

/** A container plan as docker's defaults would make it, over directories below `folder`: state, socket, rootfs (the tree itself, no overlay). */
export function basicPlan(folder: string, changes: Partial<ContainerPlan> & {readonly args: readonly string[]}): ContainerPlan {
	const id = crypto.randomBytes(32).toString('hex');
	return {
		kind: 'container',
		id,
		stateDir: path.join(folder, 'state'),
		socket: path.join(folder, 'monitor.sock'),
		rootfs: path.join(folder, 'rootfs'),
		mounts: defaultMounts,
		env: defaultEnvironment,
		hostname: id.slice(0, 12),
		capabilities: resolveCapabilities(),
		masked: ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
		readonly: readonlyPaths,
		devices: defaultDevices,
		namespaces: [{kind: 'mount'}, {kind: 'pid'}, {kind: 'net'}, {kind: 'ipc'}, {kind: 'uts'}, {kind: 'cgroup'}],
		...changes,
	};
}
