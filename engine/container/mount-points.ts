/**
What is mounted into a container: `-v`, `--mount`, `--tmpfs` and the volumes an image declares, brought to one form (moby volume/mounts/linux_parser.go).
*/
import path from 'node:path';
import {EngineError} from '../errors.js';
import {randomHex} from '../files/random.js';
import {propagations, type MountPoint, type Propagation} from './container.js';
import type {HostSettings} from './host-settings.js';
import type {MountRequest} from './mount-request.js';

export type MountResolution = {
	readonly settings: HostSettings;
	/** Destinations of `-v /x` and of the image's VOLUME. */
	readonly volumes: readonly string[];
	/** Path of a volume's data, by its name. */
	readonly volumeData: (name: string) => string;
	/** Whether there is such a path on the host. */
	readonly sourceExists: (hostPath: string) => boolean;
	/** What comes from other containers; anything else in the same place goes before it. */
	readonly inherited?: readonly MountPoint[];
};

/** All mounts, each destination once, sorted so that a parent comes before what lies in it. Throws `invalidParameter` with docker's texts. */
export function resolveMounts({settings, volumes, volumeData, sourceExists, inherited = []}: MountResolution): MountPoint[] {
	const points = new Map<string, MountPoint>();
	const add = (point: MountPoint) => {
		if (points.has(point.destination)) {
			throw new EngineError('invalidParameter', `Duplicate mount point: ${point.destination}`);
		}

		points.set(point.destination, point);
	};

	for (const bind of settings.Binds ?? []) {
		add(parseBind(bind, volumeData));
	}

	for (const mount of settings.Mounts ?? []) {
		add(fromRequest(mount, volumeData, sourceExists));
	}

	for (const [destination, options] of Object.entries(settings.Tmpfs ?? {})) {
		add(tmpfs(checkMountTarget(destination, problem => new EngineError('invalidParameter', problem)), options));
	}

	for (const point of inherited.toReversed()) {
		if (!points.has(point.destination)) {
			points.set(point.destination, point);
		}
	}

	for (const volume of volumes) {
		const destination = checkDestination(volume, volume);
		if (!points.has(destination)) {
			add(volumePoint(undefined, destination, volumeData));
		}
	}

	return [...points.values()].sort((a, b) => depth(a.destination) - depth(b.destination));
}

/** `host:container[:options]` or `volume:container[:options]`. */
function parseBind(text: string, volumeData: MountResolution['volumeData']): MountPoint {
	const parts = text.split(':');
	const [first = '', second, options = ''] = parts;
	const invalid = () => new EngineError('invalidParameter', `invalid volume specification: '${text}'`);
	if (parts.length > 3 || first === '' || second === '') {
		throw invalid();
	}

	if (second === undefined) {
		return volumePoint(undefined, checkDestination(first, text), volumeData);
	}

	const destination = checkDestination(second, text);
	const mode = parseMode(options, text);
	const isVolume = !first.startsWith('/');
	if (isVolume ? mode.propagation !== undefined : !mode.isCopied) {
		throw invalidType(text, isVolume ? 'volume' : 'bind', `field ${isVolume ? 'BindOptions' : 'VolumeOptions'} must not be specified`);
	}

	if (isVolume) {
		return {...volumePoint(first, destination, volumeData), mode: options || 'z', isWritable: mode.isWritable, ...(mode.isCopied ? {} : {isCopied: false})};
	}

	return {
		type: 'bind',
		source: path.posix.normalize(first).replace(/(.)\/$/, '$1'),
		destination,
		mode: options,
		isWritable: mode.isWritable,
		propagation: mode.propagation ?? 'rprivate',
		isRecursive: true,
		createsSource: true,
	};
}

type Mode = {readonly isWritable: boolean; readonly isCopied: boolean; readonly propagation: Propagation | undefined};

/** Words that exclude each other. */
const modeWords: ReadonlyArray<ReadonlySet<string>> = [new Set(['ro', 'rw']), new Set(['z', 'Z']), new Set(['nocopy']), new Set(['consistent', 'cached', 'delegated', 'default']), new Set(propagations)];

function parseMode(options: string, text: string): Mode {
	const words = options === '' ? [] : options.split(',');
	const isKnown = words.every(word => modeWords.some(group => group.has(word)));
	if (!isKnown || modeWords.some(group => words.filter(word => group.has(word)).length > 1)) {
		throw new EngineError('invalidParameter', `invalid mode: ${options}`, {hint: `In '${text}' the part after the second colon may be ro or rw, z or Z, nocopy for a volume, and one of ${propagations.join(', ')} for a folder.`});
	}

	return {isWritable: !words.includes('ro'), isCopied: !words.includes('nocopy'), propagation: words.find(word => isPropagation(word))};
}

function invalidType(text: string, type: MountPoint['type'], problem: string): EngineError {
	return new EngineError('invalidParameter', `invalid volume specification: '${text}': invalid mount config for type "${type}": ${problem}`);
}

function isPropagation(word: string): word is Propagation {
	return (propagations as readonly string[]).includes(word);
}

function fromRequest(mount: MountRequest, volumeData: MountResolution['volumeData'], sourceExists: MountResolution['sourceExists']): MountPoint {
	const refuse = (problem: string) => new EngineError('invalidParameter', `invalid mount config for type "${mount.Type}": ${problem}`);
	if (mount.Target === '') {
		throw refuse('field Target must not be empty');
	}

	const destination = checkMountTarget(mount.Target, refuse);
	const isWritable = mount.ReadOnly !== true;
	if (mount.Type === 'tmpfs') {
		if (mount.Source) {
			throw refuse('field Source must not be specified');
		}

		const {SizeBytes: size = 0, Mode: mode = 0} = mount.TmpfsOptions ?? {};
		return {...tmpfs(destination, [...(size > 0 ? [`size=${size}`] : []), ...(mode > 0 ? [`mode=${mode.toString(8)}`] : [])].join(',')), isWritable};
	}

	if (mount.Type === 'volume') {
		const {NoCopy: noCopy, Subpath: subpath, Labels: labels, DriverConfig: {Options: options} = {}} = mount.VolumeOptions ?? {};
		return {
			...volumePoint(mount.Source || undefined, destination, volumeData),
			mode: 'z',
			isWritable,
			...(noCopy === true ? {isCopied: false} : {}),
			...(subpath ? {subpath} : {}),
			...(labels === undefined && options === undefined ? {} : {driver: {...(labels === undefined ? {} : {labels}), ...(options === undefined ? {} : {options})}}),
		};
	}

	if (!mount.Source) {
		throw refuse('field Source must not be empty');
	}

	if (!mount.Source.startsWith('/')) {
		throw refuse(`invalid mount path: '${mount.Source}' mount path must be absolute`);
	}

	const propagation = mount.BindOptions?.Propagation || 'rprivate';
	if (!isPropagation(propagation)) {
		throw refuse(`invalid propagation mode: ${propagation}`);
	}

	const createsSource = mount.BindOptions?.CreateMountpoint === true;
	if (!createsSource && !sourceExists(mount.Source)) {
		throw refuse(`bind source path does not exist: ${mount.Source}`);
	}

	return {type: 'bind', source: path.posix.normalize(mount.Source), destination, mode: '', isWritable, propagation, isRecursive: mount.BindOptions?.NonRecursive !== true, ...(mount.BindOptions?.ReadOnlyNonRecursive === true ? {isTopReadonly: true} : {}), createsSource};
}

function tmpfs(destination: string, options: string): MountPoint {
	const unknown = options === '' ? undefined : options.split(',').find(option => !/^(ro|rw|nosuid|suid|nodev|dev|noexec|exec|noatime|strictatime|relatime|size=\d+[kmg%]?|mode=[0-7]{3,4}|uid=\d+|gid=\d+|nr_inodes=\d+[kmg]?|nr_blocks=\d+[kmg]?|huge=\w+|mpol=[\w:,-]+)$/i.test(option));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid tmpfs option ["${unknown}"]`);
	}

	return {type: 'tmpfs', source: '', destination, mode: options, isWritable: !options.split(',').includes('ro'), propagation: 'rprivate', isRecursive: false};
}

function volumePoint(name: string | undefined, destination: string, volumeData: MountResolution['volumeData']): MountPoint {
	const volume = name ?? randomHex(32);
	return {
		type: 'volume',
		name: volume,
		...(name === undefined ? {isAnonymous: true} : {}),
		source: volumeData(volume),
		destination,
		mode: '',
		isWritable: true,
		propagation: 'rprivate',
		isRecursive: true,
	};
}

function checkMountTarget(target: string, refuse: (problem: string) => EngineError): string {
	if (!target.startsWith('/') || target.includes('\0')) {
		throw refuse(`invalid mount path: '${target}' mount path must be absolute`);
	}

	const clean = path.posix.normalize(target).replace(/(.)\/$/, '$1');
	if (clean === '/') {
		throw refuse('invalid specification: destination can\'t be \'/\'');
	}

	return clean;
}

function checkDestination(destination: string, text: string): string {
	if (!destination.startsWith('/') || destination.includes('\0')) {
		throw new EngineError('invalidParameter', `invalid volume specification: '${text}': invalid mount config for type "volume": invalid mount path: '${destination}' mount path must be absolute`);
	}

	const clean = path.posix.normalize(destination).replace(/(.)\/$/, '$1');
	if (clean === '/') {
		throw new EngineError('invalidParameter', `invalid volume specification: '${text}': invalid mount config for type "${text.startsWith('/') && text.includes(':') ? 'bind' : 'volume'}": invalid specification: destination can't be '/'`);
	}

	return clean;
}

function depth(destination: string): number {
	return destination.split('/').length;
}
