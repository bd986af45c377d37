/**
Leases that outlive their process: blobs a repository was sent, or asked about, before any manifest names them (engine/registry-server). The first step of everybody who relies on
such a blob is its lease, the second to look whether it is there: so no collection takes it away between the two.
*/
import fs from 'node:fs';
import path from 'node:path';
import {errorCode, systemError} from '../errors.js';
import {listIfThere, removeIfThere} from '../files/atomic-file.js';
import {sha256Hex} from '../files/sha256.js';
import {digestHex, type Digest} from '../oci/digest.js';
import type {Store} from './open-store.js';

/** Takes the lease, or renews it. `repository` is any name: it never becomes part of a path. */
export function leaseBlobFor(store: Store, repository: string, digest: Digest): void {
	const file = leaseFile(store, repository, digest);
	const now = new Date();
	try {
		try {
			fs.utimesSync(file, now, now);
		} catch (error) {
			if (errorCode(error) !== 'ENOENT') {
				throw error;
			}

			fs.mkdirSync(path.dirname(file), {recursive: true, mode: 0o700});
			fs.closeSync(fs.openSync(file, 'a', 0o600));
		}
	} catch (error) {
		throw systemError(`keeping blob ${digest}`, error);
	}
}

export function isLeasedFor(store: Store, repository: string, digest: Digest): boolean {
	return fs.existsSync(leaseFile(store, repository, digest));
}

/** False when there was none. */
export function releaseLeaseFor(store: Store, repository: string, digest: Digest): boolean {
	return removeIfThere(leaseFile(store, repository, digest));
}

/** Hex of all leased blobs, whether they are there or not. */
export function leasedBlobs(store: Store): readonly string[] {
	return listIfThere(store.layout.leases).flatMap(key => [...listIfThere(path.join(store.layout.leases, key))]);
}

/** Ends leases older than that. Returns how many. */
export function endLeases(store: Store, olderThanMs: number): number {
	const limit = Date.now() - olderThanMs;
	let ended = 0;
	for (const key of listIfThere(store.layout.leases)) {
		const folder = path.join(store.layout.leases, key);
		for (const name of listIfThere(folder)) {
			const file = path.join(folder, name);
			const stat = fs.statSync(file, {throwIfNoEntry: false});
			if (stat !== undefined && stat.mtimeMs <= limit && removeIfThere(file)) {
				ended++;
			}
		}
	}

	return ended;
}

function leaseFile(store: Store, repository: string, digest: Digest): string {
	return path.join(store.layout.leases, sha256Hex(repository).slice(0, 32), digestHex(digest));
}
