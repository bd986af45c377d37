/**
The spec's words (OCI distribution spec, Pulling manifests), read out of a request. Nothing that is not of these forms goes further.
*/
import {parseDigest, type Digest} from '../oci/digest.js';
import {RegistryError} from './registry-error.js';

const tagPattern = /^\w[\w.-]{0,127}$/;

export type ManifestReference = {readonly tag: string} | {readonly digest: Digest};

/** Throws DIGEST_INVALID, also for algorithms other than sha256. */
export function readDigest(unsafe: string | undefined): Digest {
	const digest = parseDigest(unsafe);
	if (digest === undefined) {
		throw new RegistryError('DIGEST_INVALID', 'the digest is not of the form sha256:HEX', {detail: {digest: unsafe?.slice(0, 200)}});
	}

	return digest;
}

/** Throws TAG_INVALID or DIGEST_INVALID. */
export function readReference(unsafe: string): ManifestReference {
	if (unsafe.includes(':')) {
		return {digest: readDigest(unsafe)};
	}

	return {tag: readTag(unsafe)};
}

export function readTag(unsafe: string): string {
	if (!tagPattern.test(unsafe)) {
		throw new RegistryError('TAG_INVALID', 'the tag is not of the allowed form', {detail: {tag: unsafe.slice(0, 200)}});
	}

	return unsafe;
}
