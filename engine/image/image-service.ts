/**
Everything there is to do with images, in domain types. Composed by the embedded engine. What changes images is loaded when it is used: most commands only look at them.
*/
import type {Readable} from 'node:stream';
import type {Filters, ProgressMessage} from '../engine.js';
import {EngineError} from '../errors.js';
import type {DiffId} from '../oci/digest.js';
import {familiarReference, parseReference} from '../oci/reference.js';
import type {Store} from '../store/open-store.js';
import type {RegistryAccess} from '../registry/registry-access.js';
import type {CommitLayerOptions} from './commit.js';
import type {ImageDiskUsage} from './disk-usage.js';
import {ensureLayers} from './ensure-layers.js';
import {checkFilterKeys, filterImages} from './filters.js';
import {imageHistory, imageLayers} from './history.js';
import {imageCatalog, type ImageCatalog} from './image-catalog.js';
import type {Image, ImageForContainer, ImageHistoryEntry, ImageHooks, ImageId, ImageLayerInfo, RemovedItem} from './image.js';
import type {ImportOptions} from './import.js';
import type {ArchiveSource} from './load.js';
import type {PrunedImages} from './prune.js';
import type {RemoveOptions} from './remove.js';
import {resolveImage, resolveOne} from './resolve.js';
import {saveImages, type SaveOptions} from './save.js';
import type {PullOptions} from './pull.js';
import type {PushOptions} from './push.js';

export type ImageService = {
	/** Newest first. Throws `invalidParameter` for an unknown filter, `notFound` for the image of `before` or `since`. */
	list(options?: {readonly filters?: Filters | undefined}): readonly Image[];
	/** Throws `notFound`. */
	inspect(name: string): Image;
	history(name: string): readonly ImageHistoryEntry[];
	layers(name: string): readonly ImageLayerInfo[];
	tag(name: string, reference: string): Promise<void>;
	remove(name: string, options?: RemoveOptions): Promise<readonly RemovedItem[]>;
	prune(options?: {readonly filters?: Filters | undefined}): Promise<PrunedImages>;
	load(source: ArchiveSource, options?: {readonly signal?: AbortSignal | undefined}): AsyncGenerator<ProgressMessage>;
	import(source: ArchiveSource, options?: ImportOptions): Promise<ImageId>;
	save(names: readonly string[], options?: SaveOptions): Readable;
	/** From a registry; progress as docker has it. */
	pull(name: string, options?: PullOptions): AsyncGenerator<ProgressMessage>;
	push(name: string, options?: PushOptions): AsyncGenerator<ProgressMessage>;
	diskUsage(): Promise<ImageDiskUsage>;
	/** A layer tar on top of an image. */
	commit(options: CommitLayerOptions): Promise<ImageId>;
	/** What a container needs of an image. Rejects with `notFound` and docker's text. */
	find(name: string): Promise<ImageForContainer>;
	/**
	Makes sure that the layers are unpacked, from their blobs if need be. To be called after the container's record was written: from then on no collection takes
	them away. Resolves to warnings. Rejects with `notFound` (code `LAYER_UNKNOWN`) when one is gone for good.
	*/
	ensureLayers(diffIds: readonly DiffId[]): Promise<readonly string[]>;
	/** `commit` as containers call it. */
	commitLayer(source: CommitSource, layer: AsyncIterable<Buffer>, options: Pick<CommitLayerOptions, 'reference' | 'comment' | 'author' | 'changes'>): Promise<ImageId>;
};

export type CommitSource = Pick<CommitLayerOptions, 'imageId' | 'layers' | 'defaults'> & {readonly command: string};

export function imageService(store: Store, hooks: ImageHooks = {}, registries: () => Promise<RegistryAccess> = noRegistries): ImageService {
	const catalog = imageCatalog(store);
	const find = (name: string) => resolveImage(store, catalog, name).image;
	const commit = async (options: CommitLayerOptions) => {
		const {commitLayerAsImage} = await import('./commit.js');
		return commitLayerAsImage({store, catalog, hooks}, options);
	};

	return {
		list({filters = {}} = {}) {
			checkFilterKeys(filters, 'list');
			return [...filterImages(catalog.list(), {filters, resolve: find, nowMs: Date.now()})].sort((one, other) => other.createdAt - one.createdAt);
		},
		inspect: find,
		history: name => imageHistory(catalog, find(name)),
		layers: name => imageLayers(catalog, find(name)),
		async tag(name, reference) {
			const {parseTagReference, tagImage} = await import('./tag.js');
			await tagImage(store, hooks, find(name), parseTagReference(reference));
		},
		async remove(name, options) {
			const {removeImage} = await import('./remove.js');
			return removeImage({store, catalog, hooks}, name, options);
		},
		async prune({filters} = {}) {
			const {pruneImages} = await import('./prune.js');
			return pruneImages({store, catalog, hooks}, filters);
		},
		async * load(source, {signal} = {}) {
			const {loadImages} = await import('./load.js');
			yield* loadImages(store, hooks, source, signal);
		},
		async import(source, options) {
			const {importImage} = await import('./import.js');
			return importImage(store, hooks, source, options);
		},
		save: (names, options) => saveImages({store, catalog, hooks}, names, options),
		async * pull(name, options) {
			const {pullImages} = await import('./pull.js');
			yield* pullImages({store, catalog, hooks, registries}, name, options);
		},
		async diskUsage() {
			const {imageDiskUsage} = await import('./disk-usage.js');
			return imageDiskUsage({store, catalog, hooks});
		},
		async * push(name, options) {
			const {pushImages} = await import('./push.js');
			yield* pushImages({store, catalog, hooks, registries}, name, options);
		},
		commit,
		find: async name => forContainer(store, catalog, name),
		ensureLayers: async diffIds => ensureLayers({store, catalog, hooks}, diffIds),
		commitLayer: async ({imageId, layers, defaults, command}, tar, options) => commit({...options, imageId, layers, defaults, tar, createdBy: command}),
	};
}

async function noRegistries(): Promise<never> {
	throw new EngineError('notImplemented', 'there is no way to registries here');
}

function forContainer(store: Store, catalog: ImageCatalog, name: string): ImageForContainer {
	const {image, reference} = resolveOne(store, catalog, name);
	const topFirst: readonly DiffId[] = [...image.config.diffIds].reverse();
	return {
		id: image.id,
		...(reference === undefined ? {} : {reference: familiarReference(parseReference(reference))}),
		defaults: image.config.defaults,
		platform: image.config.platform,
		diffIds: image.config.diffIds,
		layerPaths: topFirst.map(diffId => store.layout.layerTree(diffId)),
		squashFiles: store.mapping.single ? topFirst.map(diffId => store.layout.layerSquash(diffId)) : [],
	};
}
