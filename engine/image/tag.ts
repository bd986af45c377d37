/**
`docker tag`.
*/
import {EngineError} from '../errors.js';
import {familiarReference, parseReference, withDefaultTag, type ImageReference} from '../oci/reference.js';
import type {Store} from '../store/open-store.js';
import {updateReferences, withReference} from '../store/reference-store.js';
import type {Image, ImageHooks} from './image.js';

/** A reference that a person may give to an image: with a tag, without a digest. Throws `invalidParameter`. */
export function parseTagReference(text: string): ImageReference {
	const reference = parseReference(text);
	if (reference.digest !== undefined) {
		throw new EngineError('invalidParameter', 'refusing to create a tag with a digest reference');
	}

	return withDefaultTag(reference);
}

/** Gives the image one more name, taking it from the image that had it. Idempotent. */
export async function tagImage(store: Store, hooks: ImageHooks, image: Image, reference: ImageReference): Promise<void> {
	await updateReferences(store, entries => {
		if (!entries.some(entry => entry.digest === image.manifest.digest)) {
			throw new EngineError('notFound', `No such image: ${image.id}`); // Removed meanwhile.
		}

		return {entries: withReference(entries, image.manifest, reference), result: undefined};
	});
	hooks.emit?.({action: 'tag', id: image.id, attributes: {name: familiarReference(reference)}});
}
