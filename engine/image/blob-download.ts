/**
Downloads in the store: one file a blob, one process at a time working on it. Whoever comes second waits and finds the blob there; when the first was killed, the second goes on
where it stopped.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, isEngineError, systemError} from '../errors.js';
import {listIfThere, removeIfThere} from '../files/atomic-file.js';
import {withLock} from '../files/lock-file.js';
import type {Descriptor} from '../oci/descriptor.js';
import {digestHex, type Digest} from '../oci/digest.js';
import {journalOf} from '../registry/download-journal.js';
import {startFileDownload, type FileDownload, type FileDownloadOptions} from '../registry/file-download.js';
import type {Repository} from '../registry/repository.js';
import type {Store} from '../store/open-store.js';

/** What the registry's repository does for a download. */
export type BlobOrigin = Pick<Repository, 'openBlob'>;

export type DownloadSettings = Pick<FileDownloadOptions, 'policy' | 'partBytes' | 'atOnce' | 'stallMs'>;

/** Half a download may wait for its continuation so long. */
const keptMs = 3 * 24 * 60 * 60 * 1000;

/** Runs the work while nobody else in any process works on the blob's download. */
export async function withDownloadLock<T>(store: Store, digest: Digest, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
	makeFolder(store.layout.downloads);
	const lock = `${store.layout.download(digest)}.lock`;
	for (;;) {
		signal.throwIfAborted();
		let hasBegun = false;
		try {
			return await withLock(lock, {waitMs: 500}, async () => {
				hasBegun = true;
				return work();
			});
		} catch (error) {
			// The other one may take as long as it needs.
			if (hasBegun || !isEngineError(error) || error.code !== 'locked') {
				throw error;
			}
		}
	}
}

/** Starts or continues the download of a blob into its file. The caller holds its lock. */
export function downloadBlob(store: Store, origin: BlobOrigin, blob: Descriptor, options: DownloadSettings & {readonly subject: string; readonly signal: AbortSignal; readonly onProgress: (currentBytes: number) => void}): FileDownload {
	return startFileDownload({
		...options,
		file: store.layout.download(blob.digest),
		sizeBytes: blob.size,
		open: async (range, signal) => origin.openBlob(blob.digest, {range, size: blob.size, signal}),
	});
}

/** Forgets what is there of a blob (also when it has become the blob: its journal stays behind). The caller holds its lock. */
export function dropDownload(store: Store, digest: Digest): void {
	const file = store.layout.download(digest);
	removeIfThere(file);
	removeIfThere(journalOf(file));
}

/** Removes downloads nobody has come back for. One under way is written to, so it is younger. */
export function sweepDownloads(store: Store, nowMs: number): void {
	for (const name of listIfThere(store.layout.downloads)) {
		const file = path.join(store.layout.downloads, name);
		const changedMs = fs.lstatSync(file, {throwIfNoEntry: false})?.mtimeMs;
		if (changedMs !== undefined && nowMs - changedMs > keptMs) {
			removeIfThere(file);
		}
	}
}

/** The disk must have room for the whole blob before the first byte is fetched, not after an hour. */
export function checkRoom(store: Store, blobs: readonly Descriptor[]): void {
	const wanted = blobs.reduce((sum, blob) => sum + blob.size - (fs.statSync(store.layout.download(blob.digest), {throwIfNoEntry: false})?.size ?? 0), 0);
	const {bavail, bsize} = fs.statfsSync(store.layout.root);
	if (wanted > bavail * bsize) {
		throw new EngineError('system', `not enough space in ${store.layout.root}: ${wanted} bytes are to come, ${bavail * bsize} are free`, {code: 'ENOSPC', hint: 'Free some space (tug image prune, tug container prune) and try again.'});
	}
}

/** For messages. */
export function blobSubject(digest: Digest, repository: string): string {
	return `layer ${digestHex(digest).slice(0, 12)} of ${repository}`;
}

function makeFolder(folder: string): void {
	try {
		fs.mkdirSync(folder, {recursive: true, mode: 0o700});
	} catch (error) {
		throw systemError(`creating ${folder}`, error);
	}
}
