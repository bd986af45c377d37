/**
Blobs on their way in, piece by piece, over several requests and maybe several processes: a folder each, with what is known of the upload and the bytes so far. Nothing of it is only in
memory: whoever finds the folder can go on. (The running sha256 is kept in memory as well, so that the bytes need not be read again when the same process goes on.)
*/
import {createHash, randomUUID, type Hash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, isEngineError, systemError} from '../errors.js';
import {listIfThere, readIfThere} from '../files/atomic-file.js';
import {withLock} from '../files/lock-file.js';
import type {Digest} from '../oci/digest.js';
import {asString, parseJsonObject} from '../oci/json-shape.js';
import {leaseBlobFor} from './blob-lease.js';
import {adoptBlob, blobSize, hasBlob} from './content-store.js';
import {createHashedFile, type HashedFile, type HashedPart} from './hashed-file.js';
import type {Store} from './open-store.js';
import {removeTrees} from './trash.js';

export type Upload = {readonly id: string; readonly repository: string; readonly sizeBytes: number};

/** What a request adds: `at` is where it must begin (any place when undefined: the end), `maxBytes` what the whole blob may have. */
export type UploadPiece = {readonly data: AsyncIterable<Buffer>; readonly at?: number | undefined; readonly maxBytes: number};

/** Of one repository each; an upload of another one is `notFound` (code `UPLOAD_UNKNOWN`), as is one that is over. */
export type UploadStore = {
	/** Throws `unavailable` (code `TOO_MANY`) when there are `maxOpen` of them. */
	start(repository: string, maxOpen: number): Upload;
	status(repository: string, id: string): Upload | undefined;
	/**
	Adds bytes as they come. When they stop coming, what was written stays, and the next piece begins there. Throws `invalidParameter` with code `RANGE` when `at` is not the
	end, `TOO_LARGE` beyond `maxBytes` (then the upload is gone); `conflict` (code `UPLOAD_BUSY`) while another request writes; `system` with code ENOSPC (the upload is gone: it would keep the disk full).
	*/
	append(repository: string, id: string, piece: UploadPiece): Promise<Upload>;
	/** Adds the last piece, and makes the blob, leased for the repository. Throws as `append`, and `invalidParameter` (code `DIGEST`) when the bytes have another digest; then the upload is gone. */
	finish(repository: string, id: string, digest: Digest, piece: UploadPiece): Promise<{readonly sizeBytes: number}>;
	/** For reading along while it is written; the caller closes. */
	open(repository: string, id: string): {readonly descriptor: number; readonly sizeBytes: number};
	/** False when there is none. */
	cancel(repository: string, id: string): boolean;
	/** Removes uploads nobody has added to for so long. Returns how many. */
	sweep(olderThanMs: number): number;
};

/** How long a request waits for another one to stop writing to the same upload: one whose client has gone may not have noticed yet. */
const lockWaitMs = 5000;
const maxHashes = 256;

export function uploadStore(store: Store): UploadStore {
	const hashes = new Map<string, HashedPart>();

	function start(repository: string, maxOpen: number): Upload {
		if (listIfThere(store.layout.uploads).length >= maxOpen) {
			throw new EngineError('unavailable', 'too many uploads are open', {code: 'TOO_MANY'});
		}

		const id = randomUUID(); // Cannot be guessed: who knows it may go on with it
		try {
			// The folder gets its name when it is whole.
			const folder = path.join(store.layout.uploads, `.${id}`);
			fs.mkdirSync(folder, {recursive: true, mode: 0o700});
			fs.writeFileSync(path.join(folder, 'session.json'), JSON.stringify({repository, startedAt: new Date().toISOString()}), {mode: 0o600});
			fs.writeFileSync(path.join(folder, 'data'), '', {mode: 0o600});
			fs.renameSync(folder, store.layout.upload(id));
		} catch (error) {
			throw systemError('starting an upload', error);
		}

		return {id, repository, sizeBytes: 0};
	}

	function status(repository: string, id: string): Upload | undefined {
		const data = uploadIdPattern.test(id) ? readIfThere(path.join(store.layout.upload(id), 'session.json')) : undefined;
		if (data === undefined || asString(parseJsonObject(data, 'upload')['repository'], 'repository') !== repository) {
			return undefined;
		}

		const size = fs.statSync(dataFile(id), {throwIfNoEntry: false})?.size;
		return {id, repository, sizeBytes: size ?? 0};
	}

	const get = (repository: string, id: string) => status(repository, id) ?? unknownUpload(id);
	const dataFile = (id: string) => path.join(store.layout.upload(id), 'data');
	const locked = async <T>(id: string, work: () => Promise<T>) => {
		try {
			return await withLock(path.join(store.layout.upload(id), 'lock'), {waitMs: lockWaitMs}, work);
		} catch (error) {
			if (isEngineError(error) && error.code === 'locked') {
				throw new EngineError('conflict', 'another request is writing to this upload', {code: 'UPLOAD_BUSY', cause: error});
			}

			throw errorCode(error) === 'ENOENT' ? unknownUpload(id) : error; // Finished or cancelled by the request before
		}
	};

	function discard(id: string): void {
		hashes.delete(id);
		removeTrees(store, [store.layout.upload(id)]);
	}

	async function append(repository: string, id: string, piece: UploadPiece): Promise<Upload> {
		get(repository, id);
		return locked(id, async () => {
			const file = await write(get(repository, id), piece);
			return {id, repository, sizeBytes: file.sizeBytes};
		});
	}

	/** The file closed, its bytes counted and its hash kept. */
	async function write(upload: Upload, {data, at, maxBytes}: UploadPiece): Promise<HashedFile> {
		if (at !== undefined && at !== upload.sizeBytes) {
			throw new EngineError('invalidParameter', `the piece begins at ${at}, the upload has ${upload.sizeBytes} bytes`, {code: 'RANGE'});
		}

		const part = await knownPart(upload);
		const file = createHashedFile(dataFile(upload.id), 'an upload', part);
		hashes.delete(upload.id);
		try {
			for await (const chunk of data) {
				if (file.sizeBytes + chunk.length > maxBytes) {
					discard(upload.id);
					throw new EngineError('invalidParameter', `the blob has more than ${maxBytes} bytes`, {code: 'TOO_LARGE'});
				}

				await file.write(chunk);
			}

			remember(upload.id, {sizeBytes: file.sizeBytes, hash: part.hash});
			return file;
		} catch (error) {
			if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT') {
				discard(upload.id);
			} else if (fs.statSync(dataFile(upload.id), {throwIfNoEntry: false})?.size === file.sizeBytes) {
				remember(upload.id, {sizeBytes: file.sizeBytes, hash: part.hash});
			}

			throw error;
		} finally {
			file.close();
		}
	}

	function remember(id: string, part: HashedPart): void {
		hashes.set(id, part);
		for (const oldest of hashes.keys()) {
			if (hashes.size <= maxHashes) {
				return;
			}

			hashes.delete(oldest);
		}
	}

	/** From memory, when that is about the bytes that are there: another process may have written since. */
	async function knownPart({id, sizeBytes}: Upload): Promise<HashedPart> {
		const known = hashes.get(id);
		return known?.sizeBytes === sizeBytes ? known : {sizeBytes, hash: await hashFile(dataFile(id), sizeBytes)};
	}

	async function finish(repository: string, id: string, digest: Digest, piece: UploadPiece): Promise<{readonly sizeBytes: number}> {
		get(repository, id);
		return locked(id, async () => {
			const upload = get(repository, id);
			leaseBlobFor(store, repository, digest);
			if (!fs.existsSync(dataFile(id))) {
				return finishAgain(upload, digest);
			}

			const {sizeBytes} = await write(upload, piece);
			const found = `sha256:${(await knownPart({...upload, sizeBytes})).hash.copy().digest('hex')}`;
			if (found !== digest) {
				discard(id);
				throw new EngineError('invalidParameter', `the uploaded bytes have digest ${found} instead of ${digest}`, {code: 'DIGEST'});
			}

			if (!hasBlob(store, digest)) {
				await syncFile(dataFile(id)); // Here, where nobody else waits for it: adoptBlob's own sync finds nothing left to do
			}

			adoptBlob(store, {leaseBlob() {}}, dataFile(id), digest);
			discard(id);
			return {sizeBytes};
		});
	}

	/** The process that finished it was killed after the bytes had got their name. */
	function finishAgain({id}: Upload, digest: Digest): {readonly sizeBytes: number} {
		const sizeBytes = blobSize(store, digest);
		discard(id);
		return sizeBytes === undefined ? unknownUpload(id) : {sizeBytes};
	}

	function open(repository: string, id: string): {readonly descriptor: number; readonly sizeBytes: number} {
		const {sizeBytes} = get(repository, id);
		try {
			return {descriptor: fs.openSync(dataFile(id), 'r'), sizeBytes};
		} catch (error) {
			throw systemError('reading an upload', error);
		}
	}

	function cancel(repository: string, id: string): boolean {
		if (status(repository, id) === undefined) {
			return false;
		}

		discard(id);
		return true;
	}

	function sweep(olderThanMs: number): number {
		const limit = Date.now() - olderThanMs;
		const old = listIfThere(store.layout.uploads).filter(name => lastChange(path.join(store.layout.uploads, name)) <= limit);
		old.forEach(name => {
			discard(name);
		});
		return old.length;
	}

	return {start, status, append, finish, open, cancel, sweep};
}

const uploadIdPattern = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

function unknownUpload(id: string): never {
	throw new EngineError('notFound', `there is no upload ${id.slice(0, 100)}`, {code: 'UPLOAD_UNKNOWN'});
}

async function hashFile(file: string, sizeBytes: number): Promise<Hash> {
	const hash = createHash('sha256');
	if (sizeBytes === 0) {
		return hash;
	}

	try {
		for await (const piece of fs.createReadStream(file, {end: sizeBytes - 1, highWaterMark: 1024 * 1024})) {
			hash.update(piece as Buffer);
		}
	} catch (error) {
		throw systemError('reading an upload', error);
	}

	return hash;
}

async function syncFile(file: string): Promise<void> {
	try {
		const handle = await fs.promises.open(file, 'r');
		try {
			await handle.datasync();
		} finally {
			await handle.close();
		}
	} catch (error) {
		throw systemError('storing an upload', error);
	}
}

/** Unix milliseconds; of the data, or of the folder when there is none. Infinity for one that is gone meanwhile. */
function lastChange(folder: string): number {
	const stat = fs.statSync(path.join(folder, 'data'), {throwIfNoEntry: false}) ?? fs.statSync(folder, {throwIfNoEntry: false});
	return stat?.mtimeMs ?? Number.POSITIVE_INFINITY;
}
