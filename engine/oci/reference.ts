/**
Image references: grammar of distribution/reference, docker's short names (`busybox` means `docker.io/library/busybox:latest`).
*/
import {EngineError} from '../errors.js';
import {parseDigest, type Digest} from './digest.js';

/** A full reference. At least one of tag and digest is there when it names an image; a bare repository has neither. */
export type ImageReference = {
	readonly domain: string; // 'docker.io', 'localhost:5000'
	readonly path: string; // 'library/busybox'
	readonly tag?: string;
	readonly digest?: Digest;
};

const defaultDomain = 'docker.io';
const legacyDefaultDomain = 'index.docker.io';
const officialPrefix = 'library/';

const component = '(?:[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)';
const domainLabel = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainPattern = new RegExp(String.raw`^(?:${domainLabel}(?:\.${domainLabel})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?$`);
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const maxNameLength = 255;

/** Reads a reference as a person writes it. Throws `invalidParameter` with docker's text. */
export function parseReference(unsafeText: string): ImageReference {
	if (/^[a-f\d]{64}$/.test(unsafeText)) {
		throw new EngineError('invalidParameter', `invalid repository name (${unsafeText}), cannot specify 64-byte hexadecimal strings`);
	}

	const {name, tag, digest} = splitReference(unsafeText);
	const {domain, path} = splitDomain(name);
	if (path.toLowerCase() !== path) {
		throw new EngineError('invalidParameter', `invalid reference format: repository name (${path}) must be lowercase`);
	}

	const badDigest = digest !== undefined && parseDigest(digest) === undefined;
	if (badDigest || !domainPattern.test(domain) || !pathPattern.test(path) || (tag !== undefined && !tagPattern.test(tag))) {
		throw new EngineError('invalidParameter', 'invalid reference format');
	}

	if (domain.length + 1 + path.length > maxNameLength) {
		throw new EngineError('invalidParameter', `repository name must not be more than ${maxNameLength} characters`);
	}

	return {domain, path, ...(tag === undefined ? {} : {tag}), ...(digest === undefined ? {} : {digest: digest as Digest})};
}

/** The same, or undefined when it is not a reference. */
export function tryParseReference(unsafeText: string): ImageReference | undefined {
	try {
		return parseReference(unsafeText);
	} catch {
		return undefined;
	}
}

/** With tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
	return isNameOnly(reference) ? {...reference, tag: 'latest'} : reference;
}

export function isNameOnly(reference: ImageReference): boolean {
	return reference.tag === undefined && reference.digest === undefined;
}

/** `docker.io/library/busybox` */
export function repositoryName(reference: ImageReference): string {
	return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/busybox:latest`: what the store keeps. */
export function canonicalReference(reference: ImageReference): string {
	return repositoryName(reference) + suffix(reference);
}

/** `busybox`: the repository as docker shows it. */
export function familiarName(reference: ImageReference): string {
	if (reference.domain !== defaultDomain) {
		return repositoryName(reference);
	}

	// `library/a/b` keeps its prefix, or reading the short form back would give another repository.
	const short = reference.path.startsWith(officialPrefix) ? reference.path.slice(officialPrefix.length) : reference.path;
	return short.includes('/') ? reference.path : short;
}

/** `busybox:latest`, as docker shows it. */
export function familiarReference(reference: ImageReference): string {
	return familiarName(reference) + suffix(reference);
}

function suffix({tag, digest}: ImageReference): string {
	return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

function splitReference(text: string): {name: string; tag?: string; digest?: string} {
	const at = text.indexOf('@');
	const digest = at === -1 ? undefined : text.slice(at + 1);
	const rest = at === -1 ? text : text.slice(0, at);
	const colon = rest.lastIndexOf(':');
	const hasTag = colon > rest.lastIndexOf('/');
	return {
		name: hasTag ? rest.slice(0, colon) : rest,
		...(hasTag ? {tag: rest.slice(colon + 1)} : {}),
		...(digest === undefined ? {} : {digest}),
	};
}

/** distribution/reference splitDockerDomain: the first part is a host if it could not be a user's name. */
function splitDomain(name: string): {domain: string; path: string} {
	const slash = name.indexOf('/');
	const first = slash === -1 ? '' : name.slice(0, slash);
	const isHost = slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
	const domain = isHost ? (first === legacyDefaultDomain ? defaultDomain : first) : defaultDomain;
	const path = isHost ? name.slice(slash + 1) : name;
	return {domain, path: domain === defaultDomain && !path.includes('/') ? officialPrefix + path : path};
}
