/**
Image archives, whatever they come as: a tar file read in place, a folder, or a stream whose members are spooled into a scratch folder.
*/
import fs from 'node:fs';
import {detectCompression, looksLikeTar, sniffBytes, type Compression} from '../archive/compression.js';
import {openForReading, readRegion, readRegionSync} from '../archive/file-region.js';
import {inflate} from '../archive/inflate.js';
import {EngineError} from '../errors.js';
import type {Digest} from '../oci/digest.js';
import {maxJsonBytes} from '../oci/json-shape.js';
import type {Scratch} from '../store/scratch.js';
import {folderArchive, tarArchive} from './placed-archive.js';
import {spoolArchive} from './spooled-archive.js';

/** One file of an archive. */
export type ArchiveMember = {
	/** The same for every name that leads to the same content. */
	readonly key: string;
	/** For messages: archive and name. */
	readonly subject: string;
	readonly sizeBytes: number;
	/** A file of its own that may be renamed away, with its digest; undefined when it lies inside the archive. */
	readonly spooled?: {readonly file: string; readonly digest: Digest};
	/** A file on the store's file system that holds exactly these bytes once they were read: it becomes the blob. */
	readonly landing?: string;
	/** Its bytes; pieces as `readRegion` has them. */
	read(): AsyncIterable<Buffer>;
	/** The first bytes, at most `length`. */
	start(length: number): Buffer;
};

export type ImageArchive = {
	/** For messages. */
	readonly subject: string;
	/** Follows links inside the archive. Undefined when there is no such file. */
	find(name: string): ArchiveMember | undefined;
	close(): void;
};

/**
Opens an archive at a path: a tar file, a compressed one (then it is spooled), a pipe, or a folder with an OCI layout. The caller closes it. Throws `notFound`,
`invalidParameter`.
*/
export async function openArchiveFile(file: string, scratch: Scratch, signal?: AbortSignal): Promise<ImageArchive> {
	const descriptor = openForReading(file);
	let keep = false;
	try {
		const stat = fs.fstatSync(descriptor);
		if (stat.isDirectory()) {
			return folderArchive(file);
		}

		if (!stat.isFile()) {
			return await openArchiveStream(fs.createReadStream('', {fd: descriptor, autoClose: false, highWaterMark: 512 * 1024}), scratch, file, signal);
		}

		const whole = {descriptor, offset: 0, sizeBytes: stat.size, subject: file};
		const compression = checkedCompression(readRegionSync({...whole, sizeBytes: Math.min(sniffBytes, stat.size)}), file);
		if (compression !== 'none') {
			return await spoolArchive(inflate(readRegion(whole), compression, file), scratch, file, signal);
		}

		const archive = tarArchive(descriptor, file);
		keep = true;
		return archive;
	} finally {
		if (!keep) {
			fs.closeSync(descriptor);
		}
	}
}

/** Reads a whole archive from a stream into the scratch folder. */
export async function openArchiveStream(source: AsyncIterable<Buffer>, scratch: Scratch, subject: string, signal?: AbortSignal): Promise<ImageArchive> {
	const {start, all} = await peek(source);
	return spoolArchive(inflate(all, checkedCompression(start, subject), subject), scratch, subject, signal);
}

/** The first bytes of a stream, and the stream as if they had not been read. */
export async function peek(source: AsyncIterable<Buffer>): Promise<{readonly start: Buffer; readonly all: AsyncIterable<Buffer>}> {
	const iterator = source[Symbol.asyncIterator]();
	const pieces: Buffer[] = [];
	for (let length = 0; length < sniffBytes;) {
		const next = await iterator.next();
		if (next.done) {
			break;
		}

		const piece = Buffer.from(next.value); // The source may hand out strings or shared buffers.
		pieces.push(piece);
		length += piece.length;
	}

	const start = Buffer.concat(pieces);
	async function* all() {
		try {
			if (start.length > 0) {
				yield start;
			}

			for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
				yield next.value;
			}
		} finally {
			await iterator.return?.();
		}
	}

	return {start: start.subarray(0, sniffBytes), all: all()};
}

/** A JSON document in the archive; undefined when it is not there. Throws `invalidParameter` when it is too large. */
export function readDocument(archive: ImageArchive, name: string): Buffer | undefined {
	const member = archive.find(name);
	if (member === undefined) {
		return undefined;
	}

	if (member.sizeBytes > maxJsonBytes) {
		throw new EngineError('invalidParameter', `${member.subject} is too large (${member.sizeBytes} bytes) for a JSON document`);
	}

	return member.start(member.sizeBytes);
}

function checkedCompression(start: Buffer, subject: string): Compression {
	if (start.length === 0) {
		throw new EngineError('invalidParameter', `${subject} is empty`, {code: 'EBADTAR', hint: 'An image archive is expected, such as `docker save` writes.'});
	}

	const compression = detectCompression(start);
	if (compression === 'none' && !looksLikeTar(start)) {
		throw new EngineError('invalidParameter', `${subject} is not an image archive`, {code: 'EBADTAR', hint: 'A tar file is expected, plain or compressed, such as `docker save` writes.'});
	}

	return compression;
}
