/**
The launch plan: what tug-runtime is told to do, as bytes (engine/native/readme.md, Launch plan). `LaunchPlan` is the typed form; the other
side checks everything again.
*/
import {EngineError} from '../errors.js';
import type {DeviceNode} from './security/default-paths.js';
import type {CapabilitySets} from './security/capabilities.js';
import {
	deviceTag, eventsTag, logTag, mountFlag, mountTag, mountType, namespaceKind, namespaceTag, planFlag, planKind, planMaxBytes, planTag, planVersion,
	propagation, rlimitNumber,
} from './plan-tags.js';

export type PlanFlagName = keyof typeof planFlag;
export type PlanMountFlagName = keyof typeof mountFlag;

export type PlanMount = {
	readonly type: keyof typeof mountType;
	/** Host path; for a bind, and only there. */
	readonly source?: string;
	/** What of the source is bound: a relative path, resolved beneath it and never outside. */
	readonly subpath?: string;
	/** Absolute path in the container. */
	readonly target: string;
	readonly flags?: readonly PlanMountFlagName[];
	/** File system options, comma separated (`mode=755,size=64m`). */
	readonly data?: string;
	readonly propagation?: keyof typeof propagation;
};

/** A namespace that is not the host's: a new one, or an existing one by the path of its file. */
export type PlanNamespace = {readonly kind: keyof typeof namespaceKind; readonly path?: string};

export type PlanRlimit = {readonly resource: keyof typeof rlimitNumber; readonly soft: bigint; readonly hard: bigint};

type PlanProcess = {
	/** 64 hexadecimal digits. */
	readonly id: string;
	readonly stateDir: string;
	/** Path of the monitor's socket, 107 bytes at most. */
	readonly socket: string;
	readonly flags?: readonly PlanFlagName[];
	readonly args: readonly string[];
	/** `KEY=value`. */
	readonly env?: readonly string[];
	/** Default `/`. */
	readonly cwd?: string;
	/** `user[:group]`; names are looked up in the container's files. Default root. */
	readonly user?: string;
	readonly groupAdd?: readonly string[];
	/** Absent: no capability at all. */
	readonly capabilities?: CapabilitySets;
	readonly rlimits?: readonly PlanRlimit[];
	/** Array of `struct sock_filter`. */
	readonly seccomp?: Uint8Array;
	readonly oomScoreAdj?: number;
	/** Absent: no log. */
	readonly log?: {readonly path: string; readonly maxSizeBytes?: bigint; readonly maxFiles?: number};
	/** Directories whose cgroup.procs takes the process. */
	readonly cgroups?: readonly string[];
	readonly ttySize?: {readonly rows: number; readonly columns: number};
	readonly timeoutMs?: number;
	/** `attributes`: JSON members without braces; `actor`: id of the container, for an exec. */
	readonly events?: {readonly path: string; readonly attributes: string; readonly actor?: string};
	/** Whose mounting and unmounting the journal tells; `attributes` of the first as JSON members. */
	readonly volumes?: ReadonlyArray<{readonly name: string; readonly attributes: string}>;
};

export type ContainerPlan = PlanProcess & {
	readonly kind: 'container';
	/** Layer trees, top layer first, with `upper` and `work`; none: `rootfs` is the root filesystem itself. */
	readonly lowers?: readonly string[];
	readonly upper?: string;
	readonly work?: string;
	readonly rootfs: string;
	/** In the order they are mounted. */
	readonly mounts?: readonly PlanMount[];
	readonly hostname?: string;
	readonly domainname?: string;
	readonly masked?: readonly string[];
	readonly readonly?: readonly string[];
	readonly devices?: readonly DeviceNode[];
	/** Array of `struct bpf_insn`; the v2 groups of `cgroups` get it. */
	readonly deviceFilter?: Uint8Array;
	readonly sysctls?: Readonly<Record<string, string>>;
	readonly namespaces: readonly PlanNamespace[];
};

export type ExecPlan = PlanProcess & {
	readonly kind: 'exec';
	/** The container's first process; `startTicks` is field 22 of /proc/PID/stat. */
	readonly target: {readonly pid: number; readonly startTicks: bigint};
};

export type LaunchPlan = ContainerPlan | ExecPlan;

/** The plan as tug-runtime reads it on stdin. Throws `invalidParameter` for a string with a NUL or a plan over 4 MiB. */
export function encodePlan(plan: LaunchPlan): Buffer {
	const records = [
		record(planTag.KIND, u32(planKind[plan.kind])),
		...(plan.kind === 'container' ? containerRecords(plan) : execRecords(plan)),
		...processRecords(plan),
	];
	const body = Buffer.concat(records);
	const header = Buffer.alloc(16);
	header.write('TUGPLAN\0', 'latin1');
	header.writeUInt32LE(planVersion, 8);
	header.writeUInt32LE(body.length + header.length, 12);
	if (body.length + header.length > planMaxBytes) {
		throw new EngineError('invalidParameter', `the container's configuration is larger than ${planMaxBytes} bytes`);
	}

	return Buffer.concat([header, body]);
}

function processRecords(plan: LaunchPlan): Buffer[] {
	return [
		text(planTag.ID, plan.id),
		text(planTag.STATE_DIR, plan.stateDir),
		text(planTag.SOCKET, plan.socket),
		record(planTag.FLAGS, u64(bits(plan.flags ?? [], planFlag))),
		...texts(planTag.ARG, plan.args),
		...texts(planTag.ENV, plan.env),
		...optionalText(planTag.CWD, plan.cwd),
		...optionalText(planTag.USER, plan.user),
		...texts(planTag.GROUP_ADD, plan.groupAdd),
		...present(plan.capabilities, sets => record(planTag.CAPS, Buffer.concat([sets.bounding, sets.effective, sets.permitted, sets.inheritable, sets.ambient].map(u64)))),
		...(plan.rlimits ?? []).map(limit => record(planTag.RLIMIT, Buffer.concat([u32(rlimitNumber[limit.resource]), u64(limit.soft), u64(limit.hard)]))),
		...present(plan.seccomp, filter => record(planTag.SECCOMP, Buffer.from(filter.buffer, filter.byteOffset, filter.byteLength))),
		...present(plan.oomScoreAdj, value => record(planTag.OOM_SCORE_ADJ, i32(value))),
		...present(plan.log, log => nested(planTag.LOG, [
			text(logTag.PATH, log.path),
			record(logTag.MAX_SIZE, u64(log.maxSizeBytes ?? 0n)),
			record(logTag.MAX_FILES, u32(log.maxFiles ?? 1)),
		])),
		...texts(planTag.CGROUP, plan.cgroups),
		...present(plan.ttySize, size => record(planTag.TTY_SIZE, Buffer.concat([u16(size.rows), u16(size.columns)]))),
		...present(plan.timeoutMs, value => record(planTag.TIMEOUT, u32(value))),
		...present(plan.events, events => nested(planTag.EVENTS, [
			text(eventsTag.PATH, events.path),
			text(eventsTag.ATTRIBUTES, events.attributes),
			...optionalText(eventsTag.ACTOR, events.actor),
		])),
		...texts(planTag.VOLUME, plan.volumes?.map(({name, attributes}) => `${name} ${attributes}`)),
	];
}

function containerRecords(plan: ContainerPlan): Buffer[] {
	return [
		...texts(planTag.LOWER, plan.lowers),
		...optionalText(planTag.UPPER, plan.upper),
		...optionalText(planTag.WORK, plan.work),
		text(planTag.ROOTFS, plan.rootfs),
		...(plan.mounts ?? []).map(mount => mountRecord(mount)),
		...optionalText(planTag.HOSTNAME, plan.hostname),
		...optionalText(planTag.DOMAINNAME, plan.domainname),
		...texts(planTag.MASKED, plan.masked),
		...texts(planTag.READONLY, plan.readonly),
		...(plan.devices ?? []).map(device => deviceRecord(device)),
		...present(plan.deviceFilter, filter => record(planTag.DEVICE_FILTER, Buffer.from(filter.buffer, filter.byteOffset, filter.byteLength))),
		...texts(planTag.SYSCTL, Object.entries(plan.sysctls ?? {}).map(([key, value]) => `${key}=${value}`)),
		...plan.namespaces.map(namespace => nested(planTag.NAMESPACE, [
			record(namespaceTag.KIND, u32(namespaceKind[namespace.kind])),
			...optionalText(namespaceTag.PATH, namespace.path),
		])),
	];
}

function execRecords(plan: ExecPlan): Buffer[] {
	return [record(planTag.TARGET, Buffer.concat([u32(plan.target.pid), u64(plan.target.startTicks)]))];
}

function mountRecord(mount: PlanMount): Buffer {
	return nested(planTag.MOUNT, [
		record(mountTag.TYPE, u32(mountType[mount.type])),
		...optionalText(mountTag.SOURCE, mount.source),
		...optionalText(mountTag.SUBPATH, mount.subpath),
		text(mountTag.TARGET, mount.target),
		record(mountTag.FLAGS, u32(Number(bits(mount.flags ?? [], mountFlag)))),
		...optionalText(mountTag.DATA, mount.data),
		...present(mount.propagation, name => record(mountTag.PROPAGATION, u32(propagation[name]))),
	]);
}

function deviceRecord(device: DeviceNode): Buffer {
	return nested(planTag.DEVICE, [
		text(deviceTag.PATH, device.path),
		record(deviceTag.TYPE, u32(device.type.charCodeAt(0))),
		record(deviceTag.MAJOR, u32(device.major)),
		record(deviceTag.MINOR, u32(device.minor)),
		record(deviceTag.MODE, u32(device.mode)),
		record(deviceTag.UID, u32(device.uid)),
		record(deviceTag.GID, u32(device.gid)),
	]);
}

function record(tag: number, payload: Uint8Array): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt16LE(tag, 0);
	header.writeUInt32LE(payload.length, 4);
	return Buffer.concat([header, payload]);
}

function nested(tag: number, members: readonly Buffer[]): Buffer {
	return record(tag, Buffer.concat(members));
}

function text(tag: number, value: string): Buffer {
	if (value.includes('\0')) {
		throw new EngineError('invalidParameter', `a NUL byte in ${JSON.stringify(value)}`);
	}

	return record(tag, Buffer.from(value));
}

function texts(tag: number, values: readonly string[] | undefined): Buffer[] {
	return (values ?? []).map(value => text(tag, value));
}

function optionalText(tag: number, value: string | undefined): Buffer[] {
	return present(value, given => text(tag, given));
}

function present<T>(value: T | undefined, encode: (value: T) => Buffer): Buffer[] {
	return value === undefined ? [] : [encode(value)];
}

function bits<Name extends string>(names: readonly Name[], numbers: Readonly<Record<Name, number>>): bigint {
	let mask = 0n;
	for (const name of names) {
		mask |= 1n << BigInt(numbers[name]);
	}

	return mask;
}

function u16(value: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16LE(value);
	return bytes;
}

function u32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}

function i32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32LE(value);
	return bytes;
}

function u64(value: bigint): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(value);
	return bytes;
}
