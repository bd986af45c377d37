/**
What containers need from images. The image service has it; `embedded` brings the two together.
*/
import type {Readable} from 'node:stream';
import type {DiffId, Digest} from '../oci/digest.js';
import type {ContainerDefaults} from '../oci/image-config.js';

export type ContainerImage = {
	readonly id: Digest;
	readonly defaults: ContainerDefaults;
	readonly diffIds: readonly DiffId[]; // base first
	readonly platform: {readonly os: string; readonly architecture: string; readonly variant?: string};
};

export type CommitSource = {
	readonly imageId: Digest;
	readonly layers: readonly DiffId[]; // base first
	/** docker's Config of the container: what the new image starts from. */
	readonly defaults: ContainerDefaults;
	/** What ran in it, for the history. */
	readonly command: string;
};

export type ImageSource = {
	/** Rejects with `notFound` (`No such image: NAME:TAG`) or `invalidParameter`. */
	find(name: string): Promise<ContainerImage>;
	/** Makes sure that all layers are unpacked. Resolves to warnings, rejects with `notFound` when one is gone. */
	ensureLayers(diffIds: readonly DiffId[]): Promise<readonly string[]>;
	/** Makes an image of a container's image and a layer tar. Resolves to its id. */
	commitLayer(source: CommitSource, layer: Readable, options: {
		readonly reference?: string;
		readonly comment?: string;
		readonly author?: string;
		readonly changes?: readonly string[];
	}): Promise<Digest>;
};
