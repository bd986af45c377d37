/**
What the registry server asks of whoever keeps the content; `engine/registry-host` gives it the store. Names of repositories are canonical here. Blobs and documents are shared by all
repositories: which repository has which is worked out from its manifests (repository-view.ts) and from leases.
*/
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';

/** Without a tag: a manifest the repository has by its digest. */
export type ContentEntry = {readonly repository: string; readonly tag?: string; readonly manifest: Descriptor};

export type Upload = {readonly id: string; readonly repository: string; readonly sizeBytes: number};
export type UploadPiece = {readonly data: AsyncIterable<Buffer>; readonly at?: number | undefined; readonly maxBytes: number};

/** Whoever opened it closes it, once nothing is read any more. Closing twice is harmless. */
export type OpenBlob = {
	readonly sizeBytes: number;
	read(from: number, length: number): AsyncIterable<Buffer>;
	close(): void;
};

export type RegistryContent = {
	/** The one form of a name that may have several; undefined when it can't name a repository here. */
	canonicalName(unsafeName: string): string | undefined;
	/** The same list while nothing changed, whoever changes it. */
	entries(): readonly ContentEntry[];
	/** Stores a manifest and enters it under its tag, or by digest. `check` is called while nothing is collected. Durable. */
	put(pushed: {
		readonly repository: string;
		readonly tag?: string | undefined;
		readonly mediaType: string;
		readonly data: Buffer;
		readonly imageId?: Digest | undefined;
		readonly check: () => void;
	}): Promise<void>;
	/** Takes away a tag, or a manifest with all its tags. */
	remove(repository: string, what: {readonly tag: string} | {readonly digest: Digest}): Promise<readonly ContentEntry[]>;

	/** A whole JSON document, verified. Throws `notFound`. */
	readDocument(digest: Digest): Buffer;
	blobSize(digest: Digest): number | undefined;
	/** Opened at once, so that nothing takes it away any more. Throws `notFound` (code `BLOB_UNKNOWN`). */
	openBlob(digest: Digest): OpenBlob;

	/** Keeps a blob for a repository until a manifest names it, for a day or so. */
	lease(repository: string, digest: Digest): void;
	isLeased(repository: string, digest: Digest): boolean;
	release(repository: string, digest: Digest): boolean;

	/** Errors: `notFound` UPLOAD_UNKNOWN; `unavailable` TOO_MANY; `invalidParameter` RANGE, TOO_LARGE, DIGEST; `conflict` UPLOAD_BUSY; `system` ENOSPC. */
	readonly uploads: {
		start(repository: string, maxOpen: number): Upload;
		status(repository: string, id: string): Upload | undefined;
		append(repository: string, id: string, piece: UploadPiece): Promise<Upload>;
		finish(repository: string, id: string, digest: Digest, piece: UploadPiece): Promise<{readonly sizeBytes: number}>;
		/** For reading along while it is written. */
		open(repository: string, id: string): OpenBlob;
		cancel(repository: string, id: string): boolean;
	};

	/** Ends uploads and leases older than that, and collects what nothing uses. */
	collect(olderThanMs: number): Promise<void>;
	/** A folder for what servers of one store share. */
	readonly folder: string;
};
