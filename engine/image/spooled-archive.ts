/**
Image archives that come as a stream: every member is put into a scratch folder (hashed on the way, so that it becomes a blob by a mere rename), because the manifest that
says what they are may come last.
*/
import fs from 'node:fs';
import {entryName, linkedName} from '../archive/entry-name.js';
import {openForReading, readRegion, readRegionSync} from '../archive/file-region.js';
import {resolveEntry} from '../archive/tar-index.js';
import {readTarStream, type TarStreamEntry} from '../archive/tar-stream.js';
import {EngineError} from '../errors.js';
import type {Digest} from '../oci/digest.js';
import {createHashedFile} from '../store/hashed-file.js';
import type {Scratch} from '../store/scratch.js';
import type {ArchiveMember, ImageArchive} from './image-archive.js';

type SpooledEntry =
	| {readonly kind: 'file'; readonly sizeBytes: number; readonly file: string; readonly digest: Digest}
	| {readonly kind: 'memory'; readonly data: Buffer}
	| {readonly kind: 'link'; readonly target: string};

/** Small members stay in memory: old docker archives have three of them for every layer. */
const memoryBytes = 64 * 1024;
const maxMemoryBytes = 32 * 1024 * 1024;
const maxSpooled = 100_000;

/** Reads a tar to its end. `subject` names it in messages. */
export async function spoolArchive(plain: AsyncIterable<Buffer>, scratch: Scratch, subject: string, signal: AbortSignal | undefined): Promise<ImageArchive> {
	const entries = new Map<string, SpooledEntry>();
	let inMemory = 0;
	for await (const entry of readTarStream(plain, subject)) {
		signal?.throwIfAborted();
		if (entries.size >= maxSpooled) {
			throw new EngineError('invalidParameter', `${subject} has too many entries for an image archive`);
		}

		const {header} = entry;
		const name = entryName(header.name);
		if (name !== undefined && header.kind === 'file') {
			const keep = header.sizeBytes <= memoryBytes && inMemory + header.sizeBytes <= maxMemoryBytes;
			inMemory += keep ? header.sizeBytes : 0;
			entries.set(name, keep ? {kind: 'memory', data: await collect(entry)} : await spoolFile(entry, scratch, `${subject}: ${name}`, signal));
		} else if (name !== undefined && (header.kind === 'symlink' || header.kind === 'hardlink')) {
			const target = header.kind === 'symlink' ? linkedName(name, header.linkName) : entryName(header.linkName);
			if (target !== undefined) {
				entries.set(name, {kind: 'link', target});
			}
		}
	}

	if (entries.size === 0) {
		throw new EngineError('invalidParameter', `${subject} holds no files`, {code: 'EBADTAR'});
	}

	return {
		subject,
		find(name) {
			const found = resolveEntry<SpooledEntry>(entries, name);
			return found === undefined || found.entry.kind === 'link' ? undefined : spooledMember(found.entry, `${subject}: ${found.name}`, found.name);
		},
		close() {},
	};
}

async function collect(entry: TarStreamEntry): Promise<Buffer> {
	const data = Buffer.alloc(entry.header.sizeBytes);
	let offset = 0;
	for await (const piece of entry.body) {
		offset += piece.copy(data, offset);
	}

	return data;
}

async function spoolFile(entry: TarStreamEntry, scratch: Scratch, subject: string, signal: AbortSignal | undefined): Promise<SpooledEntry> {
	const file = scratch.path('spool');
	const writer = createHashedFile(file, subject);
	try {
		for await (const piece of entry.body) {
			signal?.throwIfAborted();
			await writer.write(piece);
		}
	} finally {
		writer.close();
	}

	return {kind: 'file', file, sizeBytes: writer.sizeBytes, digest: writer.digest()};
}

function spooledMember(entry: Exclude<SpooledEntry, {kind: 'link'}>, subject: string, key: string): ArchiveMember {
	if (entry.kind === 'memory') {
		return {
			key,
			subject,
			sizeBytes: entry.data.length,
			async* read() {
				yield entry.data;
			},
			start: length => entry.data.subarray(0, length),
		};
	}

	return {
		key,
		subject,
		sizeBytes: entry.sizeBytes,
		spooled: {file: entry.file, digest: entry.digest},
		read: () => readWholeFile(entry.file, entry.sizeBytes, subject),
		start(length) {
			const descriptor = openForReading(entry.file);
			try {
				return readRegionSync({descriptor, offset: 0, sizeBytes: Math.min(length, entry.sizeBytes), subject});
			} finally {
				fs.closeSync(descriptor);
			}
		},
	};
}

async function* readWholeFile(file: string, sizeBytes: number, subject: string): AsyncGenerator<Buffer> {
	const descriptor = openForReading(file);
	try {
		yield* readRegion({descriptor, offset: 0, sizeBytes, subject});
	} finally {
		fs.closeSync(descriptor);
	}
}
