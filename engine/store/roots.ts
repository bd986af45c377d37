/**
What is in use: everything reachable from index.json, from the records of containers, and from the leases of work in progress.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, isEngineError} from '../errors.js';
import {listIfThere, readIfThere} from '../files/atomic-file.js';
import type {Descriptor} from '../oci/descriptor.js';
import {digestHex, parseDiffId, parseDigest, type DiffId, type Digest} from '../oci/digest.js';
import {parseImageConfig} from '../oci/image-config.js';
import {parseIndex} from '../oci/image-index.js';
import {parseManifest} from '../oci/manifest.js';
import {isImageConfigType, isIndexType} from '../oci/media-type.js';
import {leasedBlobs} from './blob-lease.js';
import {readBlob} from './content-store.js';
import {readLayer} from './layer-store.js';
import type {Store} from './open-store.js';
import {readReferences} from './reference-store.js';
import {readLease} from './scratch.js';

/** Hex of digests and diff ids. */
export type Roots = {readonly blobs: ReadonlySet<string>; readonly layers: ReadonlySet<string>};

/**
Scans everything. Throws `system` when a container's record can't be read: what it uses is not known then, so nothing may be deleted. Documents missing from
an image are skipped (there is nothing to keep below them).
*/
export function scanRoots(store: Store): Roots {
	const blobs = new Set<string>();
	const layers = new Set<string>();
	const visited = new Set<string>();
	for (const entry of readReferences(store)) {
		addImage(store, entry, {blobs, layers, visited});
	}

	leasedBlobs(store).forEach(hex => blobs.add(hex));

	for (const id of listIfThere(store.layout.containers)) {
		addContainer(store, path.join(store.layout.container(id), 'config.json'), blobs, layers);
	}

	for (const name of listIfThere(store.layout.temporary)) {
		const folder = path.join(store.layout.temporary, name);
		if (fs.statSync(folder, {throwIfNoEntry: false})?.isDirectory()) {
			const lease = readLease(folder);
			lease.blobs.forEach(hex => blobs.add(hex));
			lease.layers.forEach(hex => layers.add(hex));
		}
	}

	return {blobs, layers};
}

/** Documents are visited once: many tags name the same ones, and indexes may name each other's children over and over. */
type Scan = {readonly blobs: Set<string>; readonly layers: Set<string>; readonly visited: Set<string>};

function addImage(store: Store, descriptor: Descriptor, scan: Scan): void {
	scan.blobs.add(digestHex(descriptor.digest));
	// Another document may call the same one by another type; what it is to that one counts as well.
	const isIndex = isIndexType(descriptor.mediaType);
	const visit = `${isIndex ? 'index' : 'manifest'} ${descriptor.digest}`;
	if (scan.visited.has(visit)) {
		return;
	}

	scan.visited.add(visit);
	const document = readIfKnown(store, descriptor.digest);
	if (document === undefined) {
		return;
	}

	if (isIndex) {
		for (const child of readable(() => parseIndex(document).manifests) ?? []) {
			addImage(store, child, scan);
		}

		return;
	}

	const manifest = readable(() => parseManifest(document));
	if (manifest === undefined) {
		return;
	}

	scan.blobs.add(digestHex(manifest.config.digest));
	manifest.layers.forEach(layer => scan.blobs.add(digestHex(layer.digest)));
	if (isImageConfigType(manifest.config.mediaType)) {
		const config = readable(() => readIfKnown(store, manifest.config.digest));
		const diffIds = config === undefined ? undefined : readable(() => parseImageConfig(config).diffIds);
		diffIds?.forEach(diffId => scan.layers.add(digestHex(diffId)));
	}
}

/** What is not what its media type says names nothing: anybody may push that, nothing can run it, and it must not keep everything else from being collected. */
function readable<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		if (isEngineError(error, 'invalidParameter')) {
			return undefined;
		}

		throw error;
	}
}

function addContainer(store: Store, file: string, blobs: Set<string>, layers: Set<string>): void {
	const data = readIfThere(file);
	if (data === undefined) {
		return; // Half made or half removed: it comes to life only with its record.
	}

	try {
		const record = JSON.parse(data.toString('utf8')) as {readonly layers?: unknown; readonly imageId?: unknown};
		const diffIds: readonly DiffId[] = Array.isArray(record.layers) ? record.layers.map(value => parseDiffId(value)).filter(value => value !== undefined) : [];
		for (const diffId of diffIds) {
			layers.add(digestHex(diffId));
			// A commit needs the blobs too, even when the image was removed by force meanwhile.
			const blob = readLayer(store, diffId)?.blob;
			if (blob !== undefined) {
				blobs.add(digestHex(blob.digest));
			}
		}

		const image: Digest | undefined = parseDigest(record.imageId);
		if (image !== undefined) {
			blobs.add(digestHex(image));
		}
	} catch (error) {
		throw new EngineError('system', `${file} is damaged, so nothing can be cleaned up`, {cause: error, code: 'EDAMAGED', hint: 'Remove that container first.'});
	}
}

/** A damaged document counts as unknown: it can't be used, so it keeps nothing alive. */
function readIfKnown(store: Store, digest: Digest): Buffer | undefined {
	try {
		return readBlob(store, digest);
	} catch (error) {
		if (isEngineError(error, 'notFound') || (isEngineError(error) && error.code === 'EINTEGRITY')) {
			return undefined;
		}

		throw error;
	}
}
