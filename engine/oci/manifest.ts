/**
Image manifests (OCI image-spec manifest.md; docker's schema 2 has the same form).
*/
import {parseDescriptor, type Descriptor} from './descriptor.js';
import {asArray, asString, asStringMap, defined, optional, parseJsonObject, shapeError} from './json-shape.js';
import {isImageConfigType, mediaTypes} from './media-type.js';

export type Manifest = {
	readonly mediaType: string;
	readonly config: Descriptor;
	readonly layers: readonly Descriptor[]; // base first
	readonly annotations?: Readonly<Record<string, string>>;
};

/** More layers than any overlay mount takes (500), with room for empty ones. */
const maxLayers = 1024;

/** Reads a manifest. Throws `invalidParameter`. */
export function parseManifest(text: string | Uint8Array, subject = 'manifest'): Manifest {
	const fields = parseJsonObject(text, subject);
	if (fields['schemaVersion'] !== 2) {
		throw shapeError(subject, `has schema version ${String(fields['schemaVersion'])}; only 2 is supported`);
	}

	const layers = asArray(fields['layers'], `${subject}.layers`);
	if (layers.length > maxLayers) {
		throw shapeError(`${subject}.layers`, `has more than ${maxLayers} entries`);
	}

	return defined({
		mediaType: optional(fields['mediaType'], `${subject}.mediaType`, asString) ?? mediaTypes.manifest,
		config: parseDescriptor(fields['config'], `${subject}.config`),
		layers: layers.map((layer, index) => parseDescriptor(layer, `${subject}.layers[${index}]`)),
		annotations: optional(fields['annotations'], `${subject}.annotations`, asStringMap),
	});
}

/** True for an image that can run: not an attestation, a chart or another artifact. */
export function isRunnable(manifest: Manifest): boolean {
	return isImageConfigType(manifest.config.mediaType);
}

/** The bytes of an OCI manifest, always the same for the same content. */
export function serializeManifest(parts: {readonly config: Descriptor; readonly layers: readonly Descriptor[]}): Buffer {
	const plain = ({mediaType, digest, size}: Descriptor) => ({mediaType, digest, size});
	return Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.manifest, config: plain(parts.config), layers: parts.layers.map(layer => plain(layer))}));
}
