/**
A tar archive from a container onto this machine. The archive is not trusted: nothing is written outside the destination, whatever its names and links say.
*/
import fs from 'node:fs';
import path from 'node:path';
import {spawnSync} from 'node:child_process';
import {blockBytes, decodeBlock, readPax, withPax, type TarEntry} from './tar-entry.js';

export type UnpackOptions = {
	/** Absolute, an existing directory. */
	readonly directory: string;
	/** What the archive's top entry becomes: `[as the archive has it, as it shall be]`. */
	readonly rename?: readonly [from: string, to: string];
	/** Owners as in the archive (needs root); else the caller's. */
	readonly keepsOwner: boolean;
};

const maxMetaBytes = 1024 * 1024;

/** The number of entries written. Device nodes need root. */
export async function unpackTree(source: AsyncIterable<Buffer>, options: UnpackOptions): Promise<number> {
	const reader = new BlockReader(source);
	const directories: Array<{target: string; entry: TarEntry}> = [];
	let records = new Map<string, string>();
	let count = 0;
	for (;;) {
		const block = await reader.take(blockBytes);
		const raw = block === undefined ? undefined : decodeBlock(block);
		if (raw === undefined) {
			break;
		}

		if ('xgLK'.includes(raw.flag)) {
			if (raw.entry.sizeBytes > maxMetaBytes) {
				throw new Error('an extended tar header is too long');
			}

			const body = await reader.content(raw.entry.sizeBytes);
			if (raw.flag === 'x') {
				records = new Map([...records, ...readPax(body)]);
			} else if (raw.flag !== 'g') {
				records.set(raw.flag === 'L' ? 'path' : 'linkpath', body.toString('utf8').replace(/\0+$/, ''));
			}

			continue;
		}

		const entry = withPax(raw.entry, records);
		records = new Map();
		const target = targetOf(entry.name, options);
		makeParents(options.directory, target);
		await writeEntry(reader, entry, {target, options});
		count++;
		if (entry.type === 'directory') {
			directories.push({target, entry});
		}
	}

	// Last, and from the leaves: writing into a directory changes its time, and its mode may forbid it.
	for (const {target, entry} of directories.reverse()) {
		fs.chmodSync(target, entry.mode & (keepsSpecialBits(options) ? 0o7777 : 0o777));
		fs.utimesSync(target, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
	}

	await reader.drain();
	return count;
}

function targetOf(name: string, {directory, rename}: UnpackOptions): string {
	const parts = name.split('/').filter(part => part !== '' && part !== '.');
	if (parts.includes('..')) {
		throw new Error(`the archive names a path outside itself: ${name}`);
	}

	if (rename !== undefined && parts[0] === rename[0]) {
		parts.splice(0, 1, ...(rename[1] === '' ? [] : [rename[1]]));
	}

	return path.join(directory, ...parts);
}

/** Every folder on the way must be a real one: a link put there by the archive, or by the container meanwhile, is not followed. */
function makeParents(directory: string, target: string): void {
	const relative = path.relative(directory, path.dirname(target));
	let folder = directory;
	for (const part of relative.split('/').filter(part => part !== '')) {
		folder = path.join(folder, part);
		const stat = fs.lstatSync(folder, {throwIfNoEntry: false});
		if (stat === undefined) {
			fs.mkdirSync(folder, 0o755);
		} else if (!stat.isDirectory()) {
			throw new Error(`${folder} is not a directory: not following it`);
		}
	}
}

async function writeEntry(reader: BlockReader, entry: TarEntry, {target, options}: {target: string; options: UnpackOptions}): Promise<void> {
	const existing = fs.lstatSync(target, {throwIfNoEntry: false});
	if (entry.type === 'directory') {
		if (existing !== undefined && !existing.isDirectory()) {
			throw new Error(`cannot overwrite non-directory "${target}" with directory`);
		}

		if (existing === undefined) {
			fs.mkdirSync(target, 0o700);
		}
	} else {
		if (existing?.isDirectory()) {
			throw new Error(`cannot overwrite directory "${target}" with non-directory`);
		}

		fs.rmSync(target, {force: true});
		await makeNode(reader, entry, {target, options});
	}

	if (keepsSpecialBits(options) && entry.type !== 'hardlink' && entry.type !== 'file') {
		fs.lchownSync(target, entry.uid, entry.gid);
	}

	if (entry.type === 'fifo') {
		fs.chmodSync(target, entry.mode & 0o777);
	}

	if (entry.type === 'symlink' || entry.type === 'fifo') {
		fs.lutimesSync(target, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
	}
}

// A set-user-id file of the container must not become one of the caller; with its owner it stays what it was.
function keepsSpecialBits({keepsOwner}: UnpackOptions): boolean {
	return keepsOwner && process.getuid?.() === 0;
}

async function makeNode(reader: BlockReader, entry: TarEntry, {target, options}: {target: string; options: UnpackOptions}): Promise<void> {
	switch (entry.type) {
		case 'file': {
			const handle = await fs.promises.open(target, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW, 0o600);
			try {
				for await (const piece of reader.pieces(entry.sizeBytes)) {
					await writeAll(handle, piece);
				}

				if (keepsSpecialBits(options)) {
					await handle.chown(entry.uid, entry.gid);
				}

				await handle.chmod(entry.mode & (keepsSpecialBits(options) ? 0o7777 : 0o777));
				await handle.utimes(entry.mtimeMs / 1000, entry.mtimeMs / 1000);
			} finally {
				await handle.close();
			}

			break;
		}

		case 'symlink': {
			fs.symlinkSync(entry.linkName, target);
			break;
		}

		case 'hardlink': {
			const linked = targetOf(entry.linkName, options);
			makeParents(options.directory, linked);
			fs.linkSync(linked, target);
			break;
		}

		case 'fifo': {
			run('mkfifo', ['-m', '600', target]);
			break;
		}

		case 'character':
		case 'block': {
			run('mknod', ['-m', (entry.mode & 0o777).toString(8), target, entry.type === 'character' ? 'c' : 'b', String(entry.major), String(entry.minor)]);
			break;
		}

		case 'directory':
	}
}

async function writeAll(handle: fs.promises.FileHandle, data: Buffer): Promise<void> {
	for (let offset = 0; offset < data.length;) {
		offset += (await handle.write(data, offset)).bytesWritten;
	}
}

// Node has no mknod. The target is absolute: no name can be taken for an option.
function run(program: string, words: readonly string[]): void {
	const {status, stderr} = spawnSync(program, words, {encoding: 'utf8'});
	if (status !== 0) {
		throw new Error((stderr ?? '').trim() || `${program} failed`);
	}
}

class BlockReader {
	private readonly iterator: AsyncIterator<Buffer, undefined>;
	private pending: Buffer = Buffer.alloc(0);

	constructor(source: AsyncIterable<Buffer>) {
		this.iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
	}

	/** Exactly that many bytes; undefined at the end. */
	async take(bytes: number): Promise<Buffer | undefined> {
		while (this.pending.length < bytes) {
			const {value, done} = await this.iterator.next();
			if (done) {
				if (this.pending.length > 0) {
					throw new Error('the archive is cut short');
				}

				return undefined;
			}

			this.pending = this.pending.length === 0 ? value : Buffer.concat([this.pending, value]);
		}

		const taken = this.pending.subarray(0, bytes);
		this.pending = this.pending.subarray(bytes);
		return taken;
	}

	async content(sizeBytes: number): Promise<Buffer> {
		const pieces: Buffer[] = [];
		for await (const piece of this.pieces(sizeBytes)) {
			pieces.push(piece);
		}

		return Buffer.concat(pieces);
	}

	/** A content as it comes, with its padding skipped. */
	async * pieces(sizeBytes: number): AsyncGenerator<Buffer> {
		let left = sizeBytes;
		while (left > 0) {
			if (this.pending.length === 0) {
				const {value, done} = await this.iterator.next();
				if (done) {
					throw new Error('the archive is cut short');
				}

				this.pending = value;
			}

			const piece = this.pending.subarray(0, left);
			this.pending = this.pending.subarray(piece.length);
			left -= piece.length;
			yield piece;
		}

		const rest = (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
		if (rest > 0) {
			await this.take(rest);
		}
	}

	/** Lets the writer finish. */
	async drain(): Promise<void> {
		for (;;) {
			const {done} = await this.iterator.next();
			if (done) {
				return;
			}
		}
	}
}
