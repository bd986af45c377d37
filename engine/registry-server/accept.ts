/**
Which form of an image a client takes (RFC 9110, 12.5.1, as far as manifests need it: weights only tell whether a type is refused).
*/
import type {Descriptor} from '../oci/descriptor.js';
import {isIndexType, isManifestType} from '../oci/media-type.js';
import {choosePlatform} from '../oci/platform.js';

/** Clients that name nothing, or anything, or JSON, get what is there. */
const takesAll = new Set(['*/*', 'application/*', 'application/json']);

/** The media types a client takes; undefined when it takes all. */
export function acceptedTypes(header: string | undefined): ReadonlySet<string> | undefined {
	const types = (header ?? '')
		.split(',')
		.map(part => part.split(';').map(piece => piece.trim().toLowerCase()))
		.filter(([type, ...parameters]) => type !== '' && !parameters.some(parameter => /^q=0(?:\.0*)?$/.test(parameter)))
		.map(([type]) => type!);
	return types.length === 0 || types.some(type => takesAll.has(type)) ? undefined : new Set(types);
}

/**
The manifest to give for one that was asked for: itself when its type is taken; for an index that is not, the image in it for linux/amd64, as docker distribution does for clients from
before indexes. Undefined when there is nothing to give.
*/
export function negotiate(found: Descriptor, accepted: ReadonlySet<string> | undefined, children: () => readonly Descriptor[]): Descriptor | undefined {
	if (accepted === undefined || accepted.has(found.mediaType)) {
		return found;
	}

	if (!isIndexType(found.mediaType) || ![...accepted].some(type => isManifestType(type))) {
		return undefined;
	}

	const candidates = children().filter(child => accepted.has(child.mediaType));
	return choosePlatform(candidates, {os: 'linux', architecture: 'amd64'});
}
