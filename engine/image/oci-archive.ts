/**
Reading OCI image layouts (image-spec image-layout.md), packed or as a folder.
*/
import {EngineError} from '../errors.js';
import {annotationNames, type Descriptor} from '../oci/descriptor.js';
import {digestHex} from '../oci/digest.js';
import {parseImageConfig} from '../oci/image-config.js';
import {parseIndex} from '../oci/image-index.js';
import {isRunnable, parseManifest} from '../oci/manifest.js';
import {isIndexType, isManifestType, mediaTypes} from '../oci/media-type.js';
import {choosePlatform, formatPlatform, hostPlatform, type Platform} from '../oci/platform.js';
import {tryParseReference, withDefaultTag, type ImageReference} from '../oci/reference.js';
import {checkExpected, sha256} from '../store/content-store.js';
import {missingMember, type ArchivedImage} from './docker-archive.js';
import {readDocument, type ImageArchive} from './image-archive.js';

/** The images index.json lists for this machine; undefined when there is no index.json. Throws `invalidParameter`. */
export function readOciArchive(archive: ImageArchive, platform: Platform = hostPlatform()): readonly ArchivedImage[] | undefined {
	const document = readDocument(archive, 'index.json');
	if (document === undefined) {
		return undefined;
	}

	const found = new Map<string, {descriptor: Descriptor; references: ImageReference[]}>();
	for (const entry of chooseEntries(parseIndex(document, `${archive.subject}: index.json`).manifests, platform)) {
		const descriptor = resolveDescriptor(archive, entry, platform);
		if (descriptor !== undefined) {
			const image = found.get(descriptor.digest) ?? {descriptor, references: []};
			image.references.push(...readReferences(entry));
			found.set(descriptor.digest, image);
		}
	}

	const images = [...found.values()].map(({descriptor, references}) => readImage(archive, descriptor, references)).filter(image => image !== undefined);
	if (images.length === 0) {
		throw new EngineError('invalidParameter', `${archive.subject} holds no image for ${formatPlatform(platform)}`);
	}

	return images;
}

/**
index.json may itself be the list of one image's platforms: entries with a platform and no name of their own. Of those only the best one is taken.
*/
function chooseEntries(entries: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
	const isVariant = (entry: Descriptor) => entry.platform !== undefined && !isIndexType(entry.mediaType) && readReferences(entry).length === 0;
	const variants = entries.filter(entry => isVariant(entry));
	if (variants.length < 2) {
		return entries;
	}

	const best = choosePlatform(variants, platform);
	return [...entries.filter(entry => !isVariant(entry)), ...(best === undefined ? [] : [best])];
}

/** The manifest for this machine; undefined when what is named is no image. */
function resolveDescriptor(archive: ImageArchive, entry: Descriptor, platform: Platform, depth = 0): Descriptor | undefined {
	if (isManifestType(entry.mediaType) || entry.mediaType === '') {
		return entry;
	}

	if (!isIndexType(entry.mediaType) || depth > 4) {
		return undefined;
	}

	const children = parseIndex(readVerified(archive, entry), `${archive.subject}: index ${entry.digest}`).manifests;
	const chosen = choosePlatform(children, platform) ?? (children.length === 1 && children[0]!.platform === undefined ? children[0] : undefined);
	return chosen === undefined ? undefined : resolveDescriptor(archive, chosen, platform, depth + 1);
}

function readImage(archive: ImageArchive, descriptor: Descriptor, references: readonly ImageReference[]): ArchivedImage | undefined {
	const data = readVerified(archive, descriptor);
	const manifest = parseManifest(data, `${archive.subject}: manifest ${descriptor.digest}`);
	if (!isRunnable(manifest)) {
		return undefined; // An attestation, a signature, a chart.
	}

	const configData = readVerified(archive, manifest.config);
	const config = parseImageConfig(configData, `${archive.subject}: config ${manifest.config.digest}`);
	if (config.diffIds.length !== manifest.layers.length) {
		throw new EngineError('invalidParameter', `${archive.subject}: manifest ${descriptor.digest} lists ${manifest.layers.length} layers, its config ${config.diffIds.length}`);
	}

	return {
		references,
		configData,
		config,
		manifest: {mediaType: manifest.mediaType || mediaTypes.manifest, data},
		layers: manifest.layers.map((expected, index) => {
			const member = archive.find(blobName(expected));
			if (member === undefined) {
				throw missingMember(archive, blobName(expected));
			}

			return {member, diffId: config.diffIds[index]!, expected};
		}),
	};
}

function readVerified(archive: ImageArchive, descriptor: Descriptor): Buffer {
	const data = readDocument(archive, blobName(descriptor));
	if (data === undefined) {
		throw missingMember(archive, blobName(descriptor));
	}

	checkExpected(`${archive.subject}: ${blobName(descriptor)}`, {digest: sha256(data), size: data.length}, descriptor);
	return data;
}

function blobName({digest}: Descriptor): string {
	return `blobs/sha256/${digestHex(digest)}`;
}

/**
containerd and docker give the full name; podman and buildah write it as ref.name. A ref.name that is a mere word is a tag of a repository nobody named, so
it names nothing.
*/
function readReferences({annotations}: Descriptor): readonly ImageReference[] {
	const refName = annotations?.[annotationNames.refName];
	const name = annotations?.[annotationNames.imageName] ?? (refName !== undefined && /[/:]/.test(refName) ? refName : undefined);
	const reference = name === undefined ? undefined : tryParseReference(name);
	return reference === undefined ? [] : [withDefaultTag(reference)];
}
