/**
The registry behind this one, for a pull-through cache.
*/
import type {Digest} from '../oci/digest.js';
import type {ManifestReference} from './grammar.js';
import type {StreamBody} from './message.js';

export type Upstream = {
	/** Brings a manifest into the content when it is not there, or its tag may have moved. When the registry behind can't be reached, what is here is good enough. */
	refreshManifest(repository: string, reference: ManifestReference): Promise<void>;
	/** A blob that is not here, as it arrives; undefined when the registry behind has none. With `onlySize` nothing is fetched. */
	fetchBlob(repository: string, digest: Digest, onlySize: boolean): Promise<StreamBody | undefined>;
	close(): Promise<void>;
};

/** What is asked of a registry client (engine/registry). Undefined: there is no such thing. Throws when it can't tell. */
export type UpstreamClient = {
	/** Digest of the manifest a tag names now. */
	resolve(repository: string, tag: string): Promise<Digest | undefined>;
	manifest(repository: string, digest: Digest): Promise<{readonly mediaType: string; readonly data: Buffer} | undefined>;
	blob(repository: string, digest: Digest): Promise<{readonly sizeBytes: number; read(): AsyncIterable<Buffer>; close(): void} | undefined>;
};
