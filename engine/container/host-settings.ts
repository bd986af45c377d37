/**
docker's `HostConfig`, read from what a client sent. What this engine does not do is refused with the reason when the container is created, so that nothing
asked for is silently missing while it runs.
*/
import {EngineError} from '../errors.js';
import {asArray, asObject, asString, asStringMap, asStrings, optional, type JsonObject} from '../oci/json-shape.js';

/** Absent numbers are 0 as in docker, where 0 means "not limited" (OomScoreAdj: the kernel's 0). */
export type HostSettings = {
	readonly Binds: readonly string[] | null;
	readonly Mounts?: readonly MountRequest[];
	readonly Tmpfs?: Readonly<Record<string, string>>;
	readonly LogConfig: {readonly Type: 'json-file' | 'none'; readonly Config: Readonly<Record<string, string>>};
	readonly NetworkMode: string; // `default`, `none` or `host`
	readonly PortBindings: Readonly<Record<string, never>>;
	readonly RestartPolicy: {readonly Name: 'no'; readonly MaximumRetryCount: 0};
	readonly AutoRemove: boolean;
	readonly ConsoleSize: readonly [number, number]; // rows, columns
	readonly CapAdd: readonly string[] | null;
	readonly CapDrop: readonly string[] | null;
	readonly CgroupnsMode: 'host' | 'private';
	readonly Dns: readonly string[];
	readonly DnsOptions: readonly string[];
	readonly DnsSearch: readonly string[];
	readonly ExtraHosts: readonly string[] | null; // `name:address`
	readonly GroupAdd: readonly string[] | null;
	readonly IpcMode: 'host' | 'none' | 'private' | 'shareable';
	readonly OomScoreAdj: number; // -1000..1000
	readonly PidMode: '' | 'host';
	readonly Privileged: boolean;
	readonly ReadonlyRootfs: boolean;
	readonly SecurityOpt: readonly string[] | null;
	readonly Sysctls?: Readonly<Record<string, string>>;
	readonly UTSMode: '' | 'host';
	readonly ShmSize: number; // bytes
	readonly Init?: boolean;
	readonly Devices: readonly DeviceRequest[];
	readonly Ulimits: readonly Ulimit[] | null;
	readonly MaskedPaths?: readonly string[]; // Absent: the defaults
	readonly ReadonlyPaths?: readonly string[];
} & ResourceLimits;

export type ResourceLimits = {
	readonly Memory: number; // bytes
	readonly MemoryReservation: number; // bytes
	readonly MemorySwap: number; // bytes of memory and swap together; -1 unlimited
	readonly MemorySwappiness: number | null;
	readonly OomKillDisable: boolean | null;
	readonly NanoCpus: number; // 10⁹ is one processor
	readonly CpuShares: number;
	readonly CpuPeriod: number; // µs
	readonly CpuQuota: number; // µs
	readonly CpusetCpus: string;
	readonly CpusetMems: string;
	readonly PidsLimit: number | null; // 0 and -1: unlimited
};

export type MountRequest = {
	readonly Type: 'bind' | 'volume' | 'tmpfs';
	readonly Source?: string;
	readonly Target: string;
	readonly ReadOnly?: boolean;
	readonly BindOptions?: {readonly Propagation?: string; readonly NonRecursive?: boolean; readonly CreateMountpoint?: boolean};
	readonly TmpfsOptions?: {readonly SizeBytes?: number; readonly Mode?: number};
};

export type DeviceRequest = {readonly PathOnHost: string; readonly PathInContainer: string; readonly CgroupPermissions: string};
export type Ulimit = {readonly Name: string; readonly Soft: number; readonly Hard: number};

export const defaultShmBytes = 64 * 1024 * 1024;
const minMemoryBytes = 6 * 1024 * 1024;

/** Reads and checks a HostConfig. Throws `invalidParameter`, or `notImplemented` naming what is not done. */
export function parseHostSettings(unsafe: unknown): HostSettings {
	const fields = optional(unsafe, 'HostConfig', asObject) ?? {};
	refuseUnsupported(fields);
	const strings = (name: string) => optional(fields[name], name, asStrings) ?? null;
	const text = (name: string) => optional(fields[name], name, asString) ?? '';
	const flag = (name: string) => fields[name] === true;
	const mounts = optional(fields['Mounts'], 'Mounts', asArray);
	const tmpfs = optional(fields['Tmpfs'], 'Tmpfs', asStringMap);
	const sysctls = optional(fields['Sysctls'], 'Sysctls', asStringMap);
	const privileged = flag('Privileged');
	return {
		Binds: strings('Binds'),
		...(mounts === undefined || mounts.length === 0 ? {} : {Mounts: mounts.map((mount, index) => parseMount(mount, `Mounts[${index}]`))}),
		...(tmpfs === undefined ? {} : {Tmpfs: tmpfs}),
		LogConfig: parseLogConfig(fields['LogConfig']),
		NetworkMode: parseNetworkMode(text('NetworkMode')),
		PortBindings: {},
		RestartPolicy: {Name: 'no', MaximumRetryCount: 0},
		AutoRemove: flag('AutoRemove'),
		ConsoleSize: parseConsoleSize(fields['ConsoleSize']),
		CapAdd: strings('CapAdd'),
		CapDrop: strings('CapDrop'),
		CgroupnsMode: oneOf('cgroup namespace mode', text('CgroupnsMode') || (privileged ? 'host' : 'private'), ['host', 'private']),
		Dns: strings('Dns') ?? [],
		DnsOptions: strings('DnsOptions') ?? [],
		DnsSearch: strings('DnsSearch') ?? [],
		ExtraHosts: parseExtraHosts(strings('ExtraHosts')),
		GroupAdd: strings('GroupAdd'),
		IpcMode: oneOf('IPC mode', text('IpcMode') || 'private', ['host', 'none', 'private', 'shareable']),
		OomScoreAdj: parseOomScore(integer(fields, 'OomScoreAdj')),
		PidMode: oneOf('PID mode', text('PidMode'), ['', 'host']),
		Privileged: privileged,
		ReadonlyRootfs: flag('ReadonlyRootfs'),
		SecurityOpt: strings('SecurityOpt'),
		...(sysctls === undefined ? {} : {Sysctls: sysctls}),
		UTSMode: oneOf('UTS mode', text('UTSMode'), ['', 'host']),
		ShmSize: parseShmSize(integer(fields, 'ShmSize')),
		...(typeof fields['Init'] === 'boolean' ? {Init: fields['Init']} : {}),
		Devices: (optional(fields['Devices'], 'Devices', asArray) ?? []).map((device, index) => parseDevice(device, `Devices[${index}]`)),
		Ulimits: optional(fields['Ulimits'], 'Ulimits', asArray)?.map((limit, index) => parseUlimit(limit, `Ulimits[${index}]`)) ?? null,
		...(Array.isArray(fields['MaskedPaths']) ? {MaskedPaths: asStrings(fields['MaskedPaths'], 'MaskedPaths')} : {}),
		...(Array.isArray(fields['ReadonlyPaths']) ? {ReadonlyPaths: asStrings(fields['ReadonlyPaths'], 'ReadonlyPaths')} : {}),
		...parseLimits(fields),
	};
}

/** Members that mean something this engine has not: name → [is it asked for?, what to say]. */
const unsupported: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
	PortBindings: [isFilled, 'publishing ports needs a network, and containers have none yet but `none` and `host`; with --network host the program listens on the host itself'],
	PublishAllPorts: [value => value === true, 'publishing ports needs a network, and containers have none yet but `none` and `host`; with --network host the program listens on the host itself'],
	Links: [isFilled, 'links between containers are not supported'],
	VolumesFrom: [isFilled, 'volumes from other containers are not supported yet; name the volumes with -v'],
	VolumeDriver: [value => isFilled(value) && value !== 'local', 'only the volume driver `local` is there'],
	RestartPolicy: [value => isFilled(value) && !['', 'no', undefined].includes((value as {Name?: string}).Name), 'restart policies are not supported yet'],
	Runtime: [value => isFilled(value) && value !== 'tug', 'only the built-in runtime is there'],
	UsernsMode: [value => isFilled(value) && value !== 'host', 'user namespace modes are not supported; without root every container is in the user namespace of its user'],
	CgroupParent: [isFilled, 'a cgroup parent can\'t be chosen'],
	StorageOpt: [isFilled, 'storage options are not supported'],
	DeviceRequests: [isFilled, 'device requests (GPUs) are not supported'],
	DeviceCgroupRules: [isFilled, 'device cgroup rules are not supported'],
	BlkioWeight: [isFilled, 'block I/O limits are not supported'],
	BlkioWeightDevice: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceReadBps: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceWriteBps: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceReadIOps: [isFilled, 'block I/O limits are not supported'],
	BlkioDeviceWriteIOps: [isFilled, 'block I/O limits are not supported'],
	KernelMemory: [isFilled, 'kernel memory limits are gone from the kernel'],
	KernelMemoryTCP: [isFilled, 'kernel memory limits are gone from the kernel'],
	CpuRealtimePeriod: [isFilled, 'real-time scheduling limits are not supported'],
	CpuRealtimeRuntime: [isFilled, 'real-time scheduling limits are not supported'],
	CpuCount: [isFilled, 'CpuCount is for Windows'],
	CpuPercent: [isFilled, 'CpuPercent is for Windows'],
	Isolation: [value => isFilled(value) && value !== 'default', 'isolation technologies are for Windows'],
	Cgroup: [isFilled, 'the cgroup of another container can\'t be joined'],
};

function isFilled(value: unknown): boolean {
	if (typeof value === 'object' && value !== null) {
		return Object.keys(value).length > 0;
	}

	return Boolean(value);
}

function refuseUnsupported(fields: JsonObject): void {
	for (const [name, [isAskedFor, reason]] of Object.entries(unsupported)) {
		if (isAskedFor(fields[name])) {
			throw new EngineError('notImplemented', `${name}: ${reason}`, {code: 'notSupported'});
		}
	}
}

function parseNetworkMode(mode: string): string {
	if (['', 'default'].includes(mode)) {
		return 'default';
	}

	if (mode === 'none' || mode === 'host') {
		return mode;
	}

	throw new EngineError('notImplemented', `network ${mode}: only the networks \`none\` and \`host\` are there yet`, {
		code: 'notSupported',
		hint: 'Use --network none (loopback only, as without the option) or --network host.',
	});
}

const logOptions: Readonly<Record<'json-file' | 'none', readonly string[]>> = {
	'json-file': ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', 'mode', 'max-buffer-size'],
	none: [],
};

function parseLogConfig(unsafe: unknown): HostSettings['LogConfig'] {
	const fields = optional(unsafe, 'LogConfig', asObject) ?? {};
	const type = optional(fields['Type'], 'LogConfig.Type', asString) || 'json-file';
	if (type !== 'json-file' && type !== 'none') {
		throw new EngineError('invalidParameter', `logger: no log driver named '${type}' is registered`, {hint: 'Use json-file or none.'});
	}

	const options = optional(fields['Config'], 'LogConfig.Config', asStringMap) ?? {};
	for (const name of Object.keys(options)) {
		if (!logOptions[type].includes(name)) {
			throw new EngineError('invalidParameter', `unknown log opt '${name}' for ${type} log driver`);
		}
	}

	const limits = parseLogLimits(options);
	if (limits.maxFiles > 1 && limits.maxSizeBytes === 0) {
		throw new EngineError('invalidParameter', 'log opt \'max-file\' needs \'max-size\'');
	}

	return {Type: type, Config: options};
}

/** `max-size` (bytes, 0 for none) and `max-file` of a json-file log. Throws `invalidParameter`. */
export function parseLogLimits(options: Readonly<Record<string, string>>): {readonly maxSizeBytes: number; readonly maxFiles: number} {
	const size = options['max-size'];
	const files = options['max-file'] ?? '1';
	const match = size === undefined || size === '-1' ? undefined : /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(size);
	if (match === null || !/^[1-9]\d*$/.test(files)) {
		throw new EngineError('invalidParameter', match === null ? `invalid size: '${size}'` : 'max-file must be a number from 1');
	}

	const power = match === undefined ? 0 : ['', 'k', 'm', 'g', 't', 'p'].indexOf(match[2]!.toLowerCase());
	return {maxSizeBytes: match === undefined ? 0 : Math.floor(Number(match[1]) * 1024 ** power), maxFiles: Number(files)};
}

function parseConsoleSize(unsafe: unknown): readonly [number, number] {
	const [rows, columns] = optional(unsafe, 'ConsoleSize', asArray) ?? [];
	return [typeof rows === 'number' ? rows : 0, typeof columns === 'number' ? columns : 0];
}

function parseExtraHosts(hosts: readonly string[] | null): readonly string[] | null {
	for (const host of hosts ?? []) {
		const colon = host.indexOf(':');
		if (colon < 1 || /\s/.test(host)) {
			throw new EngineError('invalidParameter', `bad format for add-host: "${host}"`);
		}

		if (host.slice(colon + 1) === 'host-gateway') {
			throw new EngineError('notImplemented', 'host-gateway needs a network, and containers have none yet but `none` and `host`', {code: 'notSupported'});
		}
	}

	return hosts;
}

function parseOomScore(score: number): number {
	if (score < -1000 || score > 1000) {
		throw new EngineError('invalidParameter', `Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
	}

	return score;
}

function parseShmSize(bytes: number): number {
	if (bytes < 0) {
		throw new EngineError('invalidParameter', 'SHM size can not be less than 0');
	}

	return bytes || defaultShmBytes;
}

function parseMount(unsafe: unknown, subject: string): MountRequest {
	const fields = asObject(unsafe, subject);
	const type = optional(fields['Type'], `${subject}.Type`, asString) ?? '';
	if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') {
		throw new EngineError('invalidParameter', `invalid mount config: mount type unknown: "${type}"`);
	}

	const volume = optional(fields['VolumeOptions'], `${subject}.VolumeOptions`, asObject) ?? {};
	const driver = optional(volume['DriverConfig'], `${subject}.VolumeOptions.DriverConfig`, asObject) ?? {};
	if (isFilled(volume['Subpath']) || isFilled(driver['Options']) || (isFilled(driver['Name']) && driver['Name'] !== 'local')) {
		throw new EngineError('notImplemented', `${subject}: volume drivers, their options and subpaths are not supported`, {code: 'notSupported'});
	}

	const bind = optional(fields['BindOptions'], `${subject}.BindOptions`, asObject);
	const tmpfs = optional(fields['TmpfsOptions'], `${subject}.TmpfsOptions`, asObject);
	const source = optional(fields['Source'], `${subject}.Source`, asString);
	const propagation = optional(bind?.['Propagation'], `${subject}.BindOptions.Propagation`, asString);
	return {
		Type: type,
		...(source === undefined ? {} : {Source: source}),
		Target: optional(fields['Target'], `${subject}.Target`, asString) ?? '',
		...(fields['ReadOnly'] === true ? {ReadOnly: true} : {}),
		...(bind === undefined ? {} : {
			BindOptions: {
				...(propagation === undefined ? {} : {Propagation: propagation}),
				...(bind['NonRecursive'] === true ? {NonRecursive: true} : {}),
				...(bind['CreateMountpoint'] === true ? {CreateMountpoint: true} : {}),
			},
		}),
		...(tmpfs === undefined ? {} : {TmpfsOptions: {SizeBytes: integer(tmpfs, 'SizeBytes'), Mode: integer(tmpfs, 'Mode')}}),
	};
}

function parseDevice(unsafe: unknown, subject: string): DeviceRequest {
	const fields = asObject(unsafe, subject);
	const text = (name: string) => optional(fields[name], `${subject}.${name}`, asString) ?? '';
	const host = text('PathOnHost');
	const inside = text('PathInContainer') || host;
	const permissions = text('CgroupPermissions') || 'rwm';
	if (!host.startsWith('/') || !inside.startsWith('/')) {
		throw new EngineError('invalidParameter', `device ${host}:${inside} needs absolute paths`);
	}

	if (!/^[rwm]{1,3}$/.test(permissions)) {
		throw new EngineError('invalidParameter', `invalid device permissions: ${permissions}`);
	}

	return {PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions};
}

function parseUlimit(unsafe: unknown, subject: string): Ulimit {
	const fields = asObject(unsafe, subject);
	const limit = {Name: optional(fields['Name'], `${subject}.Name`, asString) ?? '', Soft: integer(fields, 'Soft'), Hard: integer(fields, 'Hard')};
	if (limit.Hard !== -1 && (limit.Soft > limit.Hard || limit.Soft === -1)) {
		throw new EngineError('invalidParameter', `ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`);
	}

	return limit;
}

function parseLimits(fields: JsonObject): ResourceLimits {
	const swappiness = fields['MemorySwappiness'];
	const pids = fields['PidsLimit'];
	const limits: ResourceLimits = {
		Memory: integer(fields, 'Memory'),
		MemoryReservation: integer(fields, 'MemoryReservation'),
		MemorySwap: integer(fields, 'MemorySwap'),
		MemorySwappiness: typeof swappiness === 'number' && swappiness !== -1 ? swappiness : null,
		OomKillDisable: fields['OomKillDisable'] === true ? true : null,
		NanoCpus: integer(fields, 'NanoCpus'),
		CpuShares: integer(fields, 'CpuShares'),
		CpuPeriod: integer(fields, 'CpuPeriod'),
		CpuQuota: integer(fields, 'CpuQuota'),
		CpusetCpus: optional(fields['CpusetCpus'], 'CpusetCpus', asString) ?? '',
		CpusetMems: optional(fields['CpusetMems'], 'CpusetMems', asString) ?? '',
		PidsLimit: typeof pids === 'number' && pids !== 0 ? pids : null,
	};
	checkLimits(limits);
	return limits;
}

/** moby daemon_unix.go, verifyPlatformContainerResources. */
function checkLimits(limits: ResourceLimits): void {
	const refuse = (message: string): never => {
		throw new EngineError('invalidParameter', message);
	};

	if (limits.Memory > 0 && limits.Memory < minMemoryBytes) {
		refuse('Minimum memory limit allowed is 6MB');
	}

	if (limits.Memory > 0 && limits.MemorySwap > 0 && limits.MemorySwap < limits.Memory) {
		refuse('Minimum memoryswap limit should be larger than memory limit, see usage');
	}

	if (limits.Memory === 0 && limits.MemorySwap > 0) {
		refuse('You should always set the Memory limit when using Memoryswap limit, see usage');
	}

	if (limits.Memory > 0 && limits.MemoryReservation > limits.Memory) {
		refuse('Minimum memory limit can not be less than memory reservation limit, see usage');
	}

	if (limits.NanoCpus > 0 && (limits.CpuPeriod > 0 || limits.CpuQuota > 0)) {
		refuse(`Conflicting options: Nano CPUs and CPU ${limits.CpuPeriod > 0 ? 'Period' : 'Quota'} cannot both be set`);
	}

	if (limits.NanoCpus < 0 || (limits.CpuPeriod !== 0 && (limits.CpuPeriod < 1000 || limits.CpuPeriod > 1_000_000))) {
		refuse(limits.NanoCpus < 0 ? 'range of CPUs is from 0.01 up' : 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
	}

	if (limits.CpuQuota > 0 && limits.CpuQuota < 1000) {
		refuse('CPU cfs quota can not be less than 1ms (i.e. 1000)');
	}

	for (const [name, list] of [['cpus', limits.CpusetCpus], ['memory nodes', limits.CpusetMems]] as const) {
		if (list !== '' && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) {
			refuse(`Invalid value ${list} for cpuset ${name}`);
		}
	}
}

function integer(fields: JsonObject, name: string): number {
	const value = fields[name];
	if (value === undefined || value === null) {
		return 0;
	}

	if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
		throw new EngineError('invalidParameter', `${name} is not a whole number`);
	}

	return value;
}

function oneOf<T extends string>(what: string, value: string, allowed: readonly T[]): T {
	const found = allowed.find(candidate => candidate === value);
	if (found === undefined) {
		const joinsAnother = value.startsWith('container:');
		throw new EngineError(joinsAnother ? 'notImplemented' : 'invalidParameter', joinsAnother ? `${what}: joining another container's namespace is not supported yet` : `invalid ${what}: ${value}`);
	}

	return found;
}
