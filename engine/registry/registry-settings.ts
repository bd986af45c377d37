/**
What the config file says about registries, under docker's own names (daemon.json): `registry-mirrors`, `insecure-registries`, `max-concurrent-downloads`,
`max-concurrent-uploads`. In TOML, first /etc/tug/config.toml, then the user's; lists add up, numbers of the later file win.
*/
import path from 'node:path';
import {EngineError} from '../errors.js';
import {readIfThere} from '../files/atomic-file.js';
import {asStrings, type JsonObject} from '../oci/json-shape.js';

export type RegistrySettings = {
	/** Base URLs of mirrors of docker.io, asked in this order before docker.io itself. */
	readonly mirrors: readonly string[];
	/** `host`, `host:port`, an address or a network (`10.0.0.0/8`): plain http and unknown certificates are accepted there. */
	readonly insecure: readonly string[];
	/** Layers on their way at once. */
	readonly downloadsAtOnce: number;
	readonly uploadsAtOnce: number;
};

export const defaultSettings: RegistrySettings = {mirrors: [], insecure: [], downloadsAtOnce: 3, uploadsAtOnce: 5};

/** The files that may be there, the most general first. */
export function settingsFiles(environment: Readonly<Record<string, string | undefined>>, home: string): readonly string[] {
	return ['/etc/tug/config.toml', path.join(environment['XDG_CONFIG_HOME'] || path.join(home, '.config'), 'tug', 'config.toml')];
}

/** Files that are not there count as empty. Throws `invalidParameter` naming the file. */
export async function readRegistrySettings(files: readonly string[]): Promise<RegistrySettings> {
	let settings = defaultSettings;
	for (const file of files) {
		const text = readIfThere(file)?.toString('utf8');
		if (text !== undefined) {
			settings = mergeSettings(settings, await parseToml(text, file), file);
		}
	}

	return settings;
}

/** Adds the fields of one file. Pure. */
export function mergeSettings(before: RegistrySettings, fields: JsonObject, subject: string): RegistrySettings {
	const list = (name: string) => (fields[name] === undefined ? [] : asStrings(fields[name], `${subject}: ${name}`));
	const count = (name: string, otherwise: number) => {
		const value = fields[name];
		if (value === undefined) {
			return otherwise;
		}

		if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 100) {
			throw new EngineError('invalidParameter', `${subject}: ${name} is not a number from 1 to 100`);
		}

		return value;
	};

	return {
		mirrors: [...before.mirrors, ...list('registry-mirrors').map(mirror => checkMirror(mirror, subject))],
		insecure: [...before.insecure, ...list('insecure-registries').map(entry => entry.replace(/^https?:\/\//, '').replace(/\/+$/, ''))],
		downloadsAtOnce: count('max-concurrent-downloads', before.downloadsAtOnce),
		uploadsAtOnce: count('max-concurrent-uploads', before.uploadsAtOnce),
	};
}

/** moby registry/config.go ValidateMirror: a URL with nothing but a host and a path. */
function checkMirror(mirror: string, subject: string): string {
	const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
	if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
		throw new EngineError('invalidParameter', `${subject}: invalid mirror: ${JSON.stringify(mirror)} is not a plain http or https URL`);
	}

	return url.href.replace(/\/+$/, '');
}

async function parseToml(text: string, file: string): Promise<JsonObject> {
	const {parse} = await import('smol-toml');
	try {
		return parse(text);
	} catch (error) {
		throw new EngineError('invalidParameter', `${file}: ${(error as Error).message.split('\n')[0] ?? 'not TOML'}`, {cause: error});
	}
}
