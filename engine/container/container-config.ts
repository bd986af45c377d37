/**
docker's `Config`: what a client sent, checked, with the image's defaults merged in (moby daemon/commit.go merge, daemon/create.go).
*/
import path from 'node:path';
import {EngineError} from '../errors.js';
import {asCount, asObject, asString, asStringMap, optional, type JsonObject} from '../oci/json-shape.js';
import {parseDefaults, type ContainerDefaults} from '../oci/image-config.js';
import {parseSignal} from '../runtime/signals.js';
import type {ContainerConfig} from './container.js';

/** Reads and checks a Config. `defaults` are the image's. Throws `invalidParameter` with docker's texts. */
export function parseContainerConfig(unsafe: unknown, defaults: ContainerDefaults): ContainerConfig {
	const fields = asObject(unsafe, 'Config');
	const asked = {...parseDefaults(readable(fields), 'Config')};
	const text = (name: string) => optional(fields[name], name, asString) ?? '';
	const command = mergeCommand(fields, asked, defaults);
	const volumes = {...defaults.Volumes, ...asked.Volumes};
	const ports = {...defaults.ExposedPorts, ...asked.ExposedPorts};
	const stopSignal = asked.StopSignal || defaults.StopSignal;
	const shell = asked.Shell ?? defaults.Shell;
	const healthcheck = mergeHealthcheck(asked, defaults);
	const stopTimeout = optional(fields['StopTimeout'], 'StopTimeout', asTimeout) ?? defaults.StopTimeout;
	if (stopSignal) {
		parseSignal(stopSignal);
	}

	return {
		Hostname: checkHostname(text('Hostname')),
		Domainname: text('Domainname'),
		User: asked.User || defaults.User || '',
		AttachStdin: fields['AttachStdin'] === true,
		AttachStdout: fields['AttachStdout'] === true,
		AttachStderr: fields['AttachStderr'] === true,
		...(Object.keys(ports).length === 0 ? {} : {ExposedPorts: ports}),
		Tty: fields['Tty'] === true,
		OpenStdin: fields['OpenStdin'] === true,
		StdinOnce: fields['StdinOnce'] === true,
		Env: mergeEnvironment(asked.Env ?? [], defaults.Env ?? []),
		Cmd: command.cmd,
		...(healthcheck === undefined ? {} : {Healthcheck: healthcheck}),
		Image: text('Image'),
		Volumes: Object.keys(volumes).length === 0 ? null : volumes,
		WorkingDir: checkWorkingFolder(asked.WorkingDir || defaults.WorkingDir || ''),
		Entrypoint: command.entrypoint,
		...(fields['NetworkDisabled'] === true ? {NetworkDisabled: true} : {}),
		OnBuild: null,
		Labels: {...defaults.Labels, ...optional(fields['Labels'], 'Labels', asStringMap)},
		...(stopSignal ? {StopSignal: stopSignal} : {}),
		...(stopTimeout === undefined ? {} : {StopTimeout: stopTimeout}),
		...(shell === undefined ? {} : {Shell: shell}),
	};
}

/** The members that image configs share, without those whose emptiness means something here. */
function readable(fields: JsonObject): JsonObject {
	const {User, WorkingDir, StopSignal, Env, Volumes, ExposedPorts, Healthcheck, Shell, Entrypoint, Cmd} = fields;
	return {User, WorkingDir, StopSignal, Env, Volumes, ExposedPorts, Healthcheck, Shell, Entrypoint, Cmd};
}

/**
An entrypoint of one's own leaves the image's command out; an empty one (`['']` is how `--entrypoint ""` arrives) takes the image's entrypoint away.
*/
function mergeCommand(fields: JsonObject, asked: ContainerDefaults, defaults: ContainerDefaults): {entrypoint: readonly string[] | null; cmd: readonly string[] | null} {
	let entrypoint = asked.Entrypoint;
	let cmd = asked.Cmd ?? [];
	if (entrypoint === undefined || entrypoint.length === 0) {
		cmd = cmd.length === 0 ? (defaults.Cmd ?? []) : cmd;
		const isReset = Array.isArray(fields['Entrypoint']);
		entrypoint = isReset ? [] : (defaults.Entrypoint ?? []);
	}

	if (entrypoint.length === 1 && entrypoint[0] === '') {
		entrypoint = [];
	}

	if (entrypoint.length === 0 && cmd.length === 0) {
		throw new EngineError('invalidParameter', 'no command specified', {hint: 'The image names no program: say which one to run after the image\'s name.'});
	}

	return {entrypoint: entrypoint.length === 0 ? null : entrypoint, cmd: cmd.length === 0 ? null : cmd};
}

function mergeEnvironment(asked: readonly string[], defaults: readonly string[]): string[] {
	for (const entry of asked) {
		if (entry === '' || entry.startsWith('=') || entry.includes('\0')) {
			throw new EngineError('invalidParameter', `invalid environment variable: ${entry}`);
		}
	}

	const keys = new Set(asked.map(entry => keyOf(entry)));
	return [...asked, ...defaults.filter(entry => !keys.has(keyOf(entry)))];
}

/** Later entries win, keeping the first one's place; an entry without `=` removes the variable (moby ReplaceOrAppendEnvValues). */
export function overlayEnvironment(base: readonly string[], overrides: readonly string[]): string[] {
	const entries = new Map<string, string | undefined>(base.map(entry => [keyOf(entry), entry]));
	for (const entry of overrides) {
		if (entry.includes('=')) {
			entries.set(keyOf(entry), entry);
		} else {
			entries.delete(entry);
		}
	}

	return [...entries.values()].filter(entry => entry !== undefined);
}

function keyOf(entry: string): string {
	return entry.split('=', 1)[0]!;
}

function mergeHealthcheck(asked: ContainerDefaults, defaults: ContainerDefaults): ContainerConfig['Healthcheck'] {
	const own = asked.Healthcheck;
	if (own === undefined || defaults.Healthcheck === undefined) {
		return own ?? defaults.Healthcheck;
	}

	return (own.Test ?? []).length === 0 ? {...defaults.Healthcheck, ...own, Test: defaults.Healthcheck.Test ?? []} : {...defaults.Healthcheck, ...own};
}

function checkHostname(name: string): string {
	if (name.length > 64 || /[\0\s]/.test(name)) {
		throw new EngineError('invalidParameter', `invalid hostname format: ${name}`);
	}

	return name;
}

function checkWorkingFolder(folder: string): string {
	if (folder === '') {
		return '';
	}

	if (!folder.startsWith('/')) {
		throw new EngineError('invalidParameter', `the working directory '${folder}' is invalid, it needs to be an absolute path`);
	}

	return path.posix.normalize(folder).replace(/(.)\/$/, '$1');
}

function asTimeout(value: unknown, subject: string): number {
	return value === -1 ? -1 : asCount(value, subject);
}
