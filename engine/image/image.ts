/**
What the engine knows about images, in its own words. `engine/wire/image.ts` turns these into docker's JSON.
*/
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest, DiffId} from '../oci/digest.js';
import type {ContainerDefaults, ImageConfig} from '../oci/image-config.js';
import type {Platform} from '../oci/platform.js';
import type {ImageReference} from '../oci/reference.js';

/** The digest of the configuration: docker's image id. */
export type ImageId = Digest;

export type ImageLayerRef = {readonly diffId: DiffId; readonly blob: Descriptor};

export type Image = {
	readonly id: ImageId;
	readonly manifest: Descriptor;
	readonly config: ImageConfig;
	/** Tags and digests it is known by; none when it is dangling. */
	readonly references: readonly ImageReference[];
	readonly layers: readonly ImageLayerRef[]; // base first
	/** The image it was made from by a commit or build here. */
	readonly parent?: ImageId;
	/** Unix seconds; 0 when the image does not say. */
	readonly createdAt: number;
	/** Bytes of file contents in all layers. */
	readonly sizeBytes: number;
};

export type ImageHistoryEntry = {
	/** Only of the top entry. */
	readonly id?: ImageId;
	readonly createdAt: number; // unix seconds
	readonly createdBy: string;
	readonly comment: string;
	readonly sizeBytes: number;
	readonly references: readonly ImageReference[];
};

export type ImageLayerInfo = {
	readonly diffId: DiffId;
	readonly sizeBytes: number;
	readonly createdBy: string;
	readonly createdAt: number; // unix seconds
	/** Other images holding the same layer. */
	readonly sharedWith: readonly Image[];
};

export type RemovedItem = {readonly kind: 'untagged' | 'deleted'; readonly name: string};

/** An image as a container needs it. */
export type ImageForContainer = {
	readonly id: ImageId;
	/** The name it was asked for by, in docker's short form; undefined when that was an id. */
	readonly reference?: string;
	readonly defaults: ContainerDefaults;
	readonly platform: Platform;
	readonly diffIds: readonly DiffId[]; // base first
	readonly layerPaths: readonly string[]; // top first
	/** Indexes of squashed owners, top first; empty unless ids are squashed here. */
	readonly squashFiles: readonly string[];
};

export type ImageEvent = {
	readonly action: 'load' | 'pull' | 'push' | 'import' | 'tag' | 'untag' | 'delete' | 'prune' | 'save';
	/** Image id; empty for prune. */
	readonly id: string;
	readonly attributes: Readonly<Record<string, string>>;
};

export type ContainerUse = {readonly id: string; readonly isRunning: boolean};

export type ImageHooks = {
	/** Containers made from an image. */
	readonly containersUsing?: (imageId: ImageId) => readonly ContainerUse[] | Promise<readonly ContainerUse[]>;
	/** Layers that running containers have mounted. */
	readonly mountedLayers?: () => ReadonlySet<DiffId>;
	/** Told of every change, after it is durable. */
	readonly emit?: (event: ImageEvent) => void;
};

/** Unix seconds of an RFC 3339 time; 0 when there is none or it is Go's zero time. */
export function unixSeconds(time: string | undefined): number {
	const ms = time === undefined ? Number.NaN : Date.parse(time);
	return Number.isNaN(ms) || ms < -62_000_000_000_000 ? 0 : Math.floor(ms / 1000);
}

/** `sha256:…` shortened to docker's 12 characters. */
export function shortId(id: string): string {
	return id.replace(/^sha256:/, '').slice(0, 12);
}
