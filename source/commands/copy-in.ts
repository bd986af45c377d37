/** `tug cp SRC CONTAINER:DEST`. */
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import type {Engine} from '../../engine/index.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {packTree} from '../transfer/pack-tree.js';
import {CommandError, type CommandContext} from './context.js';
import {followed, isDirectoryMode} from './copy-out.js';
import {systemReason} from './input-file.js';
import {isEngineError} from './report-error.js';

export type CopyIn = {readonly source: string; readonly container: string; readonly destination: string; readonly keepsOwner: boolean; readonly followsLink: boolean; readonly quiet: boolean};

export async function copyIn(context: CommandContext, engine: Engine, copy: CopyIn): Promise<void> {
	const place = await destinationPlace(engine, copy);
	const options = {noOverwriteDirNonDir: true, copyUidGid: copy.keepsOwner};
	if (copy.source === '-') {
		if (place.kind !== 'directory') {
			throw new CommandError(`destination "${copy.container}:${copy.destination}" must be a directory`);
		}

		await engine.putArchive(copy.container, place.path, context.input.stream(), options);
		return;
	}

	const source = localSource(context, copy);
	const target = chooseTarget(source, place, copy);
	let bytes = 0;
	const tar = Readable.from(counted(), {objectMode: false, highWaterMark: 1024 * 1024});
	await engine.putArchive(copy.container, target.directory, tar, options);
	if (!copy.quiet && context.errors.isTerminal) {
		context.errors.write(`Successfully copied ${formatBytes(bytes)} to ${copy.container}:${copy.destination}\n`);
	}

	async function* counted() {
		for await (const chunk of packTree({source: source.file, name: target.name, keepsOwner: copy.keepsOwner})) {
			bytes += chunk.length;
			yield chunk;
		}
	}
}

type Source = {readonly file: string; readonly isDirectory: boolean; readonly wantsContents: boolean};
type Place = {readonly path: string; readonly kind: 'missing' | 'directory' | 'file'; readonly endsInSlash: boolean};

function localSource({directory}: CommandContext, {source, followsLink}: CopyIn): Source {
	const asked = path.resolve(directory, source);
	try {
		const file = followsLink || /\/\.?$/.test(source) ? fs.realpathSync(asked) : asked;
		const isDirectory = fs.lstatSync(file).isDirectory();
		if (source.endsWith('/') && !isDirectory) {
			throw new CommandError(`not a directory: ${source}`);
		}

		return {file, isDirectory, wantsContents: /(^|\/)\.$/.test(source)};
	} catch (error) {
		throw error instanceof CommandError ? error : new CommandError(`lstat ${source}: ${systemReason(error)}`, {cause: error});
	}
}

async function destinationPlace(engine: Engine, {container, destination}: CopyIn): Promise<Place> {
	const endsInSlash = /\/\.?$/.test(destination);
	const asked = path.posix.resolve('/', destination);
	try {
		const real = await followed(engine, container, asked);
		return {path: real, kind: isDirectoryMode(await engine.statArchive(container, real)) ? 'directory' : 'file', endsInSlash};
	} catch (error) {
		// No such path is a new name; no such container fails again when it is written.
		if (!isEngineError(error) || error.kind !== 'notFound' || error.message.startsWith('No such container')) {
			throw error;
		}

		return {path: asked, kind: 'missing', endsInSlash};
	}
}

function chooseTarget(source: Source, place: Place, {destination, container}: CopyIn): {directory: string; name: string} {
	if (place.kind === 'directory') {
		return {directory: place.path, name: source.isDirectory && source.wantsContents ? '.' : path.basename(source.file)};
	}

	if (source.isDirectory && place.kind === 'file') {
		throw new CommandError(`cannot copy a directory onto the file ${container}:${destination}`);
	}

	if (!source.isDirectory && place.endsInSlash) {
		throw new CommandError(`the destination directory must exist: ${container}:${destination}`);
	}

	return {directory: path.posix.dirname(place.path), name: path.posix.basename(place.path)};
}
