/**
Which images there are: the entries of index.json. One entry for each reference (annotation `io.containerd.image.name`, as containerd and docker write it); an
image without any has one entry without annotations.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, systemError} from '../errors.js';
import {writeFileAtomic} from '../files/atomic-file.js';
import {formatIdentity, ownIdentity} from '../files/process-identity.js';
import {annotationNames, type Descriptor} from '../oci/descriptor.js';
import {defined} from '../oci/json-shape.js';
import {parseIndex, serializeIndex} from '../oci/image-index.js';
import {canonicalReference, type ImageReference} from '../oci/reference.js';
import type {Store} from './open-store.js';

export type ReferenceEntry = Descriptor;

/** Our own file: about 800,000 entries. */
const maxIndexBytes = 256 * 1024 * 1024;

/** All entries, in the order they were made. Never locks. Throws `system` when index.json is damaged. */
export function readReferences(store: Store): readonly ReferenceEntry[] {
	let data: Buffer;
	try {
		data = fs.readFileSync(store.layout.index);
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return [];
		}

		throw systemError(`reading ${store.layout.index}`, error);
	}

	try {
		return parseIndex(data, store.layout.index, maxIndexBytes).manifests;
	} catch (error) {
		throw new EngineError('system', `${store.layout.index} is damaged: ${(error as Error).message}`, {cause: error, hint: 'Restore it from a backup, or move it away and load the images again.'});
	}
}

/**
Changes the entries while holding the store's lock: `change` gets what is there and gives what shall be there (the same list: nothing is written). Durable when it
resolves.
*/
export async function updateReferences<T>(store: Store, change: (entries: readonly ReferenceEntry[]) => {readonly entries: readonly ReferenceEntry[]; readonly result: T}): Promise<T> {
	return store.locked(() => changeReferences(store, change));
}

/** The same for a caller that holds the lock already. */
export function changeReferences<T>(store: Store, change: (entries: readonly ReferenceEntry[]) => {readonly entries: readonly ReferenceEntry[]; readonly result: T}, before = readReferences(store)): T {
	const {entries, result} = change(before);
	if (entries !== before) {
		writeFileAtomic(store.layout.index, serializeIndex({manifests: entries}), {temporaryFile: path.join(store.layout.temporary, `${formatIdentity(ownIdentity())}-index`)});
	}

	return result;
}

/** The entries for one that asks often: index.json is parsed again only when it was replaced. */
export type ReferenceCache = {
	/** The same list while nothing changed. */
	read(): readonly ReferenceEntry[];
	/** As `changeReferences`. */
	change<T>(change: (entries: readonly ReferenceEntry[]) => {readonly entries: readonly ReferenceEntry[]; readonly result: T}): T;
};

export function referenceCache(store: Store): ReferenceCache {
	let known: {readonly stamp: string; readonly entries: readonly ReferenceEntry[]} | undefined;
	const read = () => {
		const stamp = fileStamp(store.layout.index); // Before reading: what is read is never older than it.
		if (known?.stamp !== stamp) {
			known = {stamp, entries: readReferences(store)};
		}

		return known.entries;
	};

	return {
		read,
		change(change) {
			let after: readonly ReferenceEntry[] | undefined;
			const result = changeReferences(store, entries => {
				const changed = change(entries);
				after = changed.entries;
				return changed;
			}, read());
			known = {stamp: fileStamp(store.layout.index), entries: after!};
			return result;
		},
	};
}

/** Differs whenever the file was replaced. */
function fileStamp(file: string): string {
	const stat = fs.statSync(file, {bigint: true, throwIfNoEntry: false});
	return stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
}

/** The canonical reference of an entry; undefined for one without a name. */
export function entryReference(entry: ReferenceEntry): string | undefined {
	return entry.annotations?.[annotationNames.imageName];
}

/** Id of the image it was made from, when it was made here. */
export function entryParent(entry: ReferenceEntry): string | undefined {
	return entry.annotations?.[annotationNames.parent];
}

/** The entry naming a manifest by a reference, or by none. */
export function makeEntry(descriptor: Descriptor, reference: ImageReference | undefined, parent?: string): ReferenceEntry {
	const annotations = defined({
		[annotationNames.imageName]: reference === undefined ? undefined : canonicalReference(reference),
		[annotationNames.refName]: reference?.digest === undefined ? reference?.tag : undefined,
		[annotationNames.parent]: parent,
	}) as Record<string, string>;
	const plain = {mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size, ...(descriptor.platform === undefined ? {} : {platform: descriptor.platform})};
	return Object.keys(annotations).length === 0 ? plain : {...plain, annotations};
}

/**
Points a reference (or none) at a manifest. The image that had the reference before stays, without a name when that was its last; an entry without a name is dropped
once its image has one. Pure.
*/
export function withReference(entries: readonly ReferenceEntry[], descriptor: Descriptor, reference: ImageReference | undefined, parent?: string): readonly ReferenceEntry[] {
	const known = entries.filter(entry => entry.digest === descriptor.digest);
	const inheritedParent = parent ?? known.map(entry => entryParent(entry)).find(value => value !== undefined);
	if (reference === undefined) {
		return known.length > 0 ? entries : [...entries, makeEntry(descriptor, undefined, inheritedParent)];
	}

	const canonical = canonicalReference(reference);
	if (known.some(entry => entryReference(entry) === canonical)) {
		return entries;
	}

	const released = entries.filter(entry => entryReference(entry) === canonical);
	const kept = entries.filter(entry => entryReference(entry) !== canonical && !(entry.digest === descriptor.digest && entryReference(entry) === undefined));
	const dangling = released.filter(entry => !kept.some(other => other.digest === entry.digest)).map(entry => makeEntry(entry, undefined, entryParent(entry)));
	return [...kept, ...dangling, makeEntry(descriptor, reference, inheritedParent)];
}
