/**
Blobs by digest. A blob has a name only when it is whole, verified and on disk: temporary file, sha256 while it streams, fsync, rename, fsync of the folder.
*/
import fs from 'node:fs';
import {EngineError, errorCode, systemError} from '../errors.js';
import {readIfThere, removeIfThere, syncFolder, writeFileAtomic} from '../files/atomic-file.js';
import {sha256Hex} from '../files/sha256.js';
import type {Descriptor} from '../oci/descriptor.js';
import {digestHex, type Digest} from '../oci/digest.js';
import {maxJsonBytes} from '../oci/json-shape.js';
import {createHashedFile} from './hashed-file.js';
import type {Store} from './open-store.js';
import type {Scratch} from './scratch.js';

export function sha256(data: string | Uint8Array): Digest {
	return `sha256:${sha256Hex(data)}` as Digest;
}

/** Size in bytes; undefined when the store has no such blob. */
export function blobSize(store: Store, digest: Digest): number | undefined {
	return fs.statSync(store.layout.blob(digest), {throwIfNoEntry: false})?.size;
}

export function hasBlob(store: Store, digest: Digest): boolean {
	return blobSize(store, digest) !== undefined;
}

/**
A small blob (a JSON document), verified. Throws `notFound` (code `BLOB_UNKNOWN`) when it is not there, `system` (code `EINTEGRITY`) when its content does not
match its name.
*/
export function readBlob(store: Store, digest: Digest): Buffer {
	const file = store.layout.blob(digest);
	if ((blobSize(store, digest) ?? 0) > maxJsonBytes) {
		throw new EngineError('invalidParameter', `blob ${digest} is too large for a JSON document`);
	}

	const data = readIfThere(file);
	if (data === undefined) {
		throw missingBlob(digest);
	}

	if (sha256(data) !== digest) {
		throw new EngineError('system', `${file} is damaged: its content has another digest`, {code: 'EINTEGRITY', hint: 'Remove the image and load or pull it again.'});
	}

	return data;
}

/** A descriptor of the blob for reading big content; the caller closes it. Throws `notFound` (code `BLOB_UNKNOWN`). */
export function openBlob(store: Store, digest: Digest): {readonly descriptor: number; readonly sizeBytes: number} {
	try {
		const descriptor = fs.openSync(store.layout.blob(digest), 'r');
		return {descriptor, sizeBytes: fs.fstatSync(descriptor).size};
	} catch (error) {
		throw errorCode(error) === 'ENOENT' ? missingBlob(digest) : systemError(`reading blob ${digest}`, error);
	}
}

/** Stores a small document. The lease keeps it until something refers to it. */
export function writeBlob(store: Store, scratch: Scratch, mediaType: string, data: Buffer): Descriptor {
	const digest = sha256(data);
	scratch.leaseBlob(digest);
	if (!hasBlob(store, digest)) {
		writeFileAtomic(store.layout.blob(digest), data, {temporaryFile: scratch.path('blob'), mode: 0o600});
	}

	return {mediaType, digest, size: data.length};
}

export type Expected = {readonly digest?: Digest | undefined; readonly size?: number | undefined};

export type BlobWriter = {
	/** Resolves when the piece may be reused. Hashing happens at once. */
	write(piece: Buffer): Promise<void>;
	readonly sizeBytes: number;
	/** The content is final then. */
	digest(): Digest;
	/** Checks, syncs and names the blob. Throws `invalidParameter` (code `EINTEGRITY`) when it is not what was expected; then nothing is stored. */
	commit(expected?: Expected): Promise<{readonly digest: Digest; readonly size: number}>;
	/** Closes and forgets; harmless after `commit`. */
	abort(): void;
};

/** Writes a blob piece by piece. `subject` names it in messages. */
export function createBlobWriter(store: Store, scratch: Scratch, subject: string): BlobWriter {
	const path = scratch.path('blob');
	const file = createHashedFile(path, subject);
	return {
		get sizeBytes() {
			return file.sizeBytes;
		},
		write: file.write,
		digest: file.digest,
		async commit(expected = {}) {
			const found = {digest: file.digest(), size: file.sizeBytes};
			checkExpected(subject, found, expected);
			scratch.leaseBlob(found.digest);
			if (!hasBlob(store, found.digest)) {
				await file.sync();
				placeBlob(store, path, found.digest);
			}

			file.close();
			removeIfThere(path);
			return found;
		},
		abort() {
			file.close();
			removeIfThere(path);
		},
	};
}

/** Makes a file of the scratch folder, hashed already, a blob: no byte is copied. */
export function adoptBlob(store: Store, scratch: Pick<Scratch, 'leaseBlob'>, path: string, digest: Digest): void {
	scratch.leaseBlob(digest);
	if (hasBlob(store, digest)) {
		return;
	}

	try {
		const descriptor = fs.openSync(path, 'r');
		try {
			fs.fdatasyncSync(descriptor);
		} finally {
			fs.closeSync(descriptor);
		}
	} catch (error) {
		throw systemError(`storing blob ${digest}`, error);
	}

	placeBlob(store, path, digest);
}

/** Throws `invalidParameter` (code `EINTEGRITY`) when size or digest differ from what was announced. */
export function checkExpected(subject: string, found: {readonly digest: Digest; readonly size: number}, expected: Expected): void {
	if (expected.size !== undefined && found.size !== expected.size) {
		throw integrityError(subject, `has ${found.size} bytes instead of ${expected.size}`);
	}

	if (expected.digest !== undefined && found.digest !== expected.digest) {
		throw integrityError(subject, `has digest ${found.digest} instead of ${expected.digest}`);
	}
}

export function integrityError(subject: string, problem: string): EngineError {
	return new EngineError('invalidParameter', `${subject} ${problem}`, {code: 'EINTEGRITY', hint: 'The data was changed or damaged on the way: get it again.'});
}

/** Gives a synced file its name as a blob. */
export function placeBlob(store: Store, file: string, digest: Digest): void {
	try {
		fs.renameSync(file, store.layout.blob(digest));
	} catch (error) {
		throw systemError(`storing blob ${digest}`, error);
	}

	syncFolder(store.layout.blobs);
}

function missingBlob(digest: Digest): EngineError {
	return new EngineError('notFound', `blob ${digest} is not in the store`, {code: 'BLOB_UNKNOWN', hint: 'Load or pull the image again.'});
}

/** For messages. */
export function shortDigest(digest: string): string {
	return digestHex(digest as Digest).slice(0, 12);
}
