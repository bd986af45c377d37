/**
How much of the disk images take, and how much of it pruning would give back.
*/
import fs from 'node:fs';
import {listIfThere} from '../files/atomic-file.js';
import {digestHex, parseDiffId, type DiffId} from '../oci/digest.js';
import {readLayer} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import type {Image, ImageHooks} from './image.js';
import type {ImageCatalog} from './image-catalog.js';

export type ImageDiskUsage = {
	readonly images: ReadonlyArray<{readonly image: Image; readonly sharedBytes: number; readonly containers: number}>;
	/** Bytes of file contents in all unpacked layers, each counted once. */
	readonly layersBytes: number;
	/** The same with the blobs they came from. */
	readonly diskBytes: number;
	/** What `image prune --all` would give back. */
	readonly reclaimableBytes: number;
};

export async function imageDiskUsage({store, catalog, hooks}: {readonly store: Store; readonly catalog: ImageCatalog; readonly hooks: ImageHooks}): Promise<ImageDiskUsage> {
	const all = catalog.list();
	const holders = new Map<DiffId, number>();
	for (const image of all) {
		for (const diffId of new Set(image.config.diffIds)) {
			holders.set(diffId, (holders.get(diffId) ?? 0) + 1);
		}
	}

	const usedLayers = new Set<string>();
	const usedBlobs = new Set<string>();
	const images: Array<ImageDiskUsage['images'][number]> = [];
	for (const image of all) {
		const users = await (hooks.containersUsing?.(image.id) ?? []);
		const sharedBytes = [...new Set(image.config.diffIds)].filter(diffId => holders.get(diffId)! > 1).reduce((sum, diffId) => sum + catalog.layerSize(diffId), 0);
		images.push({image, sharedBytes, containers: users.length});
		if (users.length > 0) {
			[image.id, image.manifest.digest, ...image.layers.map(({blob}) => blob.digest)].forEach(digest => usedBlobs.add(digestHex(digest)));
			image.config.diffIds.forEach(diffId => usedLayers.add(digestHex(diffId)));
		}
	}

	const layers = listIfThere(store.layout.layers).map(hex => ({hex, sizeBytes: layerBytes(store, hex)}));
	const blobs = listIfThere(store.layout.blobs).map(hex => ({hex, sizeBytes: fileBytes(store, hex)}));
	const sum = (items: ReadonlyArray<{readonly sizeBytes: number}>) => items.reduce((total, {sizeBytes}) => total + sizeBytes, 0);
	return {
		images,
		layersBytes: sum(layers),
		diskBytes: sum(layers) + sum(blobs),
		reclaimableBytes: sum(layers.filter(({hex}) => !usedLayers.has(hex))) + sum(blobs.filter(({hex}) => !usedBlobs.has(hex))),
	};
}

function layerBytes(store: Store, hex: string): number {
	const diffId = parseDiffId(`sha256:${hex}`);
	try {
		return diffId === undefined ? 0 : (readLayer(store, diffId)?.sizeBytes ?? 0);
	} catch {
		return 0; // Damaged: pruning takes it away, and says as much about its size.
	}
}

function fileBytes(store: Store, hex: string): number {
	return fs.statSync(`${store.layout.blobs}/${hex}`, {throwIfNoEntry: false})?.size ?? 0;
}
