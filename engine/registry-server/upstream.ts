/**
The registry behind this one, as a cache needs it (pull-through.ts); `engine/registry-host` gives the registry client's.
*/
import type {Digest} from '../oci/digest.js';

/** What there is not is undefined. Rejects when it can't be told: the registry is away, or answers nonsense. Paths are of that registry. */
export type UpstreamClient = {
	/** By tag or digest; `same` when the tag still names `known`. */
	manifest(path: string, reference: string, known?: Digest): Promise<'same' | {readonly mediaType: string; readonly digest: Digest; readonly data: Buffer} | undefined>;
	/** From a byte on, or from the first one when the registry can't do that. */
	blob(path: string, digest: Digest, from: number): Promise<UpstreamBlob | undefined>;
	/** Bytes. */
	blobSize(path: string, digest: Digest): Promise<number | undefined>;
};

/** Either read to its end, or closed. */
export type UpstreamBlob = {
	readonly from: number;
	/** Of the whole blob. */
	readonly sizeBytes: number;
	readonly data: AsyncIterable<Buffer>;
	close(): void;
};
