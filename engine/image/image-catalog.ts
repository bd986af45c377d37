/**
Reading images out of the store. What a digest names never changes, so it is read and checked once in a process.
*/
import {isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest, DiffId} from '../oci/digest.js';
import {parseImageConfig, type ImageConfig} from '../oci/image-config.js';
import {parseIndex} from '../oci/image-index.js';
import {defined, shapeError} from '../oci/json-shape.js';
import {isRunnable, parseManifest, type Manifest} from '../oci/manifest.js';
import {isIndexType} from '../oci/media-type.js';
import {choosePlatform, hostPlatform} from '../oci/platform.js';
import {tryParseReference, type ImageReference} from '../oci/reference.js';
import {hasBlob, readBlob} from '../store/content-store.js';
import {readLayer} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import {entryParent, entryReference, readReferences, type ReferenceEntry} from '../store/reference-store.js';
import {unixSeconds, type Image, type ImageLayerRef} from './image.js';

export type ImageCatalog = {
	/** All images that can be read, in the order they came; several references of one image are one entry. */
	list(): readonly Image[];
	/** The image of one entry. Throws what reading its documents throws. */
	read(entry: ReferenceEntry): Image;
	/** Bytes of file contents; 0 when the layer is not unpacked. */
	layerSize(diffId: DiffId): number;
};

type Documents = {readonly descriptor: Descriptor; readonly manifest: Manifest; readonly config: ImageConfig};

export function imageCatalog(store: Store): ImageCatalog {
	const documents = new Map<Digest, Documents>();
	const sizes = new Map<DiffId, number>();

	function read(entry: ReferenceEntry): Image {
		const {descriptor, manifest, config} = readDocuments(entry);
		const layers = pairLayers(manifest, config);
		const reference = entryReference(entry);
		const parsed = reference === undefined ? undefined : tryParseReference(reference);
		return defined({
			id: manifest.config.digest,
			manifest: descriptor,
			config,
			references: parsed === undefined ? [] : [parsed],
			layers,
			parent: entryParent(entry) as Digest | undefined,
			createdAt: unixSeconds(config.created),
			sizeBytes: layers.reduce((sum, {diffId, blob}) => sum + (unpackedSize(diffId) ?? blob.size), 0), // As near as one gets before it was unpacked
		});
	}

	function readDocuments(entry: Descriptor): Documents {
		let found = documents.get(entry.digest);
		if (found === undefined) {
			const descriptor = isIndexType(entry.mediaType) ? chooseManifest(store, entry) : entry;
			const manifest = parseManifest(readBlob(store, descriptor.digest), `manifest ${descriptor.digest}`);
			if (!isRunnable(manifest)) {
				throw shapeError(`manifest ${descriptor.digest}`, 'is not an image that can run');
			}

			found = {descriptor, manifest, config: parseImageConfig(readBlob(store, manifest.config.digest), `image config ${manifest.config.digest}`)};
			documents.set(entry.digest, found);
		}

		return found;
	}

	function unpackedSize(diffId: DiffId): number | undefined {
		const size = sizes.get(diffId) ?? readLayer(store, diffId)?.sizeBytes;
		if (size !== undefined) {
			sizes.set(diffId, size);
		}

		return size;
	}

	function list(): readonly Image[] {
		const images = new Map<Digest, Image>();
		for (const entry of readReferences(store)) {
			const image = readable(() => read(entry));
			if (image !== undefined) {
				const known = images.get(image.id);
				images.set(image.id, known === undefined ? image : {...known, references: mergeReferences(known.references, image.references)});
			}
		}

		return [...images.values()];
	}

	return {list, read, layerSize: diffId => unpackedSize(diffId) ?? 0};
}

/** The manifest of an index for this machine. Throws `notFound` when the store holds none. */
function chooseManifest(store: Store, index: Descriptor): Descriptor {
	const {manifests} = parseIndex(readBlob(store, index.digest), `index ${index.digest}`);
	const chosen = choosePlatform(manifests.filter(manifest => hasBlob(store, manifest.digest)), hostPlatform());
	if (chosen === undefined) {
		throw shapeError(`index ${index.digest}`, 'has no image for this machine in the store');
	}

	return chosen;
}

function pairLayers(manifest: Manifest, config: ImageConfig): readonly ImageLayerRef[] {
	if (manifest.layers.length !== config.diffIds.length) {
		throw shapeError(`image ${manifest.config.digest}`, `has ${manifest.layers.length} layers in its manifest and ${config.diffIds.length} in its config`);
	}

	return config.diffIds.map((diffId, index) => ({diffId, blob: manifest.layers[index]!}));
}

function mergeReferences(known: readonly ImageReference[], more: readonly ImageReference[]): readonly ImageReference[] {
	return more.length === 0 ? known : [...known, ...more];
}

/** One damaged image must not hide all others; whoever asks for it by name gets the error. */
function readable<T>(work: () => T): T | undefined {
	try {
		return work();
	} catch (error) {
		if (isEngineError(error)) {
			return undefined;
		}

		throw error;
	}
}
