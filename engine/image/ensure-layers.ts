/**
Making sure that layers are unpacked, from their blobs where a tree is missing (an image that was pulled without being run, or a tree somebody removed).
*/
import fs from 'node:fs';
import {readRegion} from '../archive/file-region.js';
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import {hasBlob, openBlob} from '../store/content-store.js';
import {hasLayer} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import {withScratch, type Scratch} from '../store/scratch.js';
import type {ArchiveMember} from './image-archive.js';
import type {ImageCatalog} from './image-catalog.js';
import {ingestLayer} from './ingest-layer.js';
import {inParallel} from './parallel.js';

/** Idempotent; several processes may do it at once. Throws `notFound` (code `LAYER_UNKNOWN`) when neither tree nor blob is there. */
export async function ensureLayers(store: Store, catalog: ImageCatalog, diffIds: readonly DiffId[], signal?: AbortSignal): Promise<void> {
	if (diffIds.every(diffId => hasLayer(store, diffId))) {
		return;
	}

	// A collection under way may have taken one away and will give it back: the lock waits for its end.
	const missing = await store.locked(() => diffIds.filter(diffId => !hasLayer(store, diffId)));
	await withScratch(store, async scratch => {
		await inParallel([...new Set(missing)], 2, signal, async (diffId, layerSignal) => {
			scratch.leaseLayer(diffId);
			const {member, close, blob} = openLayerBlob(store, scratch, catalog, diffId);
			try {
				await ingestLayer({store, scratch, signal: layerSignal}, {member, diffId, expected: blob});
			} finally {
				close();
			}
		});
	});
}

function openLayerBlob(store: Store, scratch: Scratch, catalog: ImageCatalog, diffId: DiffId): {readonly member: ArchiveMember; readonly blob: Descriptor; readonly close: () => void} {
	const blob = catalog.list().flatMap(image => image.layers).find(layer => layer.diffId === diffId && hasBlob(store, layer.blob.digest))?.blob;
	if (blob === undefined) {
		throw new EngineError('notFound', `layer ${diffId} is not in the store`, {code: 'LAYER_UNKNOWN', hint: 'Load or pull the image again.'});
	}

	scratch.leaseBlob(blob.digest);
	const {descriptor, sizeBytes} = openBlob(store, blob.digest);
	const region = {descriptor, offset: 0, sizeBytes, subject: `layer ${diffId}`};
	return {
		blob,
		close() {
			fs.closeSync(descriptor);
		},
		member: {
			key: blob.digest,
			subject: region.subject,
			sizeBytes,
			read: () => readRegion(region),
			start(length) {
				const buffer = Buffer.alloc(Math.min(length, sizeBytes));
				return buffer.subarray(0, fs.readSync(descriptor, buffer, 0, buffer.length, 0));
			},
		},
	};
}
