/**
Reading a stretch of a file in big pieces, one piece ahead.
*/
import fs from 'node:fs';
import {promisify} from 'node:util';
import {EngineError, errorCode, systemError} from '../errors.js';

const readAt = promisify(fs.read) as (descriptor: number, buffer: Buffer, offset: number, length: number, position: number) => Promise<{bytesRead: number}>;

const pieceBytes = 512 * 1024;

export type FileRegion = {
	readonly descriptor: number; // borrowed
	readonly offset: number;
	readonly sizeBytes: number;
	/** For messages. */
	readonly subject: string;
};

/**
The bytes of the region. Three buffers take turns: a piece is valid until the piece after the next one is asked for, so that writing it may still be
under way while the next is hashed; with `keep` every piece is a buffer of its own. Throws `invalidParameter` (code `ETRUNCATED`) when the file
is shorter than the region.
*/
export async function* readRegion(region: FileRegion, options: {readonly keep?: boolean} = {}): AsyncGenerator<Buffer> {
	const buffers = options.keep ? [] : Array.from({length: Math.min(3, Math.ceil(region.sizeBytes / pieceBytes))}, () => Buffer.allocUnsafeSlow(Math.min(pieceBytes, region.sizeBytes)));
	let position = 0;
	let turn = 0;
	const readNext = async () => {
		const wanted = Math.min(pieceBytes, region.sizeBytes - position);
		const buffer = options.keep ? Buffer.allocUnsafeSlow(wanted) : buffers[turn++ % buffers.length]!;
		return readPiece(region, buffer, position, wanted);
	};

	let ahead = region.sizeBytes === 0 ? undefined : readNext();
	try {
		while (ahead !== undefined) {
			const piece = await ahead;
			position += piece.length;
			ahead = position < region.sizeBytes ? readNext() : undefined;
			ahead?.catch(() => {}); // Reported when its turn comes.
			yield piece;
		}
	} finally {
		await ahead?.catch(() => {}); // The descriptor must not be closed under a read.
	}
}

/** A small region whole. */
export function readRegionSync({descriptor, offset, sizeBytes, subject}: FileRegion): Buffer {
	const buffer = Buffer.alloc(sizeBytes);
	const bytesRead = guard(subject, () => fs.readSync(descriptor, buffer, 0, sizeBytes, offset));
	if (bytesRead < sizeBytes) {
		throw shorter(subject);
	}

	return buffer;
}

/** Opens a file; the caller closes it. Throws `notFound` with docker's text. */
export function openForReading(file: string): number {
	try {
		return fs.openSync(file, 'r');
	} catch (error) {
		throw errorCode(error) === 'ENOENT' ? new EngineError('notFound', `open ${file}: no such file or directory`, {code: 'ENOENT', cause: error}) : systemError(`opening ${file}`, error);
	}
}

async function readPiece(region: FileRegion, buffer: Buffer, position: number, wanted: number): Promise<Buffer> {
	let have = 0;
	while (have < wanted) {
		let bytesRead: number;
		try {
			({bytesRead} = await readAt(region.descriptor, buffer, have, wanted - have, region.offset + position + have));
		} catch (error) {
			throw systemError(`reading ${region.subject}`, error);
		}

		if (bytesRead === 0) {
			throw shorter(region.subject);
		}

		have += bytesRead;
	}

	return buffer.subarray(0, wanted);
}

function guard<T>(subject: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		throw systemError(`reading ${subject}`, error);
	}
}

function shorter(subject: string): EngineError {
	return new EngineError('invalidParameter', `${subject} became shorter while it was read`, {code: 'ETRUNCATED'});
}
