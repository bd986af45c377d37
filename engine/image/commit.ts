/**
`docker commit`: a container's writable layer on top of its image.
*/
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import {parseImageConfig, serializeImageConfig, type ContainerDefaults, type ImageConfig} from '../oci/image-config.js';
import {familiarReference} from '../oci/reference.js';
import {readBlob} from '../store/content-store.js';
import {readLayer} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import {withScratch} from '../store/scratch.js';
import {applyConfigChanges} from './config-changes.js';
import type {ImageCatalog} from './image-catalog.js';
import type {ImageHooks, ImageId} from './image.js';
import {ingestTar} from './ingest-tar.js';
import {storeImage} from './store-image.js';
import {parseTagReference} from './tag.js';

export type CommitLayerOptions = {
	/** The image the container was made from; it may have been removed since, as long as the container is there. */
	readonly imageId: ImageId;
	readonly layers: readonly DiffId[]; // base first
	/** The layer as `layer-diff` writes it. Read to its end. */
	readonly tar: AsyncIterable<Buffer>;
	/** The container's own configuration. */
	readonly defaults: ContainerDefaults;
	/** What the container ran, for the history. */
	readonly createdBy: string;
	readonly comment?: string | undefined;
	readonly author?: string | undefined;
	readonly changes?: readonly string[] | undefined;
	readonly reference?: string | undefined;
	readonly signal?: AbortSignal | undefined;
};

/** Resolves to the image id. Throws `invalidParameter` for a bad reference or change, `notFound` when the image's layers are gone. */
export async function commitLayerAsImage(context: {readonly store: Store; readonly catalog: ImageCatalog; readonly hooks: ImageHooks}, options: CommitLayerOptions): Promise<ImageId> {
	const {store, hooks} = context;
	const reference = options.reference === undefined || options.reference === '' ? undefined : parseTagReference(options.reference);
	const {Hostname: _hostname, Domainname: _domainname, ...inherited} = options.defaults; // They are of one container.
	const defaults = applyConfigChanges(inherited, options.changes ?? []);
	const author = options.author ? {author: options.author} : {};
	return withScratch(store, async scratch => {
		// The image may be removed meanwhile: what the new one is made of stays.
		options.layers.forEach(diffId => {
			scratch.leaseLayer(diffId);
		});
		const base = readBase(context.store, context.catalog, options);
		base.blobs.forEach(blob => {
			scratch.leaseBlob(blob.digest);
		});
		const {diffId, blob} = await ingestTar({store, scratch, signal: options.signal}, options.tar, 'the container\'s layer');
		const created = new Date().toISOString();
		const step = {created, createdBy: options.createdBy, ...author, ...(options.comment ? {comment: options.comment} : {}), emptyLayer: false};
		const stored = await storeImage(store, scratch, {
			config: serializeImageConfig({
				platform: base.config.platform,
				created,
				...author,
				defaults,
				diffIds: [...base.config.diffIds, diffId],
				history: [...base.config.history, step],
			}),
			layers: [...base.blobs, blob],
			references: reference === undefined ? [] : [reference],
			parent: options.imageId,
		});
		if (reference !== undefined) {
			hooks.emit?.({action: 'tag', id: stored.id, attributes: {name: familiarReference(reference)}});
		}

		return stored.id;
	});
}

/** The image as its manifest has it; when it was removed, what its container has kept: the config and the layers. */
function readBase(store: Store, catalog: ImageCatalog, {imageId, layers}: CommitLayerOptions): {readonly config: ImageConfig; readonly blobs: readonly Descriptor[]} {
	const image = catalog.list().find(candidate => candidate.id === imageId);
	if (image !== undefined) {
		return {config: image.config, blobs: image.layers.map(layer => layer.blob)};
	}

	const blobs = layers.map(diffId => {
		const blob = readLayer(store, diffId)?.blob;
		if (blob === undefined) {
			throw new EngineError('notFound', `layer ${diffId} is not in the store`, {code: 'LAYER_UNKNOWN', hint: 'Load or pull the image again.'});
		}

		return blob;
	});
	return {config: parseImageConfig(readBlob(store, imageId)), blobs};
}
