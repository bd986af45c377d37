/** A file named on the command line, checked before the engine starts with it. */
import fs from 'node:fs';
import path from 'node:path';
import {CommandError, type CommandContext} from './context.js';

const reasons: Readonly<Record<string, string>> = {ENOENT: 'no such file or directory', EACCES: 'permission denied', ENOTDIR: 'not a directory', EISDIR: 'is a directory', ENOSPC: 'no space left on device', EROFS: 'read-only file system'};

/** The absolute path. */
export function checkReadable(context: Pick<CommandContext, 'directory'>, file: string): string {
	const absolute = path.resolve(context.directory, file);
	try {
		fs.accessSync(absolute, fs.constants.R_OK);
	} catch (error) {
		throw new CommandError(`open ${file}: ${systemReason(error)}`, {cause: error});
	}

	return absolute;
}

/** What the kernel said, in its words. */
export function systemReason(error: unknown): string {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
