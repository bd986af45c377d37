/**
Making a blob of a file that somebody else fills, such as a download: the pieces that are written in order are only hashed, and at the end the file becomes the blob.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import {systemError} from '../errors.js';
import type {Digest} from '../oci/digest.js';
import {checkExpected, hasBlob, placeBlob, type BlobWriter} from './content-store.js';
import type {Store} from './open-store.js';
import type {Scratch} from './scratch.js';

/** `abort` leaves the file. When the store has the blob by the end, the file stays where it is. */
export function createBlobAdopter(store: Store, scratch: Scratch, file: string, subject: string): BlobWriter {
	const hash = createHash('sha256');
	let sizeBytes = 0;
	let finalDigest: Digest | undefined;
	const digest = () => {
		finalDigest ??= `sha256:${hash.digest('hex')}` as Digest;
		return finalDigest;
	};

	return {
		get sizeBytes() {
			return sizeBytes;
		},
		async write(piece) {
			hash.update(piece);
			sizeBytes += piece.length;
		},
		digest,
		async commit(expected = {}) {
			const found = {digest: digest(), size: sizeBytes};
			checkExpected(subject, found, expected);
			scratch.leaseBlob(found.digest);
			if (!hasBlob(store, found.digest)) {
				await syncFile(file, subject);
				placeBlob(store, file, found.digest);
			}

			return found;
		},
		abort() {},
	};
}

async function syncFile(file: string, subject: string): Promise<void> {
	try {
		const handle = await fs.promises.open(file, 'r');
		try {
			await handle.datasync();
		} finally {
			await handle.close();
		}
	} catch (error) {
		throw systemError(`storing ${subject}`, error);
	}
}
