/**
Digests as the OCI image spec has them (descriptor.md, Digests): `algorithm:encoded`. Only sha256 is written; sha512 is not accepted, as nothing
in the field produces it.
*/
export type Digest = string & {readonly __brand: 'Digest'};

/** Digest of an uncompressed layer tar (image-spec config.md, rootfs.diff_ids). */
export type DiffId = string & {readonly __brand: 'DiffId'};

const digestPattern = /^sha256:[\da-f]{64}$/;

/** The value as a digest, or undefined when it is not a well-formed sha256 digest. */
export function parseDigest(unsafe: unknown): Digest | undefined {
	return typeof unsafe === 'string' && digestPattern.test(unsafe) ? (unsafe as Digest) : undefined;
}

/** The value as a diff id, or undefined. */
export function parseDiffId(unsafe: unknown): DiffId | undefined {
	return typeof unsafe === 'string' && digestPattern.test(unsafe) ? (unsafe as DiffId) : undefined;
}

/** The 64 hex characters: safe as a file name, by construction. */
export function digestHex(digest: Digest | DiffId): string {
	return digest.slice('sha256:'.length);
}
