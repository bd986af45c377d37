/**
Checking a whole store against its own rules. For tests, and for whoever suspects a disk.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {listIfThere} from '../files/atomic-file.js';
import type {Descriptor} from '../oci/descriptor.js';
import {digestHex, parseDigest} from '../oci/digest.js';
import {parseImageConfig} from '../oci/image-config.js';
import {parseIndex} from '../oci/image-index.js';
import {isRunnable, parseManifest} from '../oci/manifest.js';
import {isIndexType} from '../oci/media-type.js';
import {blobSize, readBlob} from './content-store.js';
import {listLayers, readLayer} from './layer-store.js';
import type {Store} from './open-store.js';
import {entryReference, readReferences} from './reference-store.js';
import {scanRoots} from './roots.js';

export type VerifyOptions = {
	/** Also complain about leftovers: scratch folders, trash, unused blobs and layers. After `reconcile`, with nothing running. */
	readonly tidy?: boolean;
	/** Layers need not be unpacked: images that were pushed to the registry server, and never run. */
	readonly packed?: boolean;
};

/** Sentences about what is wrong; none when all is well. Reads every byte of every blob. */
export function verifyStore(store: Store, options: VerifyOptions = {}): readonly string[] {
	return [
		...checkBlobs(store),
		...checkImages(store, options),
		...checkLayers(store),
		...(options.tidy ? checkTidiness(store) : []),
	];
}

function checkBlobs(store: Store): string[] {
	return listIfThere(store.layout.blobs).flatMap(name => {
		const file = path.join(store.layout.blobs, name);
		return parseDigest(`sha256:${name}`) === undefined ? [`blob ${name} has no digest for a name`] : (hashFile(file) === name ? [] : [`blob ${name} does not match its digest`]);
	});
}

function checkImages(store: Store, options: VerifyOptions): string[] {
	const entries = readReferences(store);
	const names = entries.map(entry => entryReference(entry)).filter(name => name !== undefined);
	return [
		...names.filter((name, index) => names.indexOf(name) !== index).map(name => `${name} is there twice`),
		...entries.flatMap(entry => checkImage(store, entry, {subject: entryReference(entry) ?? entry.digest, options})),
	];
}

function checkImage(store: Store, descriptor: Descriptor, about: {readonly subject: string; readonly options: VerifyOptions}): string[] {
	const {subject, options} = about;
	try {
		const document = readBlob(store, descriptor.digest);
		if (isIndexType(descriptor.mediaType)) {
			return parseIndex(document).manifests.filter(child => blobSize(store, child.digest) !== undefined).flatMap(child => checkImage(store, child, about));
		}

		const manifest = parseManifest(document);
		const missing = manifest.layers.filter(layer => blobSize(store, layer.digest) !== layer.size).map(layer => `${subject}: layer blob ${layer.digest} is missing or has another size`);
		if (!isRunnable(manifest)) {
			return missing; // A chart, a signature …
		}

		const config = parseImageConfig(readBlob(store, manifest.config.digest));
		return [
			...missing,
			...(options.packed ? [] : config.diffIds.filter(diffId => readLayer(store, diffId) === undefined).map(diffId => `${subject}: layer ${diffId} is not unpacked`)),
			...(config.diffIds.length === manifest.layers.length ? [] : [`${subject}: ${manifest.layers.length} layers in the manifest, ${config.diffIds.length} in the config`]),
		];
	} catch (error) {
		return [`${subject}: ${(error as Error).message}`];
	}
}

function checkLayers(store: Store): string[] {
	const strangers = listIfThere(store.layout.layers).filter(name => parseDigest(`sha256:${name}`) === undefined).map(name => `layer ${name} has no diff id for a name`);
	return [...strangers, ...listLayers(store).flatMap(diffId => {
		try {
			const record = readLayer(store, diffId);
			if (record === undefined) {
				return [`layer ${diffId} has no record`];
			}

			return [
				...(record.diffId === diffId ? [] : [`layer ${diffId} has the record of another`]),
				...(fs.statSync(store.layout.layerTree(diffId), {throwIfNoEntry: false})?.isDirectory() ? [] : [`layer ${diffId} has no tree`]),
				...(record.squash && !fs.existsSync(store.layout.layerSquash(diffId)) ? [`layer ${diffId} has lost its squash index`] : []),
			];
		} catch (error) {
			return [`layer ${diffId}: ${(error as Error).message}`];
		}
	})];
}

function checkTidiness(store: Store): string[] {
	const roots = scanRoots(store);
	return [
		...listIfThere(store.layout.temporary).filter(name => name !== 'downloads').map(name => `tmp/${name} is left over`),
		...listIfThere(store.layout.downloads).map(name => `tmp/downloads/${name} is left over`),
		...listIfThere(store.layout.trash).filter(name => !name.startsWith('dead-')).map(name => `trash/${name} is left over`),
		...listIfThere(store.layout.blobs).filter(hex => !roots.blobs.has(hex)).map(hex => `blob ${hex} is not used`),
		...listLayers(store).map(diffId => digestHex(diffId)).filter(hex => !roots.layers.has(hex)).map(hex => `layer ${hex} is not used`),
	];
}

function hashFile(file: string): string {
	const hash = createHash('sha256');
	const descriptor = fs.openSync(file, 'r');
	const buffer = Buffer.allocUnsafe(1024 * 1024);
	try {
		for (let length = fs.readSync(descriptor, buffer); length > 0; length = fs.readSync(descriptor, buffer)) {
			hash.update(buffer.subarray(0, length));
		}
	} finally {
		fs.closeSync(descriptor);
	}

	return hash.digest('hex');
}
