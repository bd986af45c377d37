/**
A container's file system from outside: what changed, all of it as a tar, single paths in and out. The native program resolves every path inside the container; nothing
found there is trusted.
*/
import fs from 'node:fs';
import nodePath from 'node:path';
import type {Readable} from 'node:stream';
import {EngineError, isEngineError} from '../errors.js';
import {runNative, spawnNative, type NativeReport} from '../runtime/native-program.js';
import {feed, outputOf} from '../runtime/native-streams.js';
import {requireNative, type ContainerContext} from './container-context.js';
import {isActive} from './container-state.js';
import {containerPlaces, findContainer, lowerFolders} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {hostFiles} from './host-files.js';
import {readState} from './read-state.js';

export type FilesystemChange = {readonly Path: string; readonly Kind: 0 | 1 | 2}; // modified, added, deleted
export type PathStat = {readonly name: string; readonly size: number; readonly mode: number; readonly mtime: string; readonly linkTarget: string};

/** What differs from the image, as `docker diff` lists it. */
export async function containerChanges(context: ContainerContext, unsafeName: string): Promise<FilesystemChange[]> {
	const record = findContainer(context.store, unsafeName);
	const call = spawnNative(requireNative(context), 'changes', layerArguments(context, record, ['upper', 'lower']), {stdout: 'pipe'});
	const chunks: Buffer[] = [];
	for await (const chunk of call.child.stdout! as AsyncIterable<Buffer>) {
		chunks.push(chunk);
	}

	await call.report;
	const kinds: Readonly<Record<string, 0 | 1 | 2>> = {C: 0, A: 1, D: 2};
	return Buffer.concat(chunks).toString('utf8').split('\0').filter(entry => entry !== '').map(entry => ({Path: entry.slice(2), Kind: kinds[entry[0]!] ?? 0}));
}

/** The whole root file system as a tar. */
export function exportContainer(context: ContainerContext, unsafeName: string): Readable {
	const record = findContainer(context.store, unsafeName);
	return outputOf(spawnNative(requireNative(context), 'export', rootArguments(context, record, []), {stdout: 'pipe'}));
}

/** Throws `notFound` with docker's text. */
export async function statArchive(context: ContainerContext, unsafeName: string, path: string): Promise<PathStat> {
	const record = findContainer(context.store, unsafeName);
	try {
		return parseStat(await runNative(requireNative(context), 'stat', [...rootArguments(context, record), '--path', checkPath(path)]));
	} catch (error) {
		throw asMissing(error, path, unsafeName);
	}
}

/** A path as a tar whose first entry is its base name. The reader destroys the stream when it stops early. */
export async function getArchive(context: ContainerContext, unsafeName: string, path: string): Promise<{readonly stat: PathStat; readonly tar: Readable}> {
	const stat = await statArchive(context, unsafeName, path);
	const record = findContainer(context.store, unsafeName);
	return {stat, tar: outputOf(spawnNative(requireNative(context), 'cp-out', [...rootArguments(context, record), '--path', path], {stdout: 'pipe'}))};
}

export type PutOptions = {readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean};

/** Unpacks a plain tar into a directory of the container. Throws `notFound`, `invalidParameter` when it is no directory, `forbidden` when it may not be written. */
export async function putArchive(context: ContainerContext, unsafeName: string, path: string, tar: Readable, options: PutOptions = {}): Promise<void> {
	const record = findContainer(context.store, unsafeName);
	const call = spawnNative(
		requireNative(context),
		'cp-in',
		[...rootArguments(context, record), '--path', checkPath(path), ...(options.noOverwriteDirNonDir ? ['--no-overwrite-dir-non-dir'] : []), ...(options.copyUidGid ? ['--keep-owner'] : [])],
		{stdin: 'pipe'},
	);
	try {
		await feed(call, tar);
	} catch (error) {
		throw asReadOnly(error, record, path) ?? asMissing(error, path, unsafeName);
	}
}

/** Where the native program finds the root: the live one, or the layers of a stopped one with what is mounted in it. */
function rootArguments(context: ContainerContext, record: ContainerRecord, mounts: readonly BoundPlace[] = boundPlaces(context, record)): string[] {
	const state = readState(context.store, record.id);
	if (isActive(state)) {
		return ['--pid', String(state.process.pid), '--start-ticks', String(state.process.startTicks)];
	}

	return [
		...layerArguments(context, record, ['lower', 'upper', 'work']),
		...(mounts.length === 0 && !record.hostConfig.ReadonlyRootfs ? [] : ['--rootfs', containerPlaces(context.store, record.id).rootfs]),
		...mounts.flatMap(({source, target, isWritable, subpath = ''}) => ['--bind', source, '--subpath', subpath, '--at', isWritable ? target : `ro:${target}`]),
		...(record.hostConfig.ReadonlyRootfs ? ['--read-only'] : []),
	];
}

type BoundPlace = {readonly source: string; readonly target: string; readonly isWritable: boolean; readonly subpath?: string};

/** Volumes and places of the host, and the files that each start writes; a tmpfs is gone with the container's processes (moby daemon/containerfs_linux.go). */
function boundPlaces({store, volumes}: ContainerContext, record: ContainerRecord): BoundPlace[] {
	const own = record.mounts.filter(mount => mount.type !== 'tmpfs').flatMap(({name, source, destination, isWritable, subpath}) => {
		const volume = name === undefined ? undefined : volumes.mountOf(name);
		const place = {target: destination, isWritable, ...(subpath === undefined ? {} : {subpath})};
		return volume?.kind === 'tmpfs' ? [] : [{...place, source: volume?.kind === 'bind' ? volume.source : source}];
	});
	return [...hostFiles(containerPlaces(store, record.id), record), ...own]
		.filter(({source}) => fs.existsSync(source))
		.toSorted((a, b) => a.target.split('/').length - b.target.split('/').length);
}

export function layerArguments(context: ContainerContext, record: ContainerRecord, parts: ReadonlyArray<'lower' | 'upper' | 'work'>): string[] {
	const places = containerPlaces(context.store, record.id);
	return parts.flatMap(part => (part === 'lower'
		? lowerFolders(context.store, record).flatMap(folder => ['--lower', folder])
		: [`--${part}`, places[part]]));
}

function parseStat(report: NativeReport): PathStat {
	const stat = report['stat'] as {readonly name: string; readonly size: number; readonly mode: number; readonly mtimeNs: number | string; readonly linkTarget?: string};
	return {name: stat.name, size: stat.size, mode: stat.mode, mtime: formatNanoseconds(String(stat.mtimeNs)), linkTarget: stat.linkTarget ?? ''};
}

function formatNanoseconds(text: string): string {
	const all = BigInt(/^-?\d+$/.test(text) ? text : Math.trunc(Number(text)));
	const seconds = all / 1_000_000_000n;
	const nanoseconds = ((all % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
	return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(nanoseconds).padStart(9, '0')}Z`;
}

/** Docker's texts for what may not be written. */
function asReadOnly(error: unknown, record: ContainerRecord, unsafePath: string): EngineError | undefined {
	if (!isEngineError(error) || error.code !== 'EROFS') {
		return undefined;
	}

	const place = nodePath.posix.resolve('/', unsafePath);
	const isInMount = record.mounts.some(({destination}) => place === destination || place.startsWith(`${destination}/`));
	return new EngineError('forbidden', isInMount ? 'mounted volume is marked read-only' : 'container rootfs is marked read-only', {cause: error});
}

function checkPath(path: string): string {
	if (path === '' || path.includes('\0')) {
		throw new EngineError('invalidParameter', 'path cannot be empty');
	}

	return path.startsWith('/') ? path : `/${path}`;
}

function asMissing(error: unknown, path: string, name: string): unknown {
	return isEngineError(error, 'notFound') || (isEngineError(error) && error.code === 'ENOENT')
		? new EngineError('notFound', `Could not find the file ${path} in container ${name}`, {cause: error, code: 'noSuchPath'})
		: error;
}
