/** A file or tree of this machine as a tar archive whose first entry bears a name of its own. */
import fs from 'node:fs';
import path from 'node:path';
import {blockBytes, encodeEntry, padding, type TarEntry} from './tar-entry.js';

export type PackOptions = {
	/** Absolute. */
	readonly source: string;
	/** What the top entry is called; `.` packs a directory's contents. */
	readonly name: string;
	/** Owners as they are; else the caller's files become root's. */
	readonly keepsOwner: boolean;
};

const pieceBytes = 1024 * 1024;

/** Symbolic links are packed as such; sockets are left out; names of one file become hard links. */
export async function* packTree({source, name, keepsOwner}: PackOptions): AsyncGenerator<Buffer> {
	const seen = new Map<string, string>();
	const waiting: Array<readonly [file: string, name: string]> = [[source, name]];
	while (waiting.length > 0) {
		const [file, entryName] = waiting.pop()!;
		const stat = fs.lstatSync(file);
		const type = entryType(stat);
		if (type === undefined) {
			continue;
		}

		const entry: TarEntry = {
			name: entryName,
			type,
			mode: stat.mode & 0o7777,
			uid: keepsOwner ? stat.uid : 0,
			gid: keepsOwner ? stat.gid : 0,
			sizeBytes: type === 'file' ? stat.size : 0,
			mtimeMs: stat.mtimeMs,
			linkName: type === 'symlink' ? fs.readlinkSync(file) : '',
			...(type === 'character' || type === 'block' ? deviceNumbers(stat.rdev) : {}),
		};
		if (type === 'directory') {
			yield encodeEntry(entry);
			// Last in, first out: reversed, they come in order.
			waiting.push(...fs.readdirSync(file).sort().reverse().map(child => [path.join(file, child), entryName === '.' ? child : `${entryName}/${child}`] as const));
			continue;
		}

		const identity = `${stat.dev}:${stat.ino}`;
		const earlier = stat.nlink > 1 ? seen.get(identity) : undefined;
		if (earlier !== undefined) {
			yield encodeEntry({...entry, type: 'hardlink', linkName: earlier, sizeBytes: 0});
			continue;
		}

		seen.set(identity, entryName);
		yield encodeEntry(entry);
		if (type === 'file') {
			yield* contents(file, stat.size);
		}
	}

	yield Buffer.alloc(2 * blockBytes);
}

async function* contents(file: string, sizeBytes: number): AsyncGenerator<Buffer> {
	const handle = await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
	try {
		let left = sizeBytes;
		while (left > 0) {
			const {buffer, bytesRead} = await handle.read(Buffer.allocUnsafe(Math.min(left, pieceBytes)), 0, Math.min(left, pieceBytes));
			if (bytesRead === 0) {
				throw new Error(`${file} became shorter while it was copied`);
			}

			left -= bytesRead;
			yield buffer.subarray(0, bytesRead);
		}
	} finally {
		await handle.close();
	}

	yield padding(sizeBytes);
}

function entryType(stat: fs.Stats): TarEntry['type'] | undefined {
	if (stat.isFile()) {
		return 'file';
	}

	if (stat.isDirectory()) {
		return 'directory';
	}

	if (stat.isSymbolicLink()) {
		return 'symlink';
	}

	if (stat.isFIFO()) {
		return 'fifo';
	}

	return stat.isCharacterDevice() ? 'character' : (stat.isBlockDevice() ? 'block' : undefined);
}

// The kernel's dev_t as stat(2) gives it: major in bits 8..19, minor in 0..7 and 20..31.
function deviceNumbers(rdev: number): {major: number; minor: number} {
	return {major: (rdev >> 8) & 0xF_FF, minor: (rdev & 0xFF) | ((rdev >> 12) & 0xF_FF_00)};
}
