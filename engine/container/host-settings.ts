/**
docker's `HostConfig`, read from what a client sent. What this engine does not do is refused with the reason when the container is created, so that nothing
asked for is silently missing while it runs.
*/
import {EngineError} from '../errors.js';
import {asArray, asObject, asString, asStringMap, asStrings, integerField, optional} from '../oci/json-shape.js';
import {parseDevice, parseDeviceCgroupRule, type DeviceRequest} from './device-request.js';
import {parseLogConfig, type LogConfig} from './log-options.js';
import {parseMount, type MountRequest} from './mount-request.js';
import {parseLimits, type ResourceLimits} from './resource-limits.js';
import {refuseUnsupported} from './unsupported-settings.js';

/** Absent numbers are 0 as in docker, where 0 means "not limited" (OomScoreAdj: the kernel's 0). */
export type HostSettings = {
	readonly Binds: readonly string[] | null;
	readonly Mounts?: readonly MountRequest[];
	readonly VolumesFrom?: readonly string[]; // `container[:ro|rw]`
	readonly Tmpfs?: Readonly<Record<string, string>>;
	readonly LogConfig: LogConfig;
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
	readonly DeviceCgroupRules: readonly string[] | null; // Absent in records of earlier versions
	readonly Ulimits: readonly Ulimit[] | null;
	readonly MaskedPaths?: readonly string[]; // Absent: the defaults
	readonly ReadonlyPaths?: readonly string[];
} & ResourceLimits;

export type Ulimit = {readonly Name: string; readonly Soft: number; readonly Hard: number};

export const defaultShmBytes = 64 * 1024 * 1024;

/** Reads and checks a HostConfig. Throws `invalidParameter`, or `notImplemented` naming what is not done. */
export function parseHostSettings(unsafe: unknown): HostSettings {
	const fields = optional(unsafe, 'HostConfig', asObject) ?? {};
	refuseUnsupported(fields);
	const strings = (name: string) => optional(fields[name], name, asStrings) ?? null;
	const text = (name: string) => optional(fields[name], name, asString) ?? '';
	const flag = (name: string) => fields[name] === true;
	const mounts = optional(fields['Mounts'], 'Mounts', asArray);
	const tmpfs = optional(fields['Tmpfs'], 'Tmpfs', asStringMap);
	const volumesFrom = strings('VolumesFrom') ?? [];
	const sysctls = optional(fields['Sysctls'], 'Sysctls', asStringMap);
	const privileged = flag('Privileged');
	return {
		Binds: strings('Binds'),
		...(mounts === undefined || mounts.length === 0 ? {} : {Mounts: mounts.map((mount, index) => parseMount(mount, `Mounts[${index}]`))}),
		...(volumesFrom.length === 0 ? {} : {VolumesFrom: volumesFrom}),
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
		OomScoreAdj: parseOomScore(integerField(fields, 'OomScoreAdj')),
		PidMode: oneOf('PID mode', text('PidMode'), ['', 'host']),
		Privileged: privileged,
		ReadonlyRootfs: flag('ReadonlyRootfs'),
		SecurityOpt: strings('SecurityOpt'),
		...(sysctls === undefined ? {} : {Sysctls: sysctls}),
		UTSMode: oneOf('UTS mode', text('UTSMode'), ['', 'host']),
		ShmSize: parseShmSize(integerField(fields, 'ShmSize')),
		...(typeof fields['Init'] === 'boolean' ? {Init: fields['Init']} : {}),
		Devices: (optional(fields['Devices'], 'Devices', asArray) ?? []).map((device, index) => parseDevice(device, `Devices[${index}]`)),
		DeviceCgroupRules: checkedRules(strings('DeviceCgroupRules')),
		Ulimits: optional(fields['Ulimits'], 'Ulimits', asArray)?.map((limit, index) => parseUlimit(limit, `Ulimits[${index}]`)) ?? null,
		...(Array.isArray(fields['MaskedPaths']) ? {MaskedPaths: asStrings(fields['MaskedPaths'], 'MaskedPaths')} : {}),
		...(Array.isArray(fields['ReadonlyPaths']) ? {ReadonlyPaths: asStrings(fields['ReadonlyPaths'], 'ReadonlyPaths')} : {}),
		...parseLimits(fields),
	};
}

function checkedRules(rules: readonly string[] | null): readonly string[] | null {
	rules?.forEach(rule => parseDeviceCgroupRule(rule));
	return rules === null || rules.length === 0 ? null : rules;
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

function parseUlimit(unsafe: unknown, subject: string): Ulimit {
	const fields = asObject(unsafe, subject);
	const limit = {Name: optional(fields['Name'], `${subject}.Name`, asString) ?? '', Soft: integerField(fields, 'Soft'), Hard: integerField(fields, 'Hard')};
	if (limit.Hard !== -1 && (limit.Soft > limit.Hard || limit.Soft === -1)) {
		throw new EngineError('invalidParameter', `ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`);
	}

	return limit;
}

function oneOf<T extends string>(what: string, value: string, allowed: readonly T[]): T {
	const found = allowed.find(candidate => candidate === value);
	if (found === undefined) {
		const joinsAnother = value.startsWith('container:');
		throw new EngineError(joinsAnother ? 'notImplemented' : 'invalidParameter', joinsAnother ? `${what}: joining another container's namespace is not supported yet` : `invalid ${what}: ${value}`);
	}

	return found;
}
