/** `-o FILE`: written beside it and renamed, so that the file is there whole or not at all; without it the standard output, which must not be a terminal. */
import fs from 'node:fs';
import path from 'node:path';
import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {CommandError, type CommandContext} from './context.js';
import {systemReason} from './input-file.js';

/** Checks where it goes before anything is read. */
export async function writeArchive(context: CommandContext, file: string | undefined, open: () => Promise<Readable>): Promise<void> {
	if (file === undefined) {
		if (context.output.isTerminal) {
			throw new CommandError('cowardly refusing to save to a terminal', {hint: 'Use -o FILE or redirect the output.'});
		}

		for await (const chunk of await open() as AsyncIterable<Uint8Array>) {
			await context.output.send(chunk);
		}

		return;
	}

	const absolute = path.resolve(context.directory, file);
	const stat = fs.statSync(absolute, {throwIfNoEntry: false});
	if (stat?.isDirectory()) {
		throw new CommandError(`invalid output path: "${file}" is a directory`);
	}

	if (!fs.existsSync(path.dirname(absolute))) {
		throw new CommandError(`invalid output path: directory "${path.dirname(file)}" does not exist`);
	}

	// Into a device or a pipe there is nothing to rename.
	const isPlain = stat === undefined || stat.isFile();
	const temporary = isPlain ? `${absolute}.tug-${process.pid}` : absolute;
	const source = await open();
	try {
		// Opened at once: a source that fails first must find a file to remove, not one that is made after that.
		await pipeline(source, fs.createWriteStream(temporary, {fd: fs.openSync(temporary, 'w', 0o600)}));
		if (isPlain) {
			fs.renameSync(temporary, absolute);
		}
	} catch (error) {
		if (isPlain) {
			fs.rmSync(temporary, {force: true});
		}

		throw error instanceof Error && 'syscall' in error ? new CommandError(`write ${file}: ${systemReason(error)}`, {cause: error}) : error;
	}
}
