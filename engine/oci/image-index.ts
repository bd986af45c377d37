/**
Image indexes (OCI image-spec image-index.md; docker's manifest list has the same form) and the `index.json` of a layout (image-layout.md).
*/
import {parseDescriptor, type Descriptor} from './descriptor.js';
import {asArray, optional, parseJsonObject, shapeError} from './json-shape.js';
import {mediaTypes} from './media-type.js';

export type ImageIndex = {readonly manifests: readonly Descriptor[]};

/** Reads an index. Throws `invalidParameter`. */
export function parseIndex(text: string | Uint8Array, subject = 'index', maxBytes?: number): ImageIndex {
	const fields = parseJsonObject(text, subject, maxBytes);
	if (fields['schemaVersion'] !== 2) {
		throw shapeError(subject, `has schema version ${String(fields['schemaVersion'])}; only 2 is supported`);
	}

	const manifests = optional(fields['manifests'], `${subject}.manifests`, asArray) ?? [];
	return {manifests: manifests.map((manifest, index) => parseDescriptor(manifest, `${subject}.manifests[${index}]`))};
}

/** The bytes of an index. */
export function serializeIndex(index: ImageIndex): Buffer {
	return Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.index, manifests: index.manifests}));
}

/** Content of the `oci-layout` file. */
export const layoutFileText = '{"imageLayoutVersion":"1.0.0"}';
