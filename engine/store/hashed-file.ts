/**
A file being written whose sha256 is known at the end.
*/
import {createHash, type Hash} from 'node:crypto';
import fs from 'node:fs';
import {promisify} from 'node:util';
import {systemError} from '../errors.js';
import type {Digest} from '../oci/digest.js';

const writeAsync = promisify(fs.write) as (descriptor: number, buffer: Buffer, offset: number, length: number) => Promise<{bytesWritten: number}>;
const syncAsync = promisify(fs.fdatasync);

export type HashedFile = {
	readonly sizeBytes: number;
	/** Hashed at once, written meanwhile; resolves when the piece may be reused. One write at a time. Throws `system`. */
	write(piece: Buffer): Promise<void>;
	/** Nothing may be written after this. */
	digest(): Digest;
	sync(): Promise<void>;
	/** Harmless when repeated. */
	close(): void;
};

/** What is there of a file to go on with. The hash is of exactly these bytes, and is used up. */
export type HashedPart = {readonly sizeBytes: number; readonly hash: Hash};

/** Creates the file, or goes on at the end of one that is there; `subject` names what is written in messages. */
export function createHashedFile(file: string, subject: string, part?: HashedPart): HashedFile {
	const fail = (error: unknown) => systemError(`storing ${subject}`, error);
	const hash = part?.hash ?? createHash('sha256');
	let descriptor: number | undefined;
	let sizeBytes = part?.sizeBytes ?? 0;
	let finalDigest: Digest | undefined;
	try {
		descriptor = fs.openSync(file, part === undefined ? 'wx' : 'a', 0o600);
	} catch (error) {
		throw fail(error);
	}

	return {
		get sizeBytes() {
			return sizeBytes;
		},
		async write(piece) {
			const writing = writeAll(descriptor!, piece); // On libuv's threads, while this one hashes.
			writing.catch(() => {});
			hash.update(piece);
			sizeBytes += piece.length;
			try {
				await writing;
			} catch (error) {
				throw fail(error);
			}
		},
		digest() {
			finalDigest ??= `sha256:${hash.digest('hex')}` as Digest;
			return finalDigest;
		},
		async sync() {
			try {
				await syncAsync(descriptor!);
			} catch (error) {
				throw fail(error);
			}
		},
		close() {
			if (descriptor !== undefined) {
				fs.closeSync(descriptor);
				descriptor = undefined;
			}
		},
	};
}

async function writeAll(descriptor: number, piece: Buffer): Promise<void> {
	for (let offset = 0; offset < piece.length;) {
		const {bytesWritten} = await writeAsync(descriptor, piece, offset, piece.length - offset);
		offset += bytesWritten;
	}
}
