/**
What `info` and `version` tell: docker's fields, as far as this engine can fill them.
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import type {ContainerContext} from './container/container-context.js';
import {deviceProtection, unguardedWarning, type DeviceProtection} from './container/device-guard.js';
import {listEverything} from './container/list.js';
import type {EngineInfo} from './engine.js';
import {readIfThere} from './files/atomic-file.js';
import {hostPlatform} from './oci/platform.js';
import {detectCgroups} from './runtime/cgroup.js';

export const apiVersion = '1.51';
export const minApiVersion = '1.24';

export type InfoSources = {
	readonly context: ContainerContext;
	readonly imageCount: number;
	/** What the mapping of ids lacks. */
	readonly mappingAdvice: string | undefined;
};

export function engineInfo({context, imageCount, mappingAdvice}: InfoSources): EngineInfo {
	const containers = listEverything(context);
	const count = (...statuses: readonly string[]) => containers.filter(({state}) => statuses.includes(state.status)).length;
	const cgroups = detectCgroups(context.uid);
	const can = (controller: string) => cgroups.unified?.controllers.has(controller) === true || cgroups.legacy.has(controller);
	const protection = deviceProtection(context.uid, cgroups);
	const platform = hostPlatform();
	return {
		ID: machineId(),
		Containers: containers.length,
		ContainersRunning: count('running'),
		ContainersPaused: count('paused'),
		ContainersStopped: containers.length - count('running', 'paused'),
		Images: imageCount,
		Driver: 'overlay',
		DriverStatus: [['Supports d_type', 'true']],
		Plugins: {Volume: ['local'], Network: ['host', 'none'], Authorization: null, Log: ['json-file', 'none']},
		MemoryLimit: can('memory'),
		SwapLimit: can('memory'),
		CpuCfsPeriod: can('cpu'),
		CpuCfsQuota: can('cpu'),
		CPUShares: can('cpu'),
		CPUSet: can('cpuset'),
		PidsLimit: can('pids'),
		IPv4Forwarding: false,
		Debug: false,
		NFd: 0,
		NGoroutines: 0,
		OomKillDisable: cgroups.legacy.has('memory'),
		SystemTime: new Date().toISOString(),
		LoggingDriver: 'json-file',
		CgroupDriver: cgroups.unified === undefined && cgroups.legacy.size === 0 ? 'none' : 'cgroupfs',
		CgroupVersion: String(cgroups.version),
		NEventsListener: 0,
		KernelVersion: os.release(),
		OperatingSystem: operatingSystem(),
		OSVersion: releaseField('VERSION_ID'),
		OSType: 'linux',
		Architecture: os.machine(),
		NCPU: os.availableParallelism(),
		MemTotal: os.totalmem(),
		IndexServerAddress: 'https://index.docker.io/v1/',
		DockerRootDir: context.store.layout.root,
		Name: os.hostname(),
		Labels: [],
		ExperimentalBuild: false,
		ServerVersion: productVersion(),
		Runtimes: {tug: {path: context.store.native?.binary ?? ''}},
		DefaultRuntime: 'tug',
		Swarm: {NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null},
		LiveRestoreEnabled: true,
		Isolation: '',
		InitBinary: '',
		SecurityOptions: ['name=seccomp,profile=builtin', ...(context.uid === 0 ? [] : ['name=rootless'])],
		Enforces: {Limits: enforceableLimits.filter(controller => can(controller)), Devices: protection.by},
		Warnings: warnings(context, mappingAdvice, {can, protection}),
		Rootless: context.uid !== 0,
		Platform: {Name: `${platform.os}/${platform.architecture}`},
	};
}

const enforceableLimits: readonly string[] = ['memory', 'cpu', 'pids', 'cpuset'];

type Enforcement = {readonly can: (controller: string) => boolean; readonly protection: DeviceProtection};

function warnings(context: ContainerContext, mappingAdvice: string | undefined, {can, protection}: Enforcement): string[] {
	const found: string[] = [];
	if (context.store.native === undefined) {
		found.push('No container can be run: tug-runtime was not built. Install a C compiler (apt install gcc libc6-dev), then npm rebuild tug');
	}

	if (mappingAdvice !== undefined) {
		found.push(`Containers have only one user id, so programs in them can't become another user (apt, postgres, nginx): ${mappingAdvice}`);
	}

	if (protection.by === 'none') {
		found.push(unguardedWarning(protection.obstacle));
	}

	const missing = enforceableLimits.filter(controller => !can(controller));
	if (missing.length > 0) {
		found.push(`Limits that need these control group controllers are refused: ${missing.join(', ')}${context.uid === 0 ? '' : '; they need cgroup v2 with delegation (systemd), or root'}`);
	}

	return found;
}

/** docker's `/version`. */
export function engineVersion(): Readonly<Record<string, unknown>> {
	const platform = hostPlatform();
	const version = productVersion();
	const details = {
		ApiVersion: apiVersion,
		Arch: platform.architecture,
		Experimental: 'false',
		KernelVersion: os.release(),
		MinAPIVersion: minApiVersion,
		Os: 'linux',
		NodeVersion: process.version,
	};
	return {
		Platform: {Name: 'tug'},
		Components: [{Name: 'Engine', Version: version, Details: details}],
		Version: version,
		ApiVersion: apiVersion,
		MinAPIVersion: minApiVersion,
		GitCommit: '',
		GoVersion: '',
		Os: 'linux',
		Arch: platform.architecture,
		KernelVersion: os.release(),
		BuildTime: '',
	};
}

/** From the package.json above this file, wherever it was built to. */
export function productVersion(): string {
	for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
		const text = readIfThere(path.join(folder, 'package.json'))?.toString('utf8');
		const fields = text === undefined ? undefined : (JSON.parse(text) as {readonly name?: unknown; readonly version?: unknown});
		if (fields?.name === 'tug' && typeof fields.version === 'string') {
			return fields.version;
		}

		if (folder === path.dirname(folder)) {
			return '0.0.0';
		}
	}
}

function operatingSystem(): string {
	return releaseField('PRETTY_NAME') || 'Linux';
}

function releaseField(name: string): string {
	const line = ['/etc/os-release', '/usr/lib/os-release']
		.map(file => fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '')
		.flatMap(text => text.split('\n'))
		.find(candidate => candidate.startsWith(`${name}=`));
	return line?.slice(name.length + 1).replace(/^"(.*)"$/, '$1') ?? '';
}

function machineId(): string {
	return readIfThere('/etc/machine-id')?.toString('latin1').trim() ?? '';
}
