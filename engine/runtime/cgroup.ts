/**
Control groups: what this host can enforce for this user, and the groups of a container. Limits that can't be enforced are refused before anything runs.

Groups of a container lie in `tug/<store>/<id>` below each hierarchy it needs (v1: one a controller; v2: one for all). Existing groups are never changed, but that
controllers are passed down to `tug` on v2, as every runtime does.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, systemError} from '../errors.js';

/** Limits in docker's units; 0, '' and null mean not limited. */
export type Limits = {
	readonly Memory: number;
	readonly MemoryReservation: number;
	readonly MemorySwap: number;
	readonly MemorySwappiness: number | null;
	readonly OomKillDisable: boolean | null;
	readonly NanoCpus: number;
	readonly CpuShares: number;
	readonly CpuPeriod: number;
	readonly CpuQuota: number;
	readonly CpusetCpus: string;
	readonly CpusetMems: string;
	readonly PidsLimit: number | null;
};

export type CgroupHost = {
	/** What the host has, whether this user may use it or not; a hybrid one, with controllers in v1, is 1. */
	readonly version: 1 | 2;
	/** The v2 hierarchy: the folder new groups may be made in. */
	readonly unified?: {readonly parent: string; readonly controllers: ReadonlySet<string>};
	/** v1: controller → folder new groups may be made in. */
	readonly legacy: ReadonlyMap<string, string>;
	/** Why there is nothing, for messages. */
	readonly obstacle: string;
};

export type CgroupSetting = {readonly option: string; readonly controller: string; readonly v1?: readonly Write[]; readonly v2?: readonly Write[]};
export type Write = readonly [file: string, value: string];

/** A group to make: folder and what is written there. */
export type CgroupPlan = {readonly parent: string; readonly isUnified: boolean; readonly controllers: readonly string[]; readonly writes: readonly Write[]};

/** For tests: what to look at instead of this process's own. */
export type CgroupSources = {readonly mountinfo?: string; readonly own?: string; readonly mayMakeGroups?: (folder: string) => boolean};

/** Looks at what is mounted and what this user may change. */
export function detectCgroups(uid: number, sources: CgroupSources = {}): CgroupHost {
	const mounts = cgroupMounts(sources.mountinfo ?? fs.readFileSync('/proc/self/mountinfo', 'utf8'));
	const mayMakeGroups = sources.mayMakeGroups ?? isWritable;
	const legacy = new Map<string, string>();
	let unified: CgroupHost['unified'];
	for (const mount of mounts) {
		if (mount.type === 'cgroup2') {
			const parent = uid === 0 ? (mayMakeGroups(mount.folder) ? mount.folder : undefined) : delegatedFolder(mount.folder, sources.own ?? fs.readFileSync('/proc/self/cgroup', 'utf8'));
			if (parent !== undefined) {
				unified = {parent, controllers: new Set(readWords(path.join(parent, 'cgroup.controllers')))};
			}
		} else if (uid === 0 && mayMakeGroups(mount.folder)) {
			for (const controller of mount.controllers) {
				legacy.set(controller, mount.folder);
			}
		}
	}

	return {version: isPureUnified(mounts) ? 2 : 1, ...(unified === undefined ? {} : {unified}), legacy, obstacle: obstacleTo(uid, mounts, unified !== undefined || legacy.size > 0)};
}

function obstacleTo(uid: number, mounts: readonly CgroupMount[], isUsable: boolean): string {
	if (mounts.length === 0) {
		return 'no cgroups are mounted for writing';
	}

	if (uid === 0) {
		return isUsable ? 'the kernel has no such controller' : `no control group can be made in ${mounts[0]!.folder}`;
	}

	return isPureUnified(mounts) ? 'systemd delegates no such controller to this user' : 'cgroup v1 can only be used by root';
}

function isPureUnified(mounts: readonly CgroupMount[]): boolean {
	return mounts.some(({type}) => type === 'cgroup2') && mounts.every(({controllers}) => controllers.length === 0);
}

/** Root of a container may find its groups mounted and yet not be allowed to make any. */
function isWritable(folder: string): boolean {
	try {
		fs.accessSync(folder, fs.constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/** The groups for limits; none when nothing is limited. Throws `invalidParameter` naming the option that can't be enforced, and why. */
export function planCgroups(host: CgroupHost, limits: Limits): CgroupPlan[] {
	const plans = new Map<string, {parent: string; isUnified: boolean; controllers: Set<string>; writes: Write[]}>();
	for (const setting of settingsOf(limits)) {
		const place = placeFor(host, setting);
		if (place === undefined) {
			throw new EngineError('invalidParameter', `${setting.option} can't be enforced here: ${host.obstacle} (${setting.controller})`, {
				code: 'limitNotEnforceable',
				hint: 'Leave the option out, or use a host with cgroup v2 and delegation (systemd: `Delegate=yes`), or run as root.',
			});
		}

		const plan = plans.get(place.parent) ?? {parent: place.parent, isUnified: place.isUnified, controllers: new Set<string>(), writes: []};
		plan.controllers.add(setting.controller);
		plan.writes.push(...place.writes);
		plans.set(place.parent, plan);
	}

	return [...plans.values()].map(plan => ({...plan, controllers: [...plan.controllers]}));
}

/** The plans with one more; a group that is planned already gets the further writes. */
export function withGroup(plans: readonly CgroupPlan[], added: CgroupPlan): CgroupPlan[] {
	const same = plans.find(plan => plan.parent === added.parent);
	return same === undefined
		? [...plans, added]
		: plans.map(plan => (plan === same ? {...plan, controllers: [...plan.controllers, ...added.controllers], writes: [...plan.writes, ...added.writes]} : plan));
}

/**
Makes the groups at `group` (`tug/<store>/<id>`) and writes the limits; returns their folders. On failure none is left. Throws `invalidParameter` when the kernel refuses a value.
*/
export function createCgroups(plans: readonly CgroupPlan[], group: string): string[] {
	const made: string[] = [];
	try {
		for (const plan of plans) {
			const folder = path.join(plan.parent, group);
			makeGroup(plan, group);
			made.push(folder);
			for (const [file, value] of plan.writes) {
				writeLimit(path.join(folder, file), value);
			}
		}

		return made;
	} catch (error) {
		removeCgroups(made);
		throw error;
	}
}

/** Removes groups that hold no process any more; false when one still does. */
export function removeCgroups(folders: readonly string[]): boolean {
	let areGone = true;
	for (const folder of folders) {
		try {
			fs.rmdirSync(folder);
		} catch (error) {
			areGone &&= errorCode(error) === 'ENOENT';
			continue;
		}

		try {
			fs.rmdirSync(path.dirname(folder)); // The store's, when this was its last
		} catch {}
	}

	return areGone;
}

function makeGroup(plan: CgroupPlan, group: string, attempts = 3): void {
	let folder = plan.parent;
	for (const part of group.split('/')) {
		if (plan.isUnified) {
			passDown(folder, plan.controllers);
		}

		folder = path.join(folder, part);
		try {
			fs.mkdirSync(folder);
		} catch (error) {
			if (errorCode(error) === 'ENOENT' && attempts > 1) {
				makeGroup(plan, group, attempts - 1); // Its parent was removed with the last group in it
				return;
			}

			if (errorCode(error) !== 'EEXIST') {
				throw systemError(`creating the control group ${folder}`, error);
			}
		}

		if (plan.controllers.includes('cpuset') && !plan.isUnified) {
			inheritCpuset(folder);
		}
	}
}

/** A v2 group has the controllers that its parent passes down. */
function passDown(folder: string, controllers: readonly string[]): void {
	const file = path.join(folder, 'cgroup.subtree_control');
	const enabled = readWords(file);
	const missing = controllers.filter(controller => !enabled.includes(controller));
	if (missing.length > 0) {
		writeLimit(file, missing.map(controller => `+${controller}`).join(' '));
	}
}

/** A new v1 cpuset group has no processors and no memory until somebody says which. */
function inheritCpuset(folder: string): void {
	for (const file of ['cpuset.cpus', 'cpuset.mems']) {
		if (fs.readFileSync(path.join(folder, file), 'latin1').trim() === '') {
			fs.writeFileSync(path.join(folder, file), fs.readFileSync(path.join(path.dirname(folder), file)));
		}
	}
}

function writeLimit(file: string, value: string): void {
	try {
		fs.writeFileSync(file, value);
	} catch (error) {
		throw new EngineError('invalidParameter', `the kernel refuses ${value} for ${path.basename(file)}: ${(error as Error).message}`, {cause: error, code: 'limitNotEnforceable'});
	}
}

function placeFor(host: CgroupHost, setting: CgroupSetting): {parent: string; isUnified: boolean; writes: readonly Write[]} | undefined {
	if (setting.v2 !== undefined && host.unified?.controllers.has(setting.controller)) {
		return {parent: host.unified.parent, isUnified: true, writes: setting.v2};
	}

	const legacy = host.legacy.get(setting.controller);
	return legacy === undefined || setting.v1 === undefined ? undefined : {parent: legacy, isUnified: false, writes: setting.v1};
}

/** Docker's limits as writes for both versions of cgroups (kernel cgroup-v1/*.rst, cgroup-v2.rst; conversions as in runc). */
export function settingsOf(limits: Limits): CgroupSetting[] {
	const settings: CgroupSetting[] = [];
	if (limits.Memory > 0) {
		const swap = limits.MemorySwap === 0 ? limits.Memory * 2 : limits.MemorySwap;
		settings.push({
			option: '--memory',
			controller: 'memory',
			v1: [['memory.limit_in_bytes', String(limits.Memory)], ['memory.memsw.limit_in_bytes', String(swap)]],
			v2: [['memory.max', String(limits.Memory)], ['memory.swap.max', swap === -1 ? 'max' : String(swap - limits.Memory)]],
		});
	}

	if (limits.MemoryReservation > 0) {
		settings.push({option: '--memory-reservation', controller: 'memory', v1: [['memory.soft_limit_in_bytes', String(limits.MemoryReservation)]], v2: [['memory.low', String(limits.MemoryReservation)]]});
	}

	if (limits.MemorySwappiness !== null) {
		settings.push({option: '--memory-swappiness', controller: 'memory', v1: [['memory.swappiness', String(limits.MemorySwappiness)]]});
	}

	if (limits.OomKillDisable === true) {
		settings.push({option: '--oom-kill-disable', controller: 'memory', v1: [['memory.oom_control', '1']]});
	}

	const cpu = cpuTime(limits);
	if (cpu !== undefined) {
		settings.push({
			option: cpu.option,
			controller: 'cpu',
			v1: [['cpu.cfs_period_us', String(cpu.periodUs)], ...(cpu.quotaUs > 0 ? [['cpu.cfs_quota_us', String(cpu.quotaUs)] as const] : [])],
			v2: [['cpu.max', `${cpu.quotaUs > 0 ? cpu.quotaUs : 'max'} ${cpu.periodUs}`]],
		});
	}

	if (limits.CpuShares > 0) {
		const shares = Math.min(Math.max(limits.CpuShares, 2), 262_144);
		settings.push({option: '--cpu-shares', controller: 'cpu', v1: [['cpu.shares', String(shares)]], v2: [['cpu.weight', String(1 + Math.floor(((shares - 2) * 9999) / 262_142))]]});
	}

	for (const [option, file, value] of [['--cpuset-cpus', 'cpuset.cpus', limits.CpusetCpus], ['--cpuset-mems', 'cpuset.mems', limits.CpusetMems]] as const) {
		if (value !== '') {
			settings.push({option, controller: 'cpuset', v1: [[file, value]], v2: [[file, value]]});
		}
	}

	if (limits.PidsLimit !== null && limits.PidsLimit > 0) {
		settings.push({option: '--pids-limit', controller: 'pids', v1: [['pids.max', String(limits.PidsLimit)]], v2: [['pids.max', String(limits.PidsLimit)]]});
	}

	return settings;
}

function cpuTime(limits: Limits): {option: string; periodUs: number; quotaUs: number} | undefined {
	if (limits.NanoCpus > 0) {
		return {option: '--cpus', periodUs: 100_000, quotaUs: Math.max(1000, Math.round(limits.NanoCpus / 10_000))};
	}

	if (limits.CpuQuota > 0 || limits.CpuPeriod > 0) {
		return {option: limits.CpuQuota > 0 ? '--cpu-quota' : '--cpu-period', periodUs: limits.CpuPeriod || 100_000, quotaUs: limits.CpuQuota};
	}

	return undefined;
}

type CgroupMount = {readonly folder: string; readonly type: 'cgroup' | 'cgroup2'; readonly controllers: readonly string[]};

/** proc(5), mountinfo: `id parent dev root MOUNTPOINT options … - TYPE source SUPER_OPTIONS`. */
function cgroupMounts(mountinfo: string): CgroupMount[] {
	const found = new Map<string, CgroupMount>();
	for (const line of mountinfo.split('\n')) {
		const [before = '', after = ''] = line.split(' - ');
		const folder = before.split(' ')[4];
		const [type, , options = ''] = after.split(' ');
		const isReadonly = before.split(' ')[5]?.split(',').includes('ro') === true;
		if (folder !== undefined && (type === 'cgroup' || type === 'cgroup2') && !isReadonly) {
			const controllers = type === 'cgroup' ? options.split(',').filter(option => !option.includes('=') && option !== 'rw') : [];
			found.set(folder, {folder, type, controllers});
		}
	}

	return [...found.values()];
}

/**
The folder below which this user may make groups: its systemd user manager's. Moving a process there needs write access to the group above both (cgroup-v2.rst,
Delegation Containment), so our own process must lie within it too.
*/
function delegatedFolder(mount: string, own: string): string | undefined {
	const ownPath = /^0::(.*)$/m.exec(own)?.[1] ?? '/';
	const match = /^(.*\/user@\d+\.service)(?:\/|$)/.exec(ownPath);
	const folder = match === null ? undefined : path.join(mount, match[1]!);
	try {
		if (folder !== undefined) {
			fs.accessSync(folder, fs.constants.W_OK);
			fs.accessSync(path.join(folder, 'cgroup.procs'), fs.constants.W_OK);
			return folder;
		}
	} catch {}

	return undefined;
}

function readWords(file: string): string[] {
	try {
		return fs.readFileSync(file, 'latin1').trim().split(/\s+/).filter(word => word !== '');
	} catch {
		return [];
	}
}
