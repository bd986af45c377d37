/**
Replacing files so that a reader, or the next start after a crash, finds either the old content or the new, never a mixture: temporary file, fsync, rename,
fsync of the folder.
*/
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {errorCode, systemError} from '../errors.js';

export type AtomicWriteOptions = {
	/** Where the temporary file goes; must be on the same file system. Default: beside the file. */
	readonly temporaryFile?: string;
	readonly mode?: number; // default 0o600
	/** False for what need not survive a power cut. Default true. */
	readonly sync?: boolean;
};

let counter = 0;

/** Writes or replaces a file. Throws `system`; on failure the old content stays and no temporary file is left. */
export function writeFileAtomic(file: string, data: string | Uint8Array, options: AtomicWriteOptions = {}): void {
	const temporary = options.temporaryFile ?? path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.${++counter}.tmp`);
	try {
		const descriptor = fs.openSync(temporary, 'wx', options.mode ?? 0o600);
		try {
			fs.writeFileSync(descriptor, data);
			if (options.sync !== false) {
				fs.fsyncSync(descriptor);
			}
		} finally {
			fs.closeSync(descriptor);
		}

		fs.renameSync(temporary, file);
	} catch (error) {
		removeIfThere(temporary);
		throw systemError(`writing ${file}`, error);
	}

	if (options.sync !== false) {
		syncFolder(path.dirname(file));
	}
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
	const descriptor = fs.openSync(folder, 'r');
	try {
		fs.fsyncSync(descriptor);
	} catch (error) {
		// Some network and FUSE file systems have no fsync for folders; there is nothing better to do there.
		if (errorCode(error) !== 'EINVAL' && errorCode(error) !== 'ENOTSUP') {
			throw systemError(`syncing ${folder}`, error);
		}
	} finally {
		fs.closeSync(descriptor);
	}
}

/** The content, or undefined when there is no such file. Throws `system` for anything else. */
export function readIfThere(file: string): Buffer | undefined {
	try {
		return fs.readFileSync(file);
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return undefined;
		}

		throw systemError(`reading ${file}`, error);
	}
}

/** Removes a file; false when there was none. */
export function removeIfThere(file: string): boolean {
	try {
		fs.unlinkSync(file);
		return true;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return false;
		}

		throw systemError(`removing ${file}`, error);
	}
}

/** Renames; false when the source is not there. Throws the bare system error otherwise (callers decide by its code). */
export function renameIfThere(from: string, to: string): boolean {
	try {
		fs.renameSync(from, to);
		return true;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return false;
		}

		throw error;
	}
}

/** Names in a folder; none when it is not there. */
export function listIfThere(folder: string): readonly string[] {
	try {
		return fs.readdirSync(folder);
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return [];
		}

		throw systemError(`listing ${folder}`, error);
	}
}
