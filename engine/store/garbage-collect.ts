/**
Collecting what nothing uses. Work in progress takes leases and container records are written before their layers are checked, both without a lock. So: what looks unused is
renamed into trash/, the roots are scanned AGAIN, and what became used meanwhile is renamed back; only then is the rest condemned and deleted. A collection killed half-way is
finished by the next one, which begins with the same second step.
*/
import fs from 'node:fs';
import path from 'node:path';
import {errorCode, isEngineError, systemError} from '../errors.js';
import {renameIfThere} from '../files/atomic-file.js';
import {parseDigest, type DiffId, type Digest} from '../oci/digest.js';
import {blobSize} from './content-store.js';
import {readLayer} from './layer-store.js';
import type {Store} from './open-store.js';
import {keepReserve, useReserve} from './reserve.js';
import {scanRoots, type Roots} from './roots.js';
import {createScratch} from './scratch.js';
import {abandonedGraves, condemn, deleteInBackground} from './trash.js';

export type Collected = {
	readonly layers: readonly DiffId[];
	readonly blobs: readonly Digest[];
	/** Bytes of blobs and of files in layers. */
	readonly reclaimedBytes: number;
};

/**
Runs work that takes references away and ends with a collection, while holding the store's lock. Killed between the two (or failing there), the collection is made up for by a
later start.
*/
export async function removing<T>(store: Store, work: () => T | Promise<T>): Promise<T> {
	useReserve(store.layout);
	const scratch = createScratch(store);
	scratch.collectIfLost();
	try {
		const result = await store.locked(work);
		scratch.remove();
		keepReserve(store.layout);
		return result;
	} catch (error) {
		// A refusal changed nothing. After anything else nobody knows how far it came.
		if (isEngineError(error) && error.kind !== 'system') {
			scratch.remove();
		}

		throw error;
	}
}

type Candidate = {readonly kind: 'blob' | 'layer'; readonly hex: string; readonly sizeBytes: number};

/** Collects; the caller holds the store's lock. The trees are deleted in the background. */
export function collectGarbage(store: Store): Collected {
	const roots = scanRoots(store);
	const candidates = [...unused(store, 'blob', roots), ...unused(store, 'layer', roots)];
	for (const candidate of candidates) {
		moveToTrash(store, candidate);
	}

	const gone = emptyTrash(store);
	const removed = candidates.filter(candidate => gone.has(trashName(candidate)));
	return {
		layers: removed.filter(({kind}) => kind === 'layer').map(({hex}) => `sha256:${hex}` as DiffId),
		blobs: removed.filter(({kind}) => kind === 'blob').map(({hex}) => `sha256:${hex}` as Digest),
		reclaimedBytes: removed.reduce((sum, {sizeBytes}) => sum + sizeBytes, 0),
	};
}

/**
The second half: gives back what is used, deletes the rest. The caller holds the store's lock. Returns the names of what was condemned.
*/
export function emptyTrash(store: Store): ReadonlySet<string> {
	const names = fs.readdirSync(store.layout.trash);
	const undecided = names.filter(name => /^(?:blob|layer)-/.test(name));
	const gone = new Set<string>();
	const graves = [...abandonedGraves(store, names)];
	if (undecided.length > 0) {
		const roots = scanRoots(store);
		for (const name of undecided) {
			const grave = giveBack(store, name, roots) ? undefined : condemn(store, path.join(store.layout.trash, name));
			if (grave !== undefined) {
				graves.push(grave);
				gone.add(name);
			}
		}
	}

	deleteInBackground(store, graves);
	return gone;
}

function unused(store: Store, kind: Candidate['kind'], roots: Roots): readonly Candidate[] {
	const [folder, used] = kind === 'blob' ? [store.layout.blobs, roots.blobs] : [store.layout.layers, roots.layers];
	return fs.readdirSync(folder)
		.filter(name => !used.has(name))
		.map(hex => ({kind, hex, sizeBytes: sizeOf(store, kind, hex)}));
}

function sizeOf(store: Store, kind: Candidate['kind'], hex: string): number {
	const digest = parseDigest(`sha256:${hex}`);
	if (digest === undefined) {
		return 0; // Something foreign: nothing of ours can use it.
	}

	if (kind === 'blob') {
		return blobSize(store, digest) ?? 0;
	}

	try {
		return readLayer(store, digest as string as DiffId)?.sizeBytes ?? 0;
	} catch {
		return 0;
	}
}

function moveToTrash(store: Store, candidate: Candidate): void {
	const {from, to} = {from: placeOf(store, candidate.kind, candidate.hex), to: path.join(store.layout.trash, trashName(candidate))};
	try {
		renameIfThere(from, to);
	} catch (error) {
		// One of the same name is left there from a collection that was killed: that one goes first.
		if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') {
			throw systemError(`removing ${from}`, error);
		}

		const grave = condemn(store, to);
		renameIfThere(from, to);
		deleteInBackground(store, grave === undefined ? [] : [grave]);
	}
}

/** True when it is in its place again, or a new one is there by now. */
function giveBack(store: Store, name: string, roots: Roots): boolean {
	const kind = name.startsWith('blob-') ? 'blob' : 'layer';
	const hex = name.slice(kind.length + 1);
	if (!(kind === 'blob' ? roots.blobs : roots.layers).has(hex)) {
		return false;
	}

	const place = placeOf(store, kind, hex);
	if (fs.existsSync(place)) {
		return false; // Made again meanwhile: this one can go.
	}

	try {
		return renameIfThere(path.join(store.layout.trash, name), place);
	} catch (error) {
		if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') {
			return false;
		}

		throw systemError(`restoring ${place}`, error);
	}
}

function placeOf(store: Store, kind: Candidate['kind'], hex: string): string {
	return path.join(kind === 'blob' ? store.layout.blobs : store.layout.layers, hex);
}

function trashName({kind, hex}: Candidate): string {
	return `${kind}-${hex}`;
}

