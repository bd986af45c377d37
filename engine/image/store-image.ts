/**
Making an image known: configuration and manifest as blobs, then its entries in index.json, in this order, so that whatever index.json names is there.
*/
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import {serializeManifest} from '../oci/manifest.js';
import {mediaTypes} from '../oci/media-type.js';
import {canonicalReference, type ImageReference} from '../oci/reference.js';
import {writeBlob} from '../store/content-store.js';
import type {Store} from '../store/open-store.js';
import {entryReference, updateReferences, withReference, type ReferenceEntry} from '../store/reference-store.js';
import type {Scratch} from '../store/scratch.js';
import type {ImageId} from './image.js';

export type NewImage = {
	/** Kept byte for byte: their digest is the image id. */
	readonly config: Buffer;
	/** Blobs of the layers, base first; all in the store. */
	readonly layers: readonly Descriptor[];
	/** The manifest as it came; made here when there is none. */
	readonly manifest?: {readonly mediaType: string; readonly data: Buffer};
	readonly references: readonly ImageReference[];
	readonly parent?: ImageId | undefined;
};

export type StoredImage = {
	readonly id: ImageId;
	readonly manifest: Descriptor;
	/** References taken from another image, with the manifest they named before. */
	readonly moved: ReadonlyArray<{readonly reference: ImageReference; readonly from: Digest}>;
};

/** Stores the documents and enters the image under all its references (or under none). Durable when it resolves. */
export async function storeImage(store: Store, scratch: Scratch, image: NewImage): Promise<StoredImage> {
	const config = writeBlob(store, scratch, mediaTypes.config, image.config);
	const made = image.manifest ?? {mediaType: mediaTypes.manifest, data: serializeManifest({config, layers: image.layers})};
	const manifest = writeBlob(store, scratch, made.mediaType, made.data);
	const moved = await updateReferences(store, entries => addReferences(entries, manifest, image));
	return {id: config.digest, manifest, moved};
}

function addReferences(entries: readonly ReferenceEntry[], manifest: Descriptor, image: NewImage) {
	const taken = image.references.flatMap(reference => {
		const canonical = canonicalReference(reference);
		const from = entries.find(entry => entryReference(entry) === canonical)?.digest;
		return from === undefined || from === manifest.digest ? [] : [{reference, from}];
	});
	const names = image.references.length === 0 ? [undefined] : image.references;
	let result = entries;
	for (const reference of names) {
		result = withReference(result, manifest, reference, image.parent);
	}

	return {entries: result, result: taken};
}
