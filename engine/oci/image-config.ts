/**
Image configurations (OCI image-spec config.md with docker's additions). The image id is the digest of the exact bytes, so the bytes are kept as they came and
only read here.
*/
import {parseDiffId, type DiffId} from './digest.js';
import {asArray, asCount, asObject, asString, asStringMap, asStrings, defined, optional, parseJsonObject, shapeError, type JsonObject} from './json-shape.js';
import type {Platform} from './platform.js';

/** Defaults for containers; docker's key spelling, as in the document. */
export type ContainerDefaults = {
	readonly Hostname?: string;
	readonly Domainname?: string;
	readonly User?: string;
	readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>; // '80/tcp'
	readonly Env?: readonly string[];
	readonly Entrypoint?: readonly string[];
	readonly Cmd?: readonly string[];
	readonly Volumes?: Readonly<Record<string, Readonly<Record<string, never>>>>;
	readonly WorkingDir?: string;
	readonly Labels?: Readonly<Record<string, string>>;
	readonly StopSignal?: string;
	readonly StopTimeout?: number; // seconds
	readonly OnBuild?: readonly string[];
	readonly Shell?: readonly string[];
	readonly Healthcheck?: Healthcheck;
	readonly ArgsEscaped?: boolean;
};

/** Times in nanoseconds; `Test` as docker has it: [], ['NONE'], ['CMD', …], ['CMD-SHELL', 'line']. */
export type Healthcheck = {
	readonly Test?: readonly string[];
	readonly Interval?: number;
	readonly Timeout?: number;
	readonly StartPeriod?: number;
	readonly StartInterval?: number;
	readonly Retries?: number;
};

export type HistoryRecord = {
	readonly created?: string; // RFC 3339
	readonly createdBy?: string;
	readonly author?: string;
	readonly comment?: string;
	readonly emptyLayer: boolean;
};

export type ImageConfig = {
	readonly platform: Platform;
	readonly created?: string; // RFC 3339
	readonly author?: string;
	readonly dockerVersion?: string;
	readonly comment?: string;
	readonly defaults: ContainerDefaults;
	readonly diffIds: readonly DiffId[]; // base first
	readonly history: readonly HistoryRecord[]; // oldest first
};

/** Reads a configuration. Throws `invalidParameter`. */
export function parseImageConfig(text: string | Uint8Array, subject = 'image config'): ImageConfig {
	const fields = parseJsonObject(text, subject);
	const rootfs = asObject(fields['rootfs'], `${subject}.rootfs`);
	const member = (name: string) => optional(fields[name], `${subject}.${name}`, asString) || undefined;
	return defined({
		platform: defined({os: member('os') ?? 'linux', architecture: member('architecture') ?? '', variant: member('variant'), 'os.version': member('os.version')}),
		created: member('created'),
		author: member('author'),
		dockerVersion: member('docker_version'),
		comment: member('comment'),
		defaults: optional(fields['config'], `${subject}.config`, parseDefaults) ?? {},
		diffIds: (optional(rootfs['diff_ids'], `${subject}.rootfs.diff_ids`, asArray) ?? []).map((value, index) => readDiffId(value, `${subject}.rootfs.diff_ids[${index}]`)),
		history: (optional(fields['history'], `${subject}.history`, asArray) ?? []).map((value, index) => readHistory(value, `${subject}.history[${index}]`)),
	});
}

/** Reads the `config` member. Throws `invalidParameter`. */
export function parseDefaults(unsafe: unknown, subject: string): ContainerDefaults {
	const fields = asObject(unsafe, subject);
	const read = <T>(name: string, reader: (value: unknown, subject: string) => T) => optional(fields[name], `${subject}.${name}`, reader);
	return defined({
		Hostname: read('Hostname', asString),
		Domainname: read('Domainname', asString),
		User: read('User', asString),
		ExposedPorts: read('ExposedPorts', asSet),
		Env: read('Env', asStrings),
		Entrypoint: read('Entrypoint', asCommand),
		Cmd: read('Cmd', asCommand),
		Volumes: read('Volumes', asSet),
		WorkingDir: read('WorkingDir', asString),
		Labels: read('Labels', asStringMap),
		StopSignal: read('StopSignal', asString),
		StopTimeout: read('StopTimeout', asCount),
		OnBuild: read('OnBuild', asStrings),
		Shell: read('Shell', asStrings),
		Healthcheck: read('Healthcheck', readHealthcheck),
		ArgsEscaped: fields['ArgsEscaped'] === true ? true : undefined,
	});
}

export type ImageConfigParts = {
	readonly platform: Platform;
	readonly created: string;
	readonly author?: string;
	readonly defaults: ContainerDefaults;
	readonly diffIds: readonly DiffId[];
	readonly history: readonly HistoryRecord[];
};

/** The bytes of a configuration made here: the same content gives the same bytes, hence the same image id. */
export function serializeImageConfig(parts: ImageConfigParts): Buffer {
	return Buffer.from(JSON.stringify(defined({
		architecture: parts.platform.architecture,
		variant: parts.platform.variant,
		os: parts.platform.os,
		created: parts.created,
		author: parts.author || undefined,
		config: parts.defaults,
		history: parts.history.map(entry => defined({
			created: entry.created,
			created_by: entry.createdBy || undefined,
			author: entry.author || undefined,
			comment: entry.comment || undefined,
			empty_layer: entry.emptyLayer ? true : undefined,
		})),
		rootfs: {type: 'layers', diff_ids: parts.diffIds},
	})));
}

function readDiffId(value: unknown, subject: string): DiffId {
	const diffId = parseDiffId(value);
	if (diffId === undefined) {
		throw shapeError(subject, 'is not a sha256 digest');
	}

	return diffId;
}

function readHistory(value: unknown, subject: string): HistoryRecord {
	const fields = asObject(value, subject);
	const member = (name: string) => optional(fields[name], `${subject}.${name}`, asString);
	return defined({
		created: member('created'),
		createdBy: member('created_by'),
		author: member('author'),
		comment: member('comment'),
		emptyLayer: fields['empty_layer'] === true,
	});
}

function readHealthcheck(value: unknown, subject: string): Healthcheck {
	const fields = asObject(value, subject);
	const count = (name: string) => optional(fields[name], `${subject}.${name}`, asCount);
	return defined({
		Test: optional(fields['Test'], `${subject}.Test`, asStrings),
		Interval: count('Interval'),
		Timeout: count('Timeout'),
		StartPeriod: count('StartPeriod'),
		StartInterval: count('StartInterval'),
		Retries: count('Retries'),
	});
}

/** Docker once wrote a bare string where a list is meant (docker-commit of API ≤ 1.9, some third-party builders). */
function asCommand(value: unknown, subject: string): readonly string[] {
	return typeof value === 'string' ? [value] : asStrings(value, subject);
}

function asSet(value: unknown, subject: string): Readonly<Record<string, Readonly<Record<string, never>>>> {
	const fields: JsonObject = asObject(value, subject);
	return Object.fromEntries(Object.keys(fields).map(key => [key, {}]));
}
