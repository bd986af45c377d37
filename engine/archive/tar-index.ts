/**
Where things lie in an uncompressed tar file, so that its members can be read in place and in any order. Only headers are read.
*/
import fs from 'node:fs';
import {EngineError, systemError} from '../errors.js';
import {entryName, linkedName} from './entry-name.js';
import {applyOverrides, blockBytes, bodyBytes, paddedSize, parseHeader, readOverrides, type TarHeader, type TarOverrides} from './tar-header.js';

export type TarIndexEntry =
	| {readonly kind: 'file'; readonly offset: number; readonly sizeBytes: number}
	| {readonly kind: 'link'; readonly target: string};

/** Members by name (`entryName`). Of several with one name the last counts, as when unpacking. */
export type TarIndex = ReadonlyMap<string, TarIndexEntry>;

const maxMetaBytes = 1024 * 1024;
const maxEntries = 200_000;

/** Indexes the file; `subject` names it in messages. Throws `invalidParameter` for a damaged or truncated archive. */
export function indexTar(descriptor: number, subject: string): TarIndex {
	const fileBytes = fs.fstatSync(descriptor).size;
	const entries = new Map<string, TarIndexEntry>();
	const block = Buffer.alloc(blockBytes);
	let overrides: TarOverrides = {};
	let offset = 0;
	for (let count = 0; offset < fileBytes; count++) {
		const header = readHeader(descriptor, block, offset, subject);
		if (header === undefined) {
			return entries;
		}

		if (count >= maxEntries) {
			throw new EngineError('invalidParameter', `${subject} has too many entries for an image archive`);
		}

		const entry = header.kind === 'meta' ? header : applyOverrides(header, overrides);
		const bodyOffset = offset + blockBytes;
		if (bodyOffset + bodyBytes(entry) > fileBytes) {
			throw truncated(subject, entry.name, fileBytes - bodyOffset, entry.sizeBytes);
		}

		if (entry.kind === 'meta') {
			readOverrides(entry, readMeta(descriptor, bodyOffset, entry, subject), overrides);
		} else {
			addEntry(entries, entry, bodyOffset);
			overrides = {};
		}

		offset = bodyOffset + paddedSize(bodyBytes(entry));
	}

	// GNU tar and docker end with zero blocks, but many writers do not: cut at an entry's end can't be told from that.
	return entries;
}

/** Adds a file or link to a map of entries; directories and devices are of no use in an image archive. */
export function addEntry(entries: Map<string, TarIndexEntry>, header: TarHeader, offset: number): void {
	const name = entryName(header.name);
	if (name === undefined) {
		return; // Outside the archive: nothing can refer to it.
	}

	if (header.kind === 'file') {
		entries.set(name, {kind: 'file', offset, sizeBytes: header.sizeBytes});
	} else if (header.kind === 'symlink' || header.kind === 'hardlink') {
		const target = header.kind === 'symlink' ? linkedName(name, header.linkName) : entryName(header.linkName);
		if (target !== undefined) {
			entries.set(name, {kind: 'link', target});
		}
	}
}

/** Follows links inside the archive (docker save of old shares layers so). Undefined when it leads nowhere or in a circle. */
export function resolveEntry<T extends {readonly kind: string}>(entries: ReadonlyMap<string, T | {readonly kind: 'link'; readonly target: string}>, name: string): {name: string; entry: T} | undefined {
	let current = entryName(name);
	for (let hops = 0; hops < 16 && current !== undefined; hops++) {
		const entry = entries.get(current);
		if (entry === undefined) {
			return undefined;
		}

		if (!isLink(entry)) {
			return {name: current, entry};
		}

		current = entry.target;
	}

	return undefined;
}

export function truncated(subject: string, entry: string, thereBytes: number, sizeBytes: number): EngineError {
	return new EngineError('invalidParameter', `${subject} is cut off inside ${entry} (${Math.max(0, thereBytes)} of ${sizeBytes} bytes are there)`, {
		code: 'ETRUNCATED',
		hint: 'Copy or save the archive again.',
	});
}

function isLink<T extends {readonly kind: string}>(entry: T | {readonly kind: 'link'; readonly target: string}): entry is {readonly kind: 'link'; readonly target: string} {
	return entry.kind === 'link';
}

function readHeader(descriptor: number, block: Buffer, offset: number, subject: string): TarHeader | undefined {
	const bytesRead = read(descriptor, block, offset, subject);
	if (bytesRead < blockBytes) {
		throw truncated(subject, 'a header', bytesRead, blockBytes);
	}

	try {
		return parseHeader(block);
	} catch (error) {
		throw new EngineError('invalidParameter', `${subject} is damaged at byte ${offset}: ${(error as Error).message}`, {code: 'EBADTAR', cause: error, hint: 'Copy or save the archive again.'});
	}
}

function readMeta(descriptor: number, offset: number, entry: TarHeader, subject: string): Buffer {
	if (entry.sizeBytes > maxMetaBytes) {
		throw new EngineError('invalidParameter', `${subject} has an extended header of ${entry.sizeBytes} bytes`, {code: 'EBADTAR'});
	}

	const body = Buffer.alloc(entry.sizeBytes);
	read(descriptor, body, offset, subject);
	return body;
}

function read(descriptor: number, buffer: Buffer, offset: number, subject: string): number {
	try {
		return fs.readSync(descriptor, buffer, 0, buffer.length, offset);
	} catch (error) {
		throw systemError(`reading ${subject}`, error);
	}
}
