/**
From a container to the launch plan: what docker's daemon decides (moby daemon/oci_linux.go, oci/defaults.go), as far as the plan has records for it.
*/
import fs from 'node:fs';
import {EngineError, systemError} from '../errors.js';
import type {ContainerPlan, PlanFlagName, PlanMount, PlanNamespace} from '../runtime/plan.js';
import {resolveCapabilities, type CapabilitySets} from '../runtime/security/capabilities.js';
import {defaultDevices, maskedPaths, readonlyPaths, type DeviceNode} from '../runtime/security/default-paths.js';
import {compileSeccompProfile, defaultSeccompFilter} from '../runtime/security/seccomp.js';
import {overlayEnvironment} from './container-config.js';
import {eventAttributes, type ContainerContext} from './container-context.js';
import {containerPlaces, lowerFolders} from './container-store.js';
import type {ContainerRecord, MountPoint} from './container.js';
import {allHostDevices, hostDevices, type HostDevice} from './host-devices.js';
import {hostFiles} from './host-files.js';
import {parseLogLimits} from './log-options.js';
import {parseRlimits, parseSecurityOptions} from './security-settings.js';

export type PlanExtras = {
	/** Folders whose cgroup.procs takes the process. */
	readonly cgroups?: readonly string[];
	/** What the v2 group among them may use (security/device-rules.ts). */
	readonly deviceFilter?: Buffer;
	/** Let it run at once, instead of waiting for the start command. */
	readonly autoStart: boolean;
	readonly size?: {readonly rows: number; readonly columns: number};
};

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The plan of a container. Its files, volumes and groups must be there. Throws `invalidParameter` for what can't be mounted or used. */
export async function launchPlan(context: ContainerContext, record: ContainerRecord, extras: PlanExtras): Promise<ContainerPlan> {
	const {store} = context;
	const {config, hostConfig} = record;
	const places = containerPlaces(store, record.id);
	const capabilities = resolveCapabilities({add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged: hostConfig.Privileged});
	const seccomp = await seccompFilter(hostConfig.Privileged, hostConfig.SecurityOpt, capabilities);
	const size = extras.size ?? (hostConfig.ConsoleSize[0] > 0 ? {rows: hostConfig.ConsoleSize[0], columns: hostConfig.ConsoleSize[1]} : undefined);
	const limits = parseLogLimits(hostConfig.LogConfig.Config);
	return {
		kind: 'container',
		id: record.id,
		stateDir: places.folder,
		socket: places.socket,
		flags: planFlags(context, record, extras.autoStart),
		lowers: lowerFolders(store, record),
		upper: places.upper,
		work: places.work,
		rootfs: places.rootfs,
		mounts: [...standardMounts(context, record), ...byDepth([...hostFileMounts(context, record), ...record.mounts.map(mount => ownMount(context, mount))]), ...renamedDevices(context, record)],
		args: [record.path, ...record.args],
		env: containerEnvironment(record),
		cwd: config.WorkingDir || '/',
		...(hostConfig.UTSMode === 'host' ? {} : {hostname: hostConfig.NetworkMode === 'host' && config.Hostname === record.id.slice(0, 12) ? hostName() : config.Hostname}),
		...(config.Domainname === '' || hostConfig.UTSMode === 'host' ? {} : {domainname: config.Domainname}),
		user: config.User,
		groupAdd: hostConfig.GroupAdd ?? [],
		capabilities,
		rlimits: parseRlimits(hostConfig.Ulimits ?? []),
		...(seccomp === undefined ? {} : {seccomp}),
		masked: hostConfig.MaskedPaths ?? (hostConfig.Privileged ? [] : maskedPaths()),
		readonly: hostConfig.ReadonlyPaths ?? (hostConfig.Privileged ? [] : readonlyPaths),
		devices: devices(context, record),
		sysctls: {...defaultSysctls(context, record), ...hostConfig.Sysctls},
		...(hostConfig.OomScoreAdj === 0 ? {} : {oomScoreAdj: hostConfig.OomScoreAdj}),
		...(hostConfig.LogConfig.Type === 'none' ? {} : {log: {path: places.log, maxSizeBytes: BigInt(limits.maxSizeBytes), maxFiles: limits.maxFiles}}),
		...(extras.cgroups === undefined ? {} : {cgroups: extras.cgroups}),
		...(extras.deviceFilter === undefined ? {} : {deviceFilter: extras.deviceFilter}),
		namespaces: namespaces(record),
		...(config.Tty && size !== undefined ? {ttySize: size} : {}),
		volumes: record.mounts.filter(mount => mount.type === 'volume').map(mount => ({name: mount.name!, attributes: volumeAttributes(record, mount)})),
		events: {path: store.layout.events, attributes: JSON.stringify(eventAttributes(record)).slice(1, -1)},
	};
}

function planFlags(context: ContainerContext, {config, hostConfig}: ContainerRecord, autoStart: boolean): PlanFlagName[] {
	const flags: ReadonlyArray<readonly [PlanFlagName, boolean]> = [
		['tty', config.Tty],
		['openStdin', config.OpenStdin],
		['stdinOnce', config.StdinOnce],
		['autoStart', autoStart],
		['readonlyRootfs', hostConfig.ReadonlyRootfs],
		['noNewPrivs', parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges],
		// What a container writes that is removed when it stops need not survive a power cut; nor must its record.
		['volatile', hostConfig.AutoRemove],
		['noSync', hostConfig.AutoRemove],
		['userxattr', context.uid !== 0], // Overlay in a user namespace has no trusted.* attributes
		['singleId', context.store.mapping.single],
		['init', hostConfig.Init === true],
		['createCwd', true], // As docker does
	];
	return flags.filter(([, isSet]) => isSet).map(([name]) => name);
}

/** Undefined: no filter. */
export async function seccompFilter(isPrivileged: boolean, securityOptions: readonly string[] | null, {bounding}: CapabilitySets): Promise<Buffer | undefined> {
	const {seccomp} = parseSecurityOptions(securityOptions ?? []);
	if (isPrivileged || seccomp === 'unconfined') {
		return undefined;
	}

	return seccomp === 'default' ? defaultSeccompFilter(bounding) : compileSeccompProfile(seccomp, bounding);
}

function namespaces({hostConfig}: ContainerRecord): PlanNamespace[] {
	return [
		{kind: 'mount'},
		...(hostConfig.PidMode === 'host' ? [] : [{kind: 'pid'} as const]),
		...(hostConfig.NetworkMode === 'host' ? [] : [{kind: 'net'} as const]),
		...(hostConfig.IpcMode === 'host' ? [] : [{kind: 'ipc'} as const]),
		...(hostConfig.UTSMode === 'host' ? [] : [{kind: 'uts'} as const]),
		...(hostConfig.CgroupnsMode === 'host' ? [] : [{kind: 'cgroup'} as const]),
	];
}

/**
In a user namespace sysfs and proc can only be mounted for namespaces that belong to it. Where the container shares the host's, the host's mount is bound instead.
*/
function standardMounts(context: ContainerContext, {hostConfig}: ContainerRecord): PlanMount[] {
	const isRootless = context.uid !== 0;
	const sysReadonly = hostConfig.Privileged ? [] : (['readonly'] as const);
	const strict = ['nosuid', 'noexec', 'nodev'] as const;
	const proc: PlanMount = isRootless && hostConfig.PidMode === 'host'
		? {type: 'bind', source: '/proc', target: '/proc', flags: [...strict, 'recursive']}
		: {type: 'proc', target: '/proc', flags: strict};
	const sysIsHosts = isRootless && hostConfig.NetworkMode === 'host';
	const sys: PlanMount = sysIsHosts
		? {type: 'bind', source: '/sys', target: '/sys', flags: [...strict, ...sysReadonly, 'recursive']}
		: {type: 'sysfs', target: '/sys', flags: [...strict, ...sysReadonly]};
	const terminals = context.store.mapping.single ? '' : ',gid=5';
	return [
		proc,
		{type: 'tmpfs', target: '/dev', flags: ['nosuid'], data: 'mode=755,size=65536k'},
		{type: 'devpts', target: '/dev/pts', flags: ['nosuid', 'noexec'], data: `newinstance,ptmxmode=0666,mode=0620${terminals}`},
		sys,
		...(sysIsHosts ? [] : [{type: 'cgroup', target: '/sys/fs/cgroup', flags: [...strict, ...sysReadonly, 'optional']} as const]),
		...sharedMemory(hostConfig),
	];
}

function sharedMemory({IpcMode: mode, ShmSize: size}: ContainerRecord['hostConfig']): PlanMount[] {
	const strict = ['nosuid', 'noexec', 'nodev'] as const;
	if (mode === 'host') {
		return [
			{type: 'bind', source: '/dev/shm', target: '/dev/shm', flags: ['recursive', 'createTarget']},
			{type: 'bind', source: '/dev/mqueue', target: '/dev/mqueue', flags: ['recursive', 'createTarget', 'optional']},
		];
	}

	const queues: PlanMount = {type: 'mqueue', target: '/dev/mqueue', flags: strict};
	return mode === 'none' ? [queues] : [queues, {type: 'tmpfs', target: '/dev/shm', flags: strict, data: `mode=1777,size=${size}`}];
}

function hostFileMounts(context: ContainerContext, record: ContainerRecord): PlanMount[] {
	return hostFiles(containerPlaces(context.store, record.id), record)
		.map(({source, target}) => ({type: 'bind', source, target, flags: ['targetIsFile', 'createTarget'], propagation: 'rprivate'}));
}

/** What lies in another mount comes after it: /etc/hosts after a volume at /etc. */
function byDepth(mounts: readonly PlanMount[]): PlanMount[] {
	const depth = ({target}: PlanMount) => target.split('/').length;
	return mounts.toSorted((a, b) => depth(a) - depth(b));
}

/** docker's attributes of a volume's `mount` event, as JSON members. */
function volumeAttributes({id}: ContainerRecord, mount: MountPoint): string {
	return JSON.stringify({container: id, destination: mount.destination, driver: 'local', propagation: '', 'read/write': String(mount.isWritable)}).slice(1, -1);
}

function ownMount(context: ContainerContext, mount: MountPoint): PlanMount {
	if (mount.type === 'tmpfs') {
		return tmpfsMount(mount, ['nosuid', 'nodev', 'noexec']);
	}

	const volume = mount.type === 'volume' ? context.volumes.mountOf(mount.name!) : undefined;
	if (volume?.kind === 'tmpfs') {
		return tmpfsMount({...mount, mode: volume.options, isWritable: mount.isWritable && !volume.options.split(',').includes('ro')}, []);
	}

	return volume?.kind === 'bind' ? bindMount({...mount, source: volume.source, isRecursive: volume.isRecursive, isWritable: mount.isWritable && !volume.isReadonly}, mount.source) : bindMount(mount);
}

function tmpfsMount(mount: MountPoint, defaults: ReadonlyArray<'nosuid' | 'nodev' | 'noexec'>): PlanMount {
	const {data, flags} = tmpfsOptions(mount, defaults);
	return {type: 'tmpfs', target: mount.destination, flags: [...flags, 'createTarget'], ...(data === '' ? {} : {data})};
}

/** Makes the host's side of a `-v` that is not there, as docker does. */
function bindMount(mount: MountPoint, volumeFolder?: string): PlanMount {
	const isFile = sourceIsFile(mount, volumeFolder);
	return {
		type: 'bind',
		source: mount.source,
		...(mount.subpath === undefined ? {} : {subpath: mount.subpath}),
		target: mount.destination,
		flags: ['createTarget', ...(isFile ? (['targetIsFile'] as const) : []), ...(mount.isRecursive ? (['recursive'] as const) : []), ...(mount.isWritable ? [] : (['readonly'] as const)), ...(mount.isTopReadonly === true ? (['topReadonly'] as const) : [])],
		propagation: mount.propagation,
	};
}

function sourceIsFile(mount: MountPoint, volumeFolder: string = mount.source): boolean {
	try {
		const stat = fs.statSync(mount.source, {throwIfNoEntry: false});
		if (stat !== undefined) {
			return !stat.isDirectory();
		}

		if (mount.createsSource === true) {
			fs.mkdirSync(mount.source, {recursive: true});
			return false;
		}
	} catch (error) {
		throw mount.createsSource === true ? systemError(`error while creating mount source path '${mount.source}'`, error) : systemError(`mounting ${mount.source}`, error);
	}

	throw mount.type === 'volume'
		? new EngineError('invalidParameter', `error while mounting volume '${volumeFolder}': failed to mount local volume: mount ${mount.source}:${volumeFolder}, flags: 0x1000: no such file or directory`, {exitCode: 127})
		: new EngineError('invalidParameter', `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`);
}

const mountFlags: Readonly<Record<string, 'nosuid' | 'nodev' | 'noexec'>> = {nosuid: 'nosuid', nodev: 'nodev', noexec: 'noexec'};
const clearingFlags: Readonly<Record<string, 'nosuid' | 'nodev' | 'noexec'>> = {suid: 'nosuid', dev: 'nodev', exec: 'noexec'};

/** docker's defaults for `--tmpfs` are noexec, nosuid and nodev; words override them, the rest goes to the file system. */
function tmpfsOptions({mode: options, isWritable}: MountPoint, defaults: ReadonlyArray<'nosuid' | 'nodev' | 'noexec'>): {data: string; flags: Array<'nosuid' | 'nodev' | 'noexec' | 'readonly'>} {
	const flags = new Set<'nosuid' | 'nodev' | 'noexec' | 'readonly'>(defaults);
	const data: string[] = [];
	for (const word of options === '' ? [] : options.split(',')) {
		if (Object.hasOwn(mountFlags, word)) {
			flags.add(mountFlags[word]!);
		} else if (Object.hasOwn(clearingFlags, word)) {
			flags.delete(clearingFlags[word]!);
		} else if (word.includes('=')) {
			data.push(word);
		}
	}

	if (!isWritable) {
		flags.add('readonly');
	}

	return {data: data.join(','), flags: [...flags]};
}

/** `PATH` and `HOSTNAME` come first and may be overridden; `HOME` is added by the runtime, which knows the user. */
export function containerEnvironment({config}: ContainerRecord): string[] {
	const base = [`PATH=${defaultPath}`, ...(config.Hostname === '' ? [] : [`HOSTNAME=${config.Hostname}`]), ...(config.Tty ? ['TERM=xterm'] : [])];
	return overlayEnvironment(base, config.Env);
}

function devices(context: ContainerContext, {hostConfig}: ContainerRecord): DeviceNode[] {
	const own = ownDevices(hostConfig);
	const replaced = new Set(own.map(device => device.path));
	return [...defaultDevices.filter(device => !replaced.has(device.path)), ...own.filter(device => !isRenamed(context, device))];
}

/** In a user namespace, where no node can be made, the host's is mounted: by its own name by the runtime, by another here. */
function renamedDevices(context: ContainerContext, {hostConfig}: ContainerRecord): PlanMount[] {
	return ownDevices(hostConfig).filter(device => isRenamed(context, device))
		.map(({hostPath, path}) => ({type: 'bind', source: hostPath, target: path, flags: ['targetIsFile', 'createTarget'], propagation: 'rprivate'}));
}

function ownDevices(hostConfig: ContainerRecord['hostConfig']): HostDevice[] {
	return hostConfig.Privileged ? allHostDevices() : hostConfig.Devices.flatMap(device => hostDevices(device));
}

function isRenamed({uid}: ContainerContext, {hostPath, path}: HostDevice): boolean {
	return uid !== 0 && hostPath !== path;
}

/** docker 20.10 and later: low ports and ping without privileges. A range of ids must exist in the user namespace, so only root gets the second. */
function defaultSysctls(context: ContainerContext, {hostConfig}: ContainerRecord): Readonly<Record<string, string>> {
	if (hostConfig.NetworkMode === 'host') {
		return {};
	}

	return {'net.ipv4.ip_unprivileged_port_start': '0', ...(context.uid === 0 ? {'net.ipv4.ping_group_range': '0 2147483647'} : {})};
}

function hostName(): string {
	return fs.readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
}
