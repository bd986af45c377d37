/**
A folder of one piece of work under tmp/, named after its maker. What is made there is renamed into place when it is whole. Its lease file names the blobs
and layers that the work relies on before anything refers to them, so that a collection at the same time leaves them alone.
*/
import fs from 'node:fs';
import path from 'node:path';
import {systemError} from '../errors.js';
import {readIfThere} from '../files/atomic-file.js';
import {formatIdentity, ownIdentity} from '../files/process-identity.js';
import {digestHex, type DiffId, type Digest} from '../oci/digest.js';
import type {Store} from './open-store.js';
import {removeTrees} from './trash.js';

export type Scratch = {
	readonly folder: string;
	/** A path in it that nothing has yet. */
	path(purpose: string): string;
	leaseBlob(digest: Digest): void;
	leaseLayer(diffId: DiffId): void;
	/** Should this work never come to its end, the next start collects what nothing refers to any more. */
	collectIfLost(): void;
	/** Removes the folder with all that is left in it, and ends the lease. Never throws: what a failing disk keeps, the next start sweeps. */
	remove(): void;
};

let counter = 0;

/** Makes one. The caller removes it; when it dies before that, the next start does. */
export function createScratch(store: Store): Scratch {
	const folder = path.join(store.layout.temporary, `${formatIdentity(ownIdentity())}-${++counter}`);
	let names = 0;
	try {
		fs.mkdirSync(folder, {mode: 0o700});
	} catch (error) {
		throw systemError(`the store at ${store.layout.root} can't be written`, error);
	}

	const lease = (text: string) => {
		try {
			fs.appendFileSync(path.join(folder, leaseName), text);
		} catch (error) {
			throw systemError(`writing ${path.join(folder, leaseName)}`, error);
		}
	};

	return {
		folder,
		path: purpose => path.join(folder, `${purpose}-${++names}`),
		leaseBlob(digest) {
			lease(`blob ${digestHex(digest)}\n`);
		},
		leaseLayer(diffId) {
			lease(`layer ${digestHex(diffId)}\n`);
		},
		collectIfLost() {
			lease('');
		},
		remove() {
			try {
				if (!removeEmpty(folder)) {
					removeTrees(store, [folder]);
				}
			} catch {} // The work is done, or its own error is told: this one would only hide that.
		},
	};
}

/** All that was made in it is in its place: the usual case. */
function removeEmpty(folder: string): boolean {
	try {
		fs.rmdirSync(folder);
		return true;
	} catch {
		return false;
	}
}

/** Runs the work with a scratch folder that is removed whatever happens. */
export async function withScratch<T>(store: Store, work: (scratch: Scratch) => Promise<T>): Promise<T> {
	const scratch = createScratch(store);
	try {
		return await work(scratch);
	} finally {
		scratch.remove();
	}
}

export const leaseName = 'lease';

/** What the lease in a scratch folder names; nothing when there is none. */
export function readLease(folder: string): {readonly blobs: readonly string[]; readonly layers: readonly string[]} {
	const lines = readIfThere(path.join(folder, leaseName))?.toString('latin1').split('\n') ?? [];
	const named = (kind: string) => lines.filter(line => line.startsWith(`${kind} `)).map(line => line.slice(kind.length + 1));
	return {blobs: named('blob'), layers: named('layer')};
}
