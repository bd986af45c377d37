/**
`docker save`: docker-archive (the form of docker 25 and later: an OCI layout with manifest.json and repositories beside it, which everything from docker 1.10 on reads) or
oci-archive. Blobs go out as they lie in the store. The same images give the same bytes.
*/
import fs from 'node:fs';
import {Readable} from 'node:stream';
import {readRegion} from '../archive/file-region.js';
import {writeTar, type TarPart} from '../archive/tar-writer.js';
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import {digestHex, type Digest} from '../oci/digest.js';
import {layoutFileText, serializeIndex} from '../oci/image-index.js';
import {serializeManifest} from '../oci/manifest.js';
import {mediaTypes, ociLayerType} from '../oci/media-type.js';
import {familiarName, familiarReference, isNameOnly, repositoryName, tryParseReference, type ImageReference} from '../oci/reference.js';
import {blobSize, openBlob, readBlob, sha256} from '../store/content-store.js';
import type {Store} from '../store/open-store.js';
import {makeEntry} from '../store/reference-store.js';
import {createScratch} from '../store/scratch.js';
import type {Image, ImageHooks} from './image.js';
import type {ImageCatalog} from './image-catalog.js';
import {resolveImage} from './resolve.js';

export type ArchiveFormat = 'docker-archive' | 'oci-archive';

export type SaveOptions = {readonly format?: ArchiveFormat | undefined; readonly signal?: AbortSignal | undefined};

/**
The archive as a stream. Everything that can be wrong with names and blobs is found before the first byte. Throws `notFound` (also code `BLOB_UNKNOWN`),
`invalidParameter` without names.
*/
export function saveImages(context: {readonly store: Store; readonly catalog: ImageCatalog; readonly hooks: ImageHooks}, names: readonly string[], options: SaveOptions = {}): Readable {
	const {store, catalog, hooks} = context;
	if (names.length === 0) {
		throw new EngineError('invalidParameter', 'no images to save');
	}

	const scratch = createScratch(store); // Its lease keeps the blobs until the last byte is out.
	try {
		const images = selectImages(store, catalog, names).map(selected => prepare(store, selected));
		const documents = new Map<Digest, Buffer>(images.map(({manifest, manifestData}) => [manifest.digest, manifestData]));
		const blobs = new Map<Digest, number>(images.flatMap(({image}) => image.layers.map(({blob}) => [blob.digest, blob.size] as const)));
		for (const {image} of images) {
			documents.set(image.id, readBlob(store, image.id));
		}

		for (const [digest, size] of blobs) {
			scratch.leaseBlob(digest);
			if (blobSize(store, digest) !== size) {
				throw new EngineError('notFound', `layer blob ${digest} is not in the store`, {code: 'BLOB_UNKNOWN', hint: 'Load or pull the image again.'});
			}
		}

		const parts = [
			{kind: 'directory', name: 'blobs'} as const,
			{kind: 'directory', name: 'blobs/sha256'} as const,
			...blobParts(store, documents, blobs),
			...documentParts(images, options.format ?? 'docker-archive'),
		];
		for (const {image} of images) {
			hooks.emit?.({action: 'save', id: image.id, attributes: {name: image.references[0] === undefined ? image.id : familiarReference(image.references[0])}});
		}

		const stream = Readable.from(writeTar(parts), {objectMode: false, highWaterMark: 1024 * 1024, ...(options.signal === undefined ? {} : {signal: options.signal})});
		stream.once('close', () => {
			scratch.remove();
		});
		return stream;
	} catch (error) {
		scratch.remove();
		throw error;
	}
}

type Selected = {readonly image: Image; readonly references: readonly ImageReference[]};

/** A bare repository name means all its tags; an id means the image without names (moby tarexport/save.go). */
function selectImages(store: Store, catalog: ImageCatalog, names: readonly string[]): readonly Selected[] {
	const selected = new Map<Digest, {image: Image; references: ImageReference[]}>();
	const add = (image: Image, references: readonly ImageReference[]) => {
		const entry = selected.get(image.id) ?? {image, references: []};
		const known = new Set(entry.references.map(reference => familiarReference(reference)));
		entry.references.push(...references.filter(reference => reference.tag !== undefined && !known.has(familiarReference(reference))));
		selected.set(image.id, entry);
	};

	for (const name of names) {
		const parsed = tryParseReference(name);
		const tagged = parsed === undefined || !isNameOnly(parsed)
			? []
			: catalog.list().map(image => ({image, references: image.references.filter(reference => repositoryName(reference) === repositoryName(parsed))})).filter(({references}) => references.length > 0);
		if (tagged.length > 0) {
			tagged.forEach(({image, references}) => {
				add(image, references);
			});
			continue;
		}

		const {image, reference} = resolveImage(store, catalog, name);
		const named = reference === undefined ? undefined : tryParseReference(reference);
		add(image, named === undefined ? [] : [named]);
	}

	return [...selected.values()];
}

type Prepared = Selected & {readonly manifest: Descriptor; readonly manifestData: Buffer};

/** A manifest of docker's form is written anew as an OCI one, since an OCI layout is what comes out. */
function prepare(store: Store, selected: Selected): Prepared {
	const {image} = selected;
	if (image.manifest.mediaType === mediaTypes.manifest) {
		return {...selected, manifest: image.manifest, manifestData: readBlob(store, image.manifest.digest)};
	}

	const manifestData = serializeManifest({
		config: {mediaType: mediaTypes.config, digest: image.id, size: blobSize(store, image.id) ?? 0},
		layers: image.layers.map(({blob}) => ({...blob, mediaType: ociLayerType(blob.mediaType)})),
	});
	return {...selected, manifest: {mediaType: mediaTypes.manifest, digest: sha256(manifestData), size: manifestData.length}, manifestData};
}

function blobParts(store: Store, documents: ReadonlyMap<Digest, Buffer>, blobs: ReadonlyMap<Digest, number>): readonly TarPart[] {
	const name = (digest: Digest) => `blobs/sha256/${digestHex(digest)}`;
	const parts: TarPart[] = [
		...[...documents].map(([digest, data]) => ({kind: 'bytes' as const, name: name(digest), data})),
		...[...blobs].map(([digest, sizeBytes]) => ({kind: 'stream' as const, name: name(digest), sizeBytes, read: () => readWholeBlob(store, digest)})),
	];
	return parts.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function* readWholeBlob(store: Store, digest: Digest): AsyncGenerator<Buffer> {
	const {descriptor, sizeBytes} = openBlob(store, digest);
	try {
		yield* readRegion({descriptor, offset: 0, sizeBytes, subject: `blob ${digest}`}, {keep: true});
	} finally {
		fs.closeSync(descriptor);
	}
}

function documentParts(images: readonly Prepared[], format: ArchiveFormat): readonly TarPart[] {
	const json = (name: string, value: unknown) => ({kind: 'bytes' as const, name, data: Buffer.from(JSON.stringify(value))});
	const index = serializeIndex({manifests: images.flatMap(({manifest, references}) => (references.length === 0 ? [undefined] : references).map(reference => makeEntry(manifest, reference)))});
	const layout: readonly TarPart[] = [
		{kind: 'bytes', name: 'index.json', data: index},
		...(format === 'docker-archive' ? [json('manifest.json', images.map(image => dockerManifest(image)))] : []),
		{kind: 'bytes', name: 'oci-layout', data: Buffer.from(layoutFileText)},
	];
	const repositories = legacyRepositories(images);
	return format === 'docker-archive' && Object.keys(repositories).length > 0 ? [...layout, json('repositories', repositories)] : layout;
}

function dockerManifest({image, references}: Prepared): unknown {
	const blobName = (digest: Digest) => `blobs/sha256/${digestHex(digest)}`;
	return {
		Config: blobName(image.id),
		RepoTags: references.length === 0 ? null : references.map(reference => familiarReference(reference)),
		Layers: image.layers.map(({blob}) => blobName(blob.digest)),
		LayerSources: Object.fromEntries(image.layers.map(({diffId, blob: {mediaType, digest, size}}) => [diffId, {mediaType: ociLayerType(mediaType), size, digest}])),
	};
}

/** Tag → id of the top layer, for readers from before manifest.json. */
function legacyRepositories(images: readonly Prepared[]): Readonly<Record<string, Readonly<Record<string, string>>>> {
	const repositories: Record<string, Record<string, string>> = {};
	for (const {image, references} of images) {
		for (const reference of references) {
			const top = image.layers.at(-1)?.blob.digest ?? image.id;
			repositories[familiarName(reference)] = {...repositories[familiarName(reference)], [reference.tag!]: digestHex(top)};
		}
	}

	return repositories;
}
