/** What run and create were told, as docker's create request. */
import fs from 'node:fs';
import path from 'node:path';
import type {ContainerCreateOptions, HostConfig} from '../../engine/index.js';
import {capabilityName} from '../arguments/capability.js';
import type {containerOptions} from '../arguments/container-options.js';
import {parseCpus} from '../arguments/cpus.js';
import {KeyValueFileError, readKeyValueFile} from '../arguments/key-value-file.js';
import {parseMount} from '../arguments/mount.js';
import type {OptionValues} from '../arguments/option.js';
import {parseExpose, parsePublish} from '../arguments/port.js';
import {parseUlimit} from '../arguments/ulimit.js';
import {CommandError, type CommandContext} from './context.js';
import {volumes} from './create-volumes.js';

export type ContainerValues = OptionValues<typeof containerOptions>;

type Place = Pick<CommandContext, 'environment' | 'directory'>;

export type CreateRequest = {
	readonly options: ContainerValues;
	readonly given: ReadonlySet<string>;
	readonly image: string;
	readonly command: readonly string[];
};

/** Throws CommandError with exit code 125. */
export function createOptions(request: CreateRequest, place: Place): ContainerCreateOptions {
	const {options, given, image, command} = request;
	const streams = attachedStreams(options);
	const {exposed, bindings} = ports(options);
	const {binds, anonymous} = volumes(options.volume, place.directory);
	return withoutUndefined({
		name: options.name,
		platform: options.platform,
		Image: image,
		Cmd: command.length === 0 ? undefined : [...command],
		Entrypoint: options.entrypoint === undefined ? undefined : [options.entrypoint],
		Hostname: options.hostname,
		Domainname: options.domainname,
		User: options.user,
		WorkingDir: options.workdir,
		Env: environment(options, place),
		Labels: labels(options),
		Tty: options.tty,
		OpenStdin: options.interactive,
		StdinOnce: options.interactive && streams.stdin,
		AttachStdin: streams.stdin,
		AttachStdout: streams.stdout,
		AttachStderr: streams.stderr,
		StopSignal: options['stop-signal'],
		StopTimeout: options['stop-timeout'],
		ExposedPorts: exposed,
		Volumes: anonymous,
		Healthcheck: healthcheck(options),
		HostConfig: {...hostConfig(options, given), ...withoutUndefined({Binds: binds, PortBindings: bindings})},
	});
}

export function attachedStreams({attach, interactive}: {readonly attach: readonly string[]; readonly interactive: boolean}): {stdin: boolean; stdout: boolean; stderr: boolean} {
	const named = new Set(attach.map(stream => stream.toLowerCase()));
	return named.size === 0 ? {stdin: interactive, stdout: true, stderr: true} : {stdin: named.has('stdin'), stdout: named.has('stdout'), stderr: named.has('stderr')};
}

/** `-e` words and `--env-file` files, files first; a name without value takes the caller's. */
export function environment(options: {readonly env: readonly string[]; readonly 'env-file': readonly string[]}, place: Place): string[] | undefined {
	const inherit = (name: string) => place.environment[name];
	const fromFiles = options['env-file'].flatMap(file => readFile(file, inherit, place));
	const fromWords = options.env.flatMap(word => {
		if (word.includes('=')) {
			return [word];
		}

		const value = inherit(word);
		return value === undefined ? [] : [`${word}=${value}`];
	});
	return fromFiles.length + fromWords.length === 0 ? undefined : [...fromFiles, ...fromWords];
}

function hostConfig(options: ContainerValues, given: ReadonlySet<string>): HostConfig {
	const unconfined = options['security-opt'].includes('systempaths=unconfined');
	return withoutUndefined({
		AutoRemove: options.rm || undefined,
		ContainerIDFile: options.cidfile,
		Privileged: options.privileged || undefined,
		ReadonlyRootfs: options['read-only'] || undefined,
		Init: given.has('init') ? options.init : undefined,
		CapAdd: words(options['cap-add'].map(name => capabilityName(name))),
		CapDrop: words(options['cap-drop'].map(name => capabilityName(name))),
		SecurityOpt: words(options['security-opt'].filter(option => option !== 'systempaths=unconfined').map(option => securityOption(option))),
		MaskedPaths: unconfined ? [] : undefined,
		ReadonlyPaths: unconfined ? [] : undefined,
		GroupAdd: words(options['group-add']),
		NetworkMode: network([...options.network, ...options.net]),
		PidMode: options.pid,
		IpcMode: options.ipc,
		UTSMode: options.uts,
		CgroupnsMode: options.cgroupns,
		Dns: words(options.dns),
		DnsOptions: words([...options['dns-option'], ...options['dns-opt']]),
		DnsSearch: words(options['dns-search']),
		ExtraHosts: words(options['add-host'].map(host => extraHost(host))),
		Mounts: words(options.mount.map(text => parseMount(text))),
		Tmpfs: pairs(options.tmpfs, ':'),
		VolumesFrom: words(options['volumes-from']),
		VolumeDriver: options['volume-driver'],
		Devices: words(options.device.map(device => deviceMapping(device))),
		DeviceCgroupRules: words(options['device-cgroup-rule']),
		Ulimits: words(options.ulimit.map(text => parseUlimit(text)).sort((a, b) => ('Name' in a && 'Name' in b && a.Name < b.Name ? -1 : 1))),
		Sysctls: pairs(options.sysctl, '='),
		ShmSize: options['shm-size'],
		OomScoreAdj: options['oom-score-adj'],
		Memory: options.memory,
		MemoryReservation: options['memory-reservation'],
		MemorySwap: options['memory-swap'],
		NanoCpus: options.cpus === undefined ? undefined : parseCpus(options.cpus),
		CpuShares: options['cpu-shares'],
		CpuPeriod: options['cpu-period'],
		CpuQuota: options['cpu-quota'],
		CpusetCpus: options['cpuset-cpus'],
		CpusetMems: options['cpuset-mems'],
		PidsLimit: options['pids-limit'],
		PublishAllPorts: options['publish-all'] || undefined,
		RestartPolicy: restartPolicy(options),
		LogConfig: options['log-driver'] === undefined && options['log-opt'].length === 0 ? undefined : {Type: options['log-driver'] ?? 'json-file', Config: pairs(options['log-opt'], '=') ?? {}},
	});
}

function labels(options: ContainerValues): Record<string, string> | undefined {
	const fromFiles = options['label-file'].flatMap(file => readFile(file, () => '', {directory: '/'}));
	return pairs([...fromFiles, ...options.label], '=');
}

function restartPolicy({restart, rm}: ContainerValues): {Name: string; MaximumRetryCount: number} | undefined {
	if (restart === undefined || restart === '') {
		return undefined;
	}

	const [name, count, ...rest] = restart.split(':') as [string, ...string[]];
	if (rest.length > 0) {
		throw wrong('invalid restart policy format: wrong number of colons');
	}

	if (count !== undefined && !/^\d+$/.test(count)) {
		throw wrong('invalid restart policy format: maximum retry count must be an integer');
	}

	if (!['no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
		throw wrong(`invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
	}

	if (count !== undefined && name !== 'on-failure') {
		throw wrong('invalid restart policy: maximum retry count can only be used with \'on-failure\'');
	}

	if (rm && name !== 'no') {
		throw wrong('conflicting options: cannot specify both --restart and --rm');
	}

	return {Name: name, MaximumRetryCount: Number(count ?? 0)};
}

function ports(options: ContainerValues): {exposed: Record<string, Record<string, never>> | undefined; bindings: Record<string, Array<{HostIp: string; HostPort: string}>> | undefined} {
	const exposed: Record<string, Record<string, never>> = {};
	const bindings: Record<string, Array<{HostIp: string; HostPort: string}>> = {};
	for (const text of options.expose) {
		const expanded = parseExpose(text);
		if (expanded === undefined) {
			throw wrong(`invalid range format for --expose: ${text}`);
		}

		for (const port of expanded) {
			exposed[port] = {};
		}
	}

	for (const text of options.publish) {
		const published = parsePublish(text);
		if ('wrong' in published) {
			throw wrong(published.wrong);
		}

		for (const {containerPort, hostIp, hostPort} of published) {
			exposed[containerPort] = {};
			(bindings[containerPort] ??= []).push({HostIp: hostIp, HostPort: hostPort});
		}
	}

	return {exposed: Object.keys(exposed).length === 0 ? undefined : exposed, bindings: Object.keys(bindings).length === 0 ? undefined : bindings};
}

function healthcheck(options: ContainerValues): ContainerCreateOptions['Healthcheck'] {
	const timing = withoutUndefined({
		Interval: options['health-interval'],
		Timeout: options['health-timeout'],
		StartPeriod: options['health-start-period'],
		StartInterval: options['health-start-interval'],
		Retries: options['health-retries'],
	});
	if ((options['health-retries'] ?? 0) < 0) {
		throw wrong('--health-retries cannot be negative');
	}

	const command = options['health-cmd'];
	if (options['no-healthcheck']) {
		if (command !== undefined || Object.keys(timing).length > 0) {
			throw wrong('--no-healthcheck conflicts with --health-* options');
		}

		return {Test: ['NONE']};
	}

	return command === undefined && Object.keys(timing).length === 0 ? undefined : {...(command === undefined ? {} : {Test: ['CMD-SHELL', command]}), ...timing};
}

function network(networks: readonly string[]): string | undefined {
	if (networks.length > 1) {
		throw wrong('more than one --network is not supported yet');
	}

	const name = networks[0]?.replace(/^name=/, '');
	return name === undefined ? undefined : name.split(',')[0];
}

// The profile is read here: a remote engine does not see this machine's files.
function securityOption(option: string): string {
	if (!/[=:]/.test(option) && option !== 'no-new-privileges') {
		throw wrong(`Invalid --security-opt: ${JSON.stringify(option)}`);
	}

	const match = /^seccomp[=:](.+)$/.exec(option);
	if (match === null || ['unconfined', 'builtin'].includes(match[1]!)) {
		return option.replace(/^(no-new-privileges|label|apparmor|seccomp):/, '$1=');
	}

	try {
		return `seccomp=${JSON.stringify(JSON.parse(fs.readFileSync(match[1]!, 'utf8')))}`;
	} catch (error) {
		throw wrong(`opening seccomp profile (${match[1]!}) failed: ${error instanceof Error ? error.message : String(error)}`);
	}
}

function extraHost(text: string): string {
	const match = /^([^:=]+)[:=](.+)$/.exec(text);
	if (match === null) {
		throw wrong(`bad format for add-host: "${text}"`);
	}

	return `${match[1]!}:${match[2]!.replace(/^\[(.*)\]$/, '$1')}`;
}

function deviceMapping(text: string): {PathOnHost: string; PathInContainer: string; CgroupPermissions: string} {
	const [host, second, third, ...rest] = text.split(':') as [string, ...string[]];
	const isMode = (word: string | undefined) => word !== undefined && /^[rwm]{1,3}$/.test(word);
	if (text === '') {
		throw wrong('bad format for path: ');
	}

	if (rest.length > 0 || host === '' || (third !== undefined && !isMode(third))) {
		throw wrong(`invalid device specification: ${text}`);
	}

	const inside = second === undefined || (third === undefined && isMode(second)) ? host : second;
	return {PathOnHost: host, PathInContainer: inside, CgroupPermissions: third ?? (isMode(second) ? second! : 'rwm')};
}

function readFile(file: string, inherit: (name: string) => string | undefined, {directory}: {readonly directory: string}): string[] {
	try {
		return readKeyValueFile(path.resolve(directory, file), inherit);
	} catch (error) {
		throw error instanceof KeyValueFileError ? wrong(error.message) : error;
	}
}

function pairs(texts: readonly string[], separator: string): Record<string, string> | undefined {
	return texts.length === 0 ? undefined : Object.fromEntries(texts.map(text => {
		const at = text.indexOf(separator);
		return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
	}));
}

function words<T>(values: readonly T[]): T[] | undefined {
	return values.length === 0 ? undefined : [...values];
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function wrong(message: string): CommandError {
	return new CommandError(message, {exitCode: 125});
}
