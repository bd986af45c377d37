/**
`docker commit`: a container's writable layer on top of its image.
*/
import type {ContainerDefaults} from '../oci/image-config.js';
import {serializeImageConfig} from '../oci/image-config.js';
import {hostPlatform} from '../oci/platform.js';
import type {Store} from '../store/open-store.js';
import {withScratch} from '../store/scratch.js';
import {applyConfigChanges} from './config-changes.js';
import type {Image, ImageHooks, ImageId} from './image.js';
import {ingestTar} from './ingest-tar.js';
import {storeImage} from './store-image.js';
import {parseTagReference} from './tag.js';
import {familiarReference} from '../oci/reference.js';

export type CommitLayerOptions = {
	/** The image the container was made from; undefined for a container whose image is gone (then `baseLayers` has to be empty too). */
	readonly parent: Image | undefined;
	/** The layer as `layer-diff` writes it. Read to its end. */
	readonly tar: AsyncIterable<Buffer>;
	/** The container's own configuration. */
	readonly defaults: ContainerDefaults;
	/** What the container ran, for the history. */
	readonly createdBy: string;
	readonly comment?: string | undefined;
	readonly author?: string | undefined;
	readonly changes?: readonly string[] | undefined;
	readonly reference?: string | undefined;
	readonly signal?: AbortSignal | undefined;
};

/** Resolves to the image id. Throws `invalidParameter` for a bad reference or change. */
export async function commitLayerAsImage(store: Store, hooks: ImageHooks, options: CommitLayerOptions): Promise<ImageId> {
	const reference = options.reference === undefined || options.reference === '' ? undefined : parseTagReference(options.reference);
	const {Hostname: _hostname, Domainname: _domainname, ...inherited} = options.defaults; // They are of one container.
	const defaults = applyConfigChanges(inherited, options.changes ?? []);
	const {parent, signal} = options;
	return withScratch(store, async scratch => {
		// The parent may be removed meanwhile: what the new image is made of stays.
		for (const {diffId, blob: below} of parent?.layers ?? []) {
			scratch.leaseLayer(diffId);
			scratch.leaseBlob(below.digest);
		}

		const {diffId, blob} = await ingestTar({store, scratch, signal}, options.tar, 'the container\'s layer');
		const created = new Date().toISOString();
		const config = serializeImageConfig({
			platform: parent?.config.platform ?? hostPlatform(),
			created,
			...(options.author ? {author: options.author} : {}),
			defaults,
			diffIds: [...(parent?.config.diffIds ?? []), diffId],
			history: [...(parent?.config.history ?? []), {
				created,
				createdBy: options.createdBy,
				...(options.author ? {author: options.author} : {}),
				...(options.comment ? {comment: options.comment} : {}),
				emptyLayer: false,
			}],
		});
		const stored = await storeImage(store, scratch, {
			config,
			layers: [...(parent?.layers ?? []).map(layer => layer.blob), blob],
			references: reference === undefined ? [] : [reference],
			parent: parent?.id,
		});
		if (reference !== undefined) {
			hooks.emit?.({action: 'tag', id: stored.id, attributes: {name: familiarReference(reference)}});
		}

		return stored.id;
	});
}
