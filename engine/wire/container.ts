/**
Containers and exec sessions in docker's JSON.
*/
import type {ContainerInfo, ContainerInspectInfo, ExecInspectInfo} from '../engine.js';
import type {ContainerState, Exited} from '../container/container-state.js';
import type {ContainerRecord, MountPoint} from '../container/container.js';
import type {ExecRecord, ExecState} from '../container/exec.js';
import type {ListedContainer} from '../container/summary.js';
import {statusText} from './container-status.js';

const zeroTime = '0001-01-01T00:00:00Z';

export type Sizes = {readonly SizeRw: number; readonly SizeRootFs: number};

/** One line of a list. */
export function containerInfo(container: ListedContainer, nowMs: number, sizes?: Sizes): ContainerInfo {
	const {state} = container;
	const isRunning = state.status === 'running' || state.status === 'paused';
	const info = {
		Id: container.id,
		Names: [`/${container.name}`],
		Image: container.image,
		ImageID: container.imageId,
		Command: container.command,
		Created: Math.floor(Date.parse(container.created) / 1000),
		Ports: isRunning && container.networkMode !== 'host' ? container.exposedPorts.map(port => portInfo(port)) : [],
		Labels: container.labels,
		State: state.status,
		Status: statusText(state, nowMs),
		HostConfig: {NetworkMode: container.networkMode},
		NetworkSettings: {Networks: networks(container.networkMode)},
		Mounts: container.mounts.map(mount => mountInfo(mount)),
		...sizes,
	};
	return info as unknown as ContainerInfo; // Ports that are not published have no IP and PublicPort, as in docker's answers
}

function portInfo(port: string): {readonly PrivatePort: number; readonly Type: string} {
	const [number = '', protocol = 'tcp'] = port.split('/');
	return {PrivatePort: Number(number), Type: protocol};
}

function mountInfo(mount: MountPoint) {
	return {
		Type: mount.type,
		...(mount.name === undefined ? {} : {Name: mount.name}),
		Source: mount.source,
		Destination: mount.destination,
		...(mount.type === 'volume' ? {Driver: 'local'} : {}),
		Mode: mount.type === 'tmpfs' ? '' : mount.mode,
		RW: mount.isWritable,
		Propagation: mount.type === 'bind' ? mount.propagation : '',
	};
}

/** Until there are networks: `none`, which the default means, or `host`. */
function networks(mode: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
	return {
		[mode === 'host' ? 'host' : 'none']: {
			IPAMConfig: null,
			Links: null,
			Aliases: null,
			MacAddress: '',
			DriverOpts: null,
			GwPriority: 0,
			NetworkID: '',
			EndpointID: '',
			Gateway: '',
			IPAddress: '',
			IPPrefixLen: 0,
			IPv6Gateway: '',
			GlobalIPv6Address: '',
			GlobalIPv6PrefixLen: 0,
			DNSNames: null,
		},
	};
}

export type InspectExtras = {
	readonly execIds: readonly string[];
	readonly logPath: string;
	readonly folder: string;
	/** Layer trees, top first, and the writable layer. */
	readonly lowers: readonly string[];
	readonly upper: string;
	readonly work: string;
	readonly merged: string;
	readonly sizes?: Sizes;
};

/** The answer to inspect. */
export function containerInspectInfo(record: ContainerRecord, state: ContainerState, extras: InspectExtras): ContainerInspectInfo {
	const info = {
		Id: record.id,
		Created: record.created,
		Path: record.path,
		Args: record.args,
		State: stateInfo(state),
		Image: record.imageId,
		ResolvConfPath: `${extras.folder}/resolv.conf`,
		HostnamePath: `${extras.folder}/hostname`,
		HostsPath: `${extras.folder}/hosts`,
		LogPath: record.hostConfig.LogConfig.Type === 'none' ? '' : extras.logPath,
		Name: `/${record.name}`,
		RestartCount: 0,
		Driver: 'overlay',
		Platform: record.platform,
		MountLabel: '',
		ProcessLabel: '',
		AppArmorProfile: '',
		ExecIDs: extras.execIds.length === 0 ? null : extras.execIds,
		HostConfig: hostConfigInfo(record),
		GraphDriver: {Name: 'overlay', Data: {ID: record.id, LowerDir: extras.lowers.join(':'), MergedDir: extras.merged, UpperDir: extras.upper, WorkDir: extras.work}},
		...extras.sizes,
		Mounts: record.mounts.filter(mount => isShown(record, mount)).map(mount => mountInfo(mount)),
		Config: record.config,
		NetworkSettings: {
			Bridge: '',
			SandboxID: '',
			SandboxKey: '',
			Ports: {},
			HairpinMode: false,
			LinkLocalIPv6Address: '',
			LinkLocalIPv6PrefixLen: 0,
			SecondaryIPAddresses: null,
			SecondaryIPv6Addresses: null,
			EndpointID: '',
			Gateway: '',
			GlobalIPv6Address: '',
			GlobalIPv6PrefixLen: 0,
			IPAddress: '',
			IPPrefixLen: 0,
			IPv6Gateway: '',
			MacAddress: '',
			Networks: networks(record.hostConfig.NetworkMode),
		},
	};
	// @types/dockerode has one old storage driver's data, and no nulls where docker writes them.
	return info as unknown as ContainerInspectInfo;
}

/** What `--tmpfs` asked for is in HostConfig alone. */
function isShown({hostConfig}: ContainerRecord, {type, destination}: MountPoint): boolean {
	return type !== 'tmpfs' || (hostConfig.Mounts ?? []).some(mount => mount.Type === 'tmpfs' && mount.Target === destination);
}

/** What docker always answers, with its defaults, around what this engine keeps. */
function hostConfigInfo({hostConfig}: ContainerRecord) {
	return {
		ContainerIDFile: '',
		VolumeDriver: '',
		VolumesFrom: null,
		Cgroup: '',
		Links: null,
		PublishAllPorts: false,
		UsernsMode: '',
		Runtime: 'tug',
		Isolation: '',
		CgroupParent: '',
		BlkioWeight: 0,
		BlkioWeightDevice: [],
		BlkioDeviceReadBps: [],
		BlkioDeviceWriteBps: [],
		BlkioDeviceReadIOps: [],
		BlkioDeviceWriteIOps: [],
		CpuRealtimePeriod: 0,
		CpuRealtimeRuntime: 0,
		DeviceRequests: null,
		CpuCount: 0,
		CpuPercent: 0,
		IOMaximumIOps: 0,
		IOMaximumBandwidth: 0,
		...hostConfig,
	};
}

/** Docker's booleans, in the one place where they exist. */
export function stateInfo(state: ContainerState): ContainerInspectInfo['State'] {
	const base = {
		Status: state.status,
		Running: state.status === 'running' || state.status === 'paused' || state.status === 'restarting',
		Paused: state.status === 'paused',
		Restarting: state.status === 'restarting',
		OOMKilled: false,
		Dead: state.status === 'dead',
		Pid: 0,
		ExitCode: 0,
		Error: '',
		StartedAt: zeroTime,
		FinishedAt: zeroTime,
	};
	switch (state.status) {
		case 'created': {
			return {...base, ExitCode: state.failure?.exitCode ?? 0, Error: state.failure?.error ?? ''};
		}

		case 'running':
		case 'paused': {
			return {...base, Pid: state.process.pid, StartedAt: state.startedAt};
		}

		case 'exited':
		case 'restarting': {
			return {...base, ...ended(state)};
		}

		case 'removing': {
			return {...base, ...(state.was.status === 'exited' ? ended(state.was) : {})};
		}

		case 'dead': {
			return {...base, ...(state.was.status === 'exited' ? ended(state.was) : {}), Error: state.error};
		}
	}
}

function ended(state: Omit<Exited, 'status'>) {
	return {OOMKilled: state.oomKilled, ExitCode: state.exitCode, Error: state.error, StartedAt: state.startedAt, FinishedAt: state.finishedAt};
}

/** The answer to exec inspect. */
export function execInspectInfo(record: ExecRecord, state: ExecState, user: string): ExecInspectInfo {
	const [program = '', ...programArguments] = record.command;
	const info = {
		ID: record.id,
		Running: state.status === 'running',
		ExitCode: state.status === 'exited' ? state.exitCode : null,
		ProcessConfig: {tty: record.tty, entrypoint: program, arguments: programArguments, privileged: record.privileged, user: record.user || user},
		OpenStdin: record.stdin,
		OpenStderr: record.stderr,
		OpenStdout: record.stdout,
		CanRemove: state.status === 'exited',
		ContainerID: record.containerId,
		DetachKeys: record.detachKeys,
		Pid: state.status === 'created' ? 0 : state.pid,
	};
	return info;
}
