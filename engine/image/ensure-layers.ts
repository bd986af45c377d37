/**
Making sure that layers are unpacked, from their blobs where a tree is missing (an image that was pulled without being run, or a tree somebody removed).
*/
import {EngineError, isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import {hasBlob} from '../store/content-store.js';
import {hasLayer, isNeedlesslySquashed} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import {withScratch, type Scratch} from '../store/scratch.js';
import type {ImageCatalog} from './image-catalog.js';
import type {ImageHooks} from './image.js';
import {inParallel} from './parallel.js';

export type EnsureLayersContext = {readonly store: Store; readonly catalog: ImageCatalog; readonly hooks: Pick<ImageHooks, 'mountedLayers'>};

/**
Idempotent; several processes may do it at once. Layers that were squashed to one user id are unpacked again once there are more ids. Resolves to warnings about those that can't be. Throws `notFound`
(code `LAYER_UNKNOWN`) when neither tree nor blob is there.
*/
export async function ensureLayers(context: EnsureLayersContext, diffIds: readonly DiffId[], signal?: AbortSignal): Promise<readonly string[]> {
	const {store} = context;
	if (diffIds.some(diffId => !hasLayer(store, diffId))) {
		// A collection under way may have taken one away and will give it back: the lock waits for its end.
		const missing = await store.locked(() => diffIds.filter(diffId => !hasLayer(store, diffId)));
		await unpackAll(context, missing, {signal, replacesTree: false});
	}

	const squashed = diffIds.filter(diffId => isNeedlesslySquashed(store, diffId));
	return squashed.length === 0 ? [] : unpackSquashed(context, squashed, signal);
}

/** A tree that is mounted has to stay as it is. */
async function unpackSquashed(context: EnsureLayersContext, diffIds: readonly DiffId[], signal: AbortSignal | undefined): Promise<readonly string[]> {
	const mounted = context.hooks.mountedLayers?.() ?? new Set();
	const free = diffIds.filter(diffId => !mounted.has(diffId));
	const warnings = free.length === diffIds.length ? [] : ['Files of the image belong to root only, as it was unpacked when there was one user id; stop the containers that use it, then make this one again'];
	try {
		await unpackAll(context, free, {signal, replacesTree: true});
		return warnings;
	} catch (error) {
		if (isEngineError(error, 'notFound')) {
			return [...warnings, 'Files of the image belong to root only, as it was unpacked when there was one user id; load it again to give them their owners'];
		}

		throw error;
	}
}

async function unpackAll({store, catalog}: EnsureLayersContext, diffIds: readonly DiffId[], options: {readonly signal: AbortSignal | undefined; readonly replacesTree: boolean}): Promise<void> {
	const [{ingestLayer}, {memberOfBlob}] = await Promise.all([import('./ingest-layer.js'), import('./layer-blob.js')]);
	await withScratch(store, async scratch => {
		await inParallel([...new Set(diffIds)], 2, options.signal, async (diffId, layerSignal) => {
			scratch.leaseLayer(diffId);
			const blob = leaseLayerBlob(store, scratch, catalog, diffId);
			const opened = memberOfBlob(store, blob, `layer ${diffId}`);
			if (opened === undefined) {
				throw new EngineError('system', `the blob of layer ${diffId} is damaged`, {code: 'EINTEGRITY', hint: 'Load or pull the image again.'});
			}

			try {
				await ingestLayer({store, scratch, signal: layerSignal}, {member: opened.member, diffId, expected: blob, replacesTree: options.replacesTree});
			} finally {
				opened.close();
			}
		});
	});
}

function leaseLayerBlob(store: Store, scratch: Scratch, catalog: ImageCatalog, diffId: DiffId): Descriptor {
	const blob = catalog.list().flatMap(image => image.layers).find(layer => layer.diffId === diffId && hasBlob(store, layer.blob.digest))?.blob;
	if (blob === undefined) {
		throw new EngineError('notFound', `layer ${diffId} is not in the store`, {code: 'LAYER_UNKNOWN', hint: 'Load or pull the image again.'});
	}

	scratch.leaseBlob(blob.digest);
	return blob;
}
