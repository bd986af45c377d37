/**
Options of the local driver (moby volume/local/local_unix.go): what is mounted in place of the volume's own folder. docker mounts it once on the host; here it is mounted into each container, which needs
no privileges and leaves nothing behind.
*/
import {EngineError} from '../errors.js';

export type VolumeMount =
	| {readonly kind: 'folder'}
	| {readonly kind: 'bind'; readonly source: string; readonly isRecursive: boolean; readonly isReadonly: boolean}
	/** `options`: for the mount, comma separated. */
	| {readonly kind: 'tmpfs'; readonly options: string};

type Options = Readonly<Record<string, string>>;

const known = new Set(['type', 'o', 'device', 'size']);
const needed: Readonly<Record<string, readonly string[]>> = {device: ['type'], type: ['device'], o: ['device', 'type']};

/** What the options of a volume come to. Throws `invalidParameter` with docker's texts, `notImplemented` for what can't be mounted here. */
export function volumeMount(name: string, options: Options | null): VolumeMount {
	if (options === null || Object.keys(options).length === 0) {
		return {kind: 'folder'};
	}

	const refuse = (problem: string) => new EngineError('invalidParameter', `create ${name}: ${problem}`);
	const unknown = Object.keys(options).find(key => !known.has(key));
	if (unknown !== undefined) {
		throw refuse(`invalid option: ${JSON.stringify(unknown)}`);
	}

	for (const key of Object.keys(options)) {
		const missing = needed[key]?.find(other => !Object.hasOwn(options, other));
		if (missing !== undefined) {
			throw refuse(`missing required option: ${JSON.stringify(missing)}`);
		}
	}

	if (options['size'] !== undefined) {
		throw refuse('quota size requested but no quota support');
	}

	const {type = '', device = '', o = ''} = options;
	const words = o.split(',').filter(word => word !== '');
	if (words.includes('bind') || words.includes('rbind')) {
		return bindMount(name, device, words);
	}

	if (type === 'tmpfs') {
		return {kind: 'tmpfs', options: words.filter(word => !unneeded.has(word)).join(',')};
	}

	throw new EngineError('notImplemented', `create ${name}: the volume type ${JSON.stringify(type)} is not supported: a volume may be a folder of the host (type=none, o=bind) or a tmpfs`, {
		code: 'notSupported',
		hint: 'Mount it on the host and name the folder: -o type=none -o o=bind -o device=/the/folder.',
	});
}

/** What mounts are anyway. */
const unneeded = new Set(['rw', 'defaults']);

function bindMount(name: string, device: string, words: readonly string[]): VolumeMount {
	if (!device.startsWith('/') || device.includes('\0')) {
		throw new EngineError('invalidParameter', `create ${name}: device ${JSON.stringify(device)} is not an absolute path`);
	}

	const unknown = words.find(word => !['bind', 'rbind', 'ro', ...unneeded].includes(word));
	if (unknown !== undefined) {
		throw new EngineError('notImplemented', `create ${name}: the mount option ${JSON.stringify(unknown)} is not supported; bind, rbind, ro and rw are`, {code: 'notSupported'});
	}

	return {kind: 'bind', source: device, isRecursive: words.includes('rbind'), isReadonly: words.includes('ro')};
}
