/**
Content descriptors (OCI image-spec descriptor.md).
*/
import {parseDigest, type Digest} from './digest.js';
import {asCount, asObject, asString, asStringMap, defined, optional, shapeError} from './json-shape.js';
import {parsePlatform, type Platform} from './platform.js';

export type Descriptor = {
	readonly mediaType: string;
	readonly digest: Digest;
	readonly size: number; // bytes
	readonly annotations?: Readonly<Record<string, string>>;
	readonly platform?: Platform;
	readonly artifactType?: string;
};

/** Reads a descriptor; unknown members are dropped. Throws `invalidParameter`. */
export function parseDescriptor(unsafe: unknown, subject: string): Descriptor {
	const fields = asObject(unsafe, subject);
	const digest = parseDigest(fields['digest']);
	if (digest === undefined) {
		throw shapeError(`${subject}.digest`, `is not a sha256 digest: ${JSON.stringify(fields['digest'])?.slice(0, 100) ?? 'missing'}`);
	}

	return defined({
		mediaType: optional(fields['mediaType'], `${subject}.mediaType`, asString) ?? '',
		digest,
		size: asCount(fields['size'], `${subject}.size`),
		annotations: optional(fields['annotations'], `${subject}.annotations`, asStringMap),
		platform: optional(fields['platform'], `${subject}.platform`, parsePlatform),
		artifactType: optional(fields['artifactType'], `${subject}.artifactType`, asString),
	});
}

export const annotationNames = {
	/** The full canonical reference (containerd's and docker's convention). */
	imageName: 'io.containerd.image.name',
	/** The tag alone (image-spec annotations.md). */
	refName: 'org.opencontainers.image.ref.name',
	/** Ours: id of the image this one was made from by a commit or build. */
	parent: 'tug.image.parent',
} as const;
