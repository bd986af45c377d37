/**
What the registry has to know of a manifest or index (OCI image-spec manifest.md, image-index.md; docker's schema 2): what it names, and what it says about itself.
*/
import {isEngineError} from '../errors.js';
import {parseDescriptor, type Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import {parseIndex} from '../oci/image-index.js';
import {asString, asStringMap, optional, parseJsonObject, type JsonObject} from '../oci/json-shape.js';
import {parseManifest} from '../oci/manifest.js';
import {isImageConfigType, isIndexType, isManifestType, mediaTypes} from '../oci/media-type.js';
import {RegistryError} from './registry-error.js';

export type ManifestDocument = {
	readonly mediaType: string;
	readonly isIndex: boolean;
	/** Manifests of an index. */
	readonly children: readonly Descriptor[];
	/** Configuration and layers; without those that are fetched from elsewhere by design (foreign layers). */
	readonly blobs: readonly Descriptor[];
	/** Of an image that can run: docker's image id. */
	readonly imageId?: Digest;
	readonly subject?: Digest;
	/** For the referrers list: its own, else its configuration's media type. */
	readonly artifactType?: string;
	readonly annotations?: Readonly<Record<string, string>>;
};

/** Reads a document. `type`: what the client says it is. Throws MANIFEST_INVALID. */
export function readManifest(data: Buffer, type?: string): ManifestDocument {
	try {
		const fields = parseJsonObject(data, 'manifest');
		const mediaType = mediaTypeOf(fields, type);
		return isIndexType(mediaType) ? readIndex(data, fields, mediaType) : readImage(data, fields, mediaType);
	} catch (error) {
		throw isEngineError(error) ? invalid(error.message, error) : error;
	}
}

function readImage(data: Buffer, fields: JsonObject, mediaType: string): ManifestDocument {
	const {config, layers} = parseManifest(data);
	const artifactType = optional(fields['artifactType'], 'manifest.artifactType', asString) || config.mediaType;
	return {
		mediaType,
		isIndex: false,
		children: [],
		blobs: [config, ...layers.filter(layer => !isForeign(layer))],
		...(isImageConfigType(config.mediaType) ? {imageId: config.digest} : {}),
		...common(fields, artifactType),
	};
}

function readIndex(data: Buffer, fields: JsonObject, mediaType: string): ManifestDocument {
	const artifactType = optional(fields['artifactType'], 'index.artifactType', asString);
	return {mediaType, isIndex: true, children: parseIndex(data).manifests, blobs: [], ...common(fields, artifactType)};
}

function common(fields: JsonObject, artifactType: string | undefined): Pick<ManifestDocument, 'subject' | 'artifactType' | 'annotations'> {
	const subject = optional(fields['subject'], 'manifest.subject', parseDescriptor)?.digest;
	const annotations = optional(fields['annotations'], 'manifest.annotations', asStringMap);
	return {
		...(subject === undefined ? {} : {subject}),
		...(artifactType ? {artifactType} : {}),
		...(annotations === undefined ? {} : {annotations}),
	};
}

/** The header and the document must agree, and the document's form with both: one that can be read in two ways is nobody's image (CVE-2021-41190). */
function mediaTypeOf(fields: JsonObject, header: string | undefined): string {
	const own = optional(fields['mediaType'], 'manifest.mediaType', asString);
	const named = header?.split(';', 1)[0]!.trim().toLowerCase();
	const isGeneric = named === undefined || named === '' || named === 'application/json' || named === 'application/octet-stream';
	const guessed = Array.isArray(fields['manifests']) ? mediaTypes.index : mediaTypes.manifest;
	const mediaType = isGeneric ? (own || guessed) : named;
	if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
		throw invalid(`manifests of type ${mediaType.slice(0, 200)} are not supported`);
	}

	if (own && own !== mediaType) {
		throw invalid(`the manifest says that it is ${own.slice(0, 200)}, the request that it is ${mediaType}`);
	}

	const foreign = isIndexType(mediaType) ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers'];
	const found = foreign.find(name => fields[name] !== undefined && fields[name] !== null);
	if (found !== undefined) {
		throw invalid(`a document of type ${mediaType} has no member ${found}`);
	}

	return mediaType;
}

/** Layers that need not be distributed (image-spec layer.md, Non-Distributable Layers; docker's foreign layers). */
function isForeign({mediaType}: Descriptor): boolean {
	return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

function invalid(message: string, cause?: unknown): RegistryError {
	return new RegistryError('MANIFEST_INVALID', message, cause === undefined ? {} : {cause});
}
