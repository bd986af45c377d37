/**
`docker push`: layers first, a few at once, then the configuration, then the manifest, which names the image.
*/
import type {ProgressMessage} from '../engine.js';
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import {serializeManifest} from '../oci/manifest.js';
import {mediaTypes, ociLayerType} from '../oci/media-type.js';
import {formatPlatform, parsePlatformName} from '../oci/platform.js';
import {canonicalReference, familiarName, familiarReference, isNameOnly, parseReference, repositoryName, withDefaultTag, type ImageReference} from '../oci/reference.js';
import type {Credentials} from '../registry/credentials.js';
import type {RegistryAccess} from '../registry/registry-access.js';
import {openRepository, type Repository} from '../registry/repository.js';
import {openUploader, pushScopes, type Uploader} from '../registry/upload.js';
import {blobSize, readBlob, sha256} from '../store/content-store.js';
import type {Store} from '../store/open-store.js';
import {updateReferences, withReference} from '../store/reference-store.js';
import {withScratch, type Scratch} from '../store/scratch.js';
import {shortId, type Image, type ImageHooks, type ImageLayerRef} from './image.js';
import type {ImageCatalog} from './image-catalog.js';
import {inParallel} from './parallel.js';
import {progressStream, type ReportProgress} from './progress-stream.js';
import {pushLayer} from './push-layer.js';

export type PushContext = {
	readonly store: Store;
	readonly catalog: ImageCatalog;
	readonly hooks: ImageHooks;
	readonly registries: () => Promise<RegistryAccess>;
};

export type PushOptions = {
	readonly platform?: string | undefined;
	readonly allTags?: boolean | undefined;
	readonly credentials?: Credentials | undefined;
	readonly signal?: AbortSignal | undefined;
};

type Push = PushContext & {
	readonly access: RegistryAccess;
	readonly repository: Repository;
	readonly uploader: Uploader;
	readonly report: ReportProgress<ProgressMessage>;
	readonly signal: AbortSignal;
};

/**
Pushes a tag, or with `allTags` all tags of a repository. Docker's progress messages; the last one of a tag has `aux` {Tag, Digest, Size}. Throws `notFound` when there is no such
tag here, `unauthorized` or `forbidden` when one may not push there.
*/
export function pushImages(context: PushContext, name: string, options: PushOptions = {}): AsyncGenerator<ProgressMessage> {
	return progressStream<ProgressMessage>(async (report, signal) => {
		const reference = parseReference(name);
		if (options.allTags && !isNameOnly(reference)) {
			throw new EngineError('invalidParameter', 'tag can\'t be used with --all-tags/-a');
		}

		if (reference.digest !== undefined) {
			throw new EngineError('invalidParameter', 'cannot push a digest reference');
		}

		report({status: `The push refers to repository [${repositoryName(reference)}]`});
		const images = selectImages(context.catalog, reference, options.allTags === true);
		checkPlatform(images, options.platform);
		const access = await context.registries();
		const [connection] = await access.connect(reference.domain, {credentials: options.credentials, purpose: 'push'});
		const push: Push = {
			...context,
			access,
			repository: openRepository(connection!, reference.path, pushScopes(reference.path)),
			uploader: openUploader(connection!, reference.path),
			report,
			signal,
		};
		for (const {image, reference: tagged} of images) {
			await pushOne(push, image, tagged);
		}
	}, options.signal);
}

type Selected = {readonly image: Image; readonly reference: ImageReference & {readonly tag: string}};

function selectImages(catalog: ImageCatalog, reference: ImageReference, allTags: boolean): readonly Selected[] {
	const isHere = (candidate: ImageReference): candidate is Selected['reference'] => candidate.tag !== undefined && candidate.digest === undefined && repositoryName(candidate) === repositoryName(reference);
	const tagged = catalog.list().flatMap(image => image.references.filter(candidate => isHere(candidate)).map(candidate => ({image, reference: candidate})));
	if (tagged.length === 0) {
		throw new EngineError('notFound', `An image does not exist locally with the tag: ${familiarName(reference)}`, {hint: `Give an image that name first: tug tag IMAGE ${familiarReference(withDefaultTag(reference))}`});
	}

	const wanted = canonicalReference(withDefaultTag(reference));
	const chosen = allTags ? tagged : tagged.filter(candidate => canonicalReference(candidate.reference) === wanted);
	if (chosen.length === 0) {
		throw new EngineError('notFound', `tag does not exist: ${familiarReference(withDefaultTag(reference))}`, {hint: `There is: ${tagged.map(candidate => candidate.reference.tag).join(', ')}.`});
	}

	return chosen;
}

function checkPlatform(images: readonly Selected[], platform: string | undefined): void {
	if (platform === undefined || platform === '') {
		return;
	}

	const wanted = parsePlatformName(platform);
	const other = images.find(({image}) => image.config.platform.os !== wanted.os || image.config.platform.architecture !== wanted.architecture);
	if (other !== undefined) {
		throw new EngineError('notFound', `image with reference ${familiarReference(other.reference)} was found but its platform (${formatPlatform(other.image.config.platform)}) does not match the specified platform (${formatPlatform(wanted)})`);
	}
}

async function pushOne(push: Push, image: Image, reference: Selected['reference']): Promise<void> {
	const {store, uploader, report, signal, hooks} = push;
	await withScratch(store, async scratch => {
		lease(store, scratch, image);
		const layers = await pushLayers(push, scratch, image);
		const {config, data, mediaType} = documents(store, image, layers);
		await pushConfig(push, config.digest, config.data);
		await uploader.putManifest(reference.tag, {mediaType, data}, {signal});
		const digest = sha256(data);
		await updateReferences(store, entries => ({
			entries: entries.some(entry => entry.digest === image.manifest.digest) ? withReference(entries, image.manifest, {domain: reference.domain, path: reference.path, digest}) : entries,
			result: undefined,
		}));
		report({status: `${reference.tag}: digest: ${digest} size: ${data.length}`});
		report({progressDetail: {}, aux: {Tag: reference.tag, Digest: digest, Size: data.length}});
		hooks.emit?.({action: 'push', id: familiarReference(reference), attributes: {name: familiarName(reference)}});
	});
}

/** Nothing of it goes away while it is pushed, also when it is removed meanwhile. */
function lease(store: Store, scratch: Scratch, image: Image): void {
	scratch.leaseBlob(image.manifest.digest);
	scratch.leaseBlob(image.id);
	for (const {blob, diffId} of image.layers) {
		scratch.leaseBlob(blob.digest);
		scratch.leaseLayer(diffId);
		if (blobSize(store, blob.digest) !== blob.size) {
			throw new EngineError('notFound', `layer blob ${blob.digest} is not in the store`, {code: 'BLOB_UNKNOWN', hint: 'Load or pull the image again.'});
		}
	}
}

/** Blobs as they are there now, base first. */
async function pushLayers(push: Push, scratch: Scratch, image: Image): Promise<readonly Descriptor[]> {
	const {access, signal, report} = push;
	const distinct = new Map<string, ImageLayerRef>(image.layers.map(layer => [layer.diffId, layer]));
	const topFirst = [...distinct.values()].reverse();
	for (const {diffId} of topFirst) {
		report({status: 'Preparing', progressDetail: {}, id: shortId(diffId)});
	}

	const sources = mountSources(push);
	const pushed = await inParallel(topFirst, access.settings.uploadsAtOnce, signal, async (layer, layerSignal) =>
		[layer.diffId, await pushLayer({...push, scratch, mountSources: sources, signal: layerSignal}, layer)] as const);
	const byDiffId = new Map<string, Descriptor>(pushed);
	return image.layers.map(layer => byDiffId.get(layer.diffId)!);
}

/** Where on the same registry images with that layer came from or went to. */
function mountSources({catalog, repository}: Push): (blob: Descriptor) => readonly string[] {
	const {host} = repository.connection.endpoint;
	const images = catalog.list();
	return blob => {
		const paths = images
			.filter(image => image.layers.some(layer => layer.blob.digest === blob.digest))
			// A digest reference means that it was pulled from or pushed to there; a tag alone may never have been.
			.flatMap(image => image.references.filter(reference => reference.domain === host && reference.digest !== undefined && reference.path !== repository.path).map(reference => reference.path));
		return [...new Set(paths)];
	};
}

async function pushConfig({repository, uploader, signal}: Push, digest: Image['id'], data: Buffer): Promise<void> {
	if (await repository.hasBlob(digest, signal)) {
		return;
	}

	await uploader.upload({
		digest,
		sizeBytes: data.length,
		async * read(start) {
			yield data.subarray(start);
		},
	}, {signal});
}

/** The manifest as it is, unless layers were compressed: then one of the same kind with these. */
function documents(store: Store, image: Image, layers: readonly Descriptor[]): {readonly config: {readonly digest: Image['id']; readonly data: Buffer}; readonly data: Buffer; readonly mediaType: string} {
	const config = {digest: image.id, data: readBlob(store, image.id)};
	if (layers.every((layer, index) => layer.digest === image.layers[index]!.blob.digest)) {
		return {config, data: readBlob(store, image.manifest.digest), mediaType: image.manifest.mediaType};
	}

	return {config, data: serializeManifest({config: {mediaType: mediaTypes.config, digest: image.id, size: config.data.length}, layers: layers.map(layer => ({...layer, mediaType: ociLayerType(layer.mediaType)}))}), mediaType: mediaTypes.manifest};
}
