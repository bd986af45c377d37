/**
Finding an image by what a person typed: a reference first, then an id or a prefix of one (moby daemon/images GetImage).
*/
import {EngineError} from '../errors.js';
import {canonicalReference, familiarReference, repositoryName, tryParseReference, withDefaultTag} from '../oci/reference.js';
import type {Store} from '../store/open-store.js';
import {entryReference, readReferences, type ReferenceEntry} from '../store/reference-store.js';
import type {Image} from './image.js';
import type {ImageCatalog} from './image-catalog.js';

export type Resolved = {
	readonly image: Image;
	/** The canonical reference that was meant; undefined when it was named by id. */
	readonly reference?: string;
};

/** Throws `notFound` with docker's text, `invalidParameter` when a prefix fits several images. */
export function resolveImage(store: Store, catalog: ImageCatalog, name: string): Resolved {
	const images = catalog.list();
	const entry = findEntry(readReferences(store), name);
	if (entry !== undefined) {
		const {id} = catalog.read(entry);
		const image = images.find(candidate => candidate.id === id) ?? catalog.read(entry);
		return {image, reference: entryReference(entry)!};
	}

	const matches = findById(images, name);
	if (matches.length > 1) {
		throw new EngineError('invalidParameter', `multiple IDs found with provided prefix: ${name}`, {hint: 'Give more characters of the id.'});
	}

	if (matches.length === 0) {
		throw noSuchImage(name);
	}

	return {image: matches[0]!};
}

/** The same for one that needs no other names of the image: by its name, only that image is read. */
export function resolveOne(store: Store, catalog: ImageCatalog, name: string): Resolved {
	const entry = findEntry(readReferences(store), name);
	return entry === undefined ? resolveImage(store, catalog, name) : {image: catalog.read(entry), reference: entryReference(entry)!};
}

/** The entry a reference names, without reading the image. */
export function findEntry(entries: readonly ReferenceEntry[], name: string): ReferenceEntry | undefined {
	const parsed = tryParseReference(name);
	if (parsed === undefined) {
		return undefined;
	}

	const reference = withDefaultTag(parsed);
	const wanted = canonicalReference(reference.digest === undefined ? reference : {domain: reference.domain, path: reference.path, digest: reference.digest});
	const exact = entries.find(entry => entryReference(entry) === wanted);
	if (exact !== undefined || reference.digest === undefined) {
		return exact;
	}

	// By digest: any name of that repository whose manifest is the one.
	return entries.find(entry => entry.digest === reference.digest && entryReference(entry)?.startsWith(`${repositoryName(reference)}:`));
}

/** Images whose id begins so. A full `sha256:` digest may also be that of a manifest, as `images --digests` shows it. */
export function findById(images: readonly Image[], name: string): readonly Image[] {
	const prefix = name.replace(/^sha256:/, '');
	if (!/^[\da-f]{1,64}$/.test(prefix)) {
		return [];
	}

	const byId = images.filter(image => image.id.startsWith(`sha256:${prefix}`));
	return byId.length === 0 && prefix.length === 64 ? images.filter(image => image.manifest.digest === `sha256:${prefix}`) : byId;
}

/** True when a name was meant as an id of the image (moby isImageIDPrefix). */
export function isIdPrefix(image: Image, name: string): boolean {
	return image.id.startsWith(name) || image.id.slice('sha256:'.length).startsWith(name);
}

/** Docker's text, which its command line looks for before it pulls. */
export function noSuchImage(name: string): EngineError {
	const parsed = tryParseReference(name);
	return new EngineError('notFound', `No such image: ${parsed === undefined ? name : familiarReference(withDefaultTag(parsed))}`);
}
