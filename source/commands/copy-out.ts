/** `tug cp CONTAINER:SRC DEST`. */
import fs from 'node:fs';
import path from 'node:path';
import type {Engine, PathStat} from '../../engine/index.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {unpackTree} from '../transfer/unpack-tree.js';
import {CommandError, type CommandContext} from './context.js';

export type CopyOut = {readonly container: string; readonly source: string; readonly destination: string; readonly keepsOwner: boolean; readonly followsLink: boolean; readonly quiet: boolean};

const typeMask = 0o17_0000;
const directoryType = 0o04_0000;
const linkType = 0o12_0000;
const maxLinks = 40;

export async function copyOut(context: CommandContext, engine: Engine, copy: CopyOut): Promise<void> {
	const source = copy.followsLink ? await followed(engine, copy.container, copy.source) : copy.source;
	if (copy.destination === '-') {
		const {tar} = await engine.getArchive(copy.container, source);
		for await (const chunk of tar as AsyncIterable<Uint8Array>) {
			await context.output.send(chunk);
		}

		return;
	}

	const isSourceDirectoryAsked = source.endsWith('/');
	const place = destinationPlace(context, copy.destination);
	const {stat, tar} = await engine.getArchive(copy.container, source);
	const isDirectory = isDirectoryMode(stat);
	if (isSourceDirectoryAsked && !isDirectory) {
		tar.destroy();
		throw new CommandError(`not a directory: ${copy.container}:${source}`);
	}

	const target = chooseTarget({source, isDirectory, name: stat.name, place, destination: copy.destination}, tar);
	let bytes = 0;
	async function* counted() {
		for await (const chunk of tar as AsyncIterable<Buffer>) {
			bytes += chunk.length;
			yield chunk;
		}
	}

	try {
		await unpackTree(counted(), {directory: target.directory, rename: [stat.name, target.name], keepsOwner: copy.keepsOwner});
	} finally {
		tar.destroy();
	}

	if (!copy.quiet && context.errors.isTerminal) {
		context.errors.write(`Successfully copied ${formatBytes(bytes)} to ${place.absolute}\n`);
	}
}

type Place = {readonly absolute: string; readonly kind: 'missing' | 'directory' | 'file'; readonly endsInSlash: boolean};

function destinationPlace({directory}: CommandContext, destination: string): Place {
	const absolute = path.resolve(directory, destination);
	// A link to somewhere is what it points to: the person who named it owns it.
	const stat = fs.statSync(absolute, {throwIfNoEntry: false});
	const endsInSlash = /\/\.?$/.test(destination);
	if (stat === undefined && !fs.existsSync(path.dirname(absolute))) {
		throw new CommandError(`invalid output path: directory "${path.dirname(absolute)}" does not exist`);
	}

	return {absolute, kind: stat === undefined ? 'missing' : (stat.isDirectory() ? 'directory' : 'file'), endsInSlash};
}

/** docker's rules: into a directory by its own name, contents only for `SRC/.`, else under the destination's name. */
function chooseTarget({source, isDirectory, name, place, destination}: {source: string; isDirectory: boolean; name: string; place: Place; destination: string}, tar: {destroy(): unknown}): {directory: string; name: string} {
	const wantsContents = /(^|\/)\.$/.test(source);
	if (place.kind === 'directory') {
		return {directory: fs.realpathSync(place.absolute), name: isDirectory && wantsContents ? '' : name === '/' ? '' : name};
	}

	if (isDirectory && place.kind === 'file') {
		tar.destroy();
		throw new CommandError(`cannot copy a directory onto the file ${destination}`);
	}

	if (!isDirectory && place.endsInSlash) {
		tar.destroy();
		throw new CommandError(place.kind === 'missing' ? `the destination directory must exist: ${destination}` : `not a directory: ${destination}`);
	}

	if (isDirectory) {
		fs.mkdirSync(place.absolute, {recursive: false});
		return {directory: fs.realpathSync(place.absolute), name: ''};
	}

	const real = place.kind === 'file' ? fs.realpathSync(place.absolute) : path.join(fs.realpathSync(path.dirname(place.absolute)), path.basename(place.absolute));
	return {directory: path.dirname(real), name: path.basename(real)};
}

/** The path a symbolic link in the container leads to. */
export async function followed(engine: Engine, container: string, start: string): Promise<string> {
	let current = start;
	for (let step = 0; step < maxLinks; step++) {
		const stat = await engine.statArchive(container, current);
		if ((stat.mode & typeMask) !== linkType) {
			return current;
		}

		current = path.posix.resolve('/', path.posix.dirname(path.posix.resolve('/', current)), stat.linkTarget);
	}

	throw new CommandError(`too many symbolic links: ${container}:${start}`);
}

export function isDirectoryMode({mode}: PathStat): boolean {
	return (mode & typeMask) === directoryType;
}
