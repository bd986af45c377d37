/**
One repository of a registry (OCI distribution-spec: pull and content discovery).
*/
import {createHash} from 'node:crypto';
import type {Readable} from 'node:stream';
import {EngineError} from '../errors.js';
import {parseDigest, type Digest} from '../oci/digest.js';
import {asArray, asObject, asString, parseJson} from '../oci/json-shape.js';
import {mediaTypes} from '../oci/media-type.js';
import {readBody} from './read-body.js';
import {answerError} from './registry-error.js';
import type {RegistryConnection, RegistryRequest} from './registry-connection.js';
import type {Reply} from './transport.js';

export type FetchedManifest = {
	readonly digest: Digest;
	readonly mediaType: string;
	readonly data: Buffer;
};

export type ManifestHead = {readonly digest: Digest; readonly mediaType: string; readonly size: number};

export type BlobRange = {readonly start: number; readonly end: number}; // bytes; end is not in it

export type OpenedBlob = {
	/** Position of the first byte: 0 when the registry gives the whole blob, whatever was asked for. */
	readonly start: number;
	readonly isWhole: boolean;
	/** To be read to its end, or destroyed. */
	readonly body: Readable;
};

export type Repository = {
	readonly path: string;
	readonly connection: RegistryConnection;
	/** By tag or digest, verified. Throws `notFound`, `invalidParameter` (code `EINTEGRITY`, `EMEDIATYPE`), `system` (code `ETOOLARGE`). */
	manifest(reference: string, signal?: AbortSignal): Promise<FetchedManifest>;
	/** What a tag names now; undefined when it names nothing, or the registry does not tell the digest. Docker Hub does not count it as a pull. */
	headManifest(reference: string, signal?: AbortSignal): Promise<ManifestHead | undefined>;
	/** A blob or a part of it, unverified. */
	openBlob(digest: Digest, options?: {readonly range?: BlobRange | undefined; readonly size?: number; readonly signal?: AbortSignal | undefined}): Promise<OpenedBlob>;
	/** A small blob, verified. */
	readBlob(digest: Digest, size: number, signal?: AbortSignal): Promise<Buffer>;
	hasBlob(digest: Digest, signal?: AbortSignal): Promise<boolean>;
	/** All tags, in the registry's order. */
	tags(signal?: AbortSignal): Promise<readonly string[]>;
};

/** The distribution spec's limit. */
export const maxManifestBytes = 4 * 1024 * 1024;

const manifestTypes = [mediaTypes.index, mediaTypes.manifest, mediaTypes.dockerManifestList, mediaTypes.dockerManifest] as const;
const schemaOneTypes = /^application\/vnd\.docker\.distribution\.manifest\.v1\+|^application\/json$/;

export function pullScope(path: string): string {
	return `repository:${path}:pull`;
}

export function openRepository(connection: RegistryConnection, path: string, scopes: readonly string[] = [pullScope(path)]): Repository {
	const {host} = connection.endpoint;
	const request = async (options: Omit<RegistryRequest, 'scopes' | 'action'> & {readonly action?: string}): Promise<Reply> => connection.request({action: `reading ${host}/${path}`, scopes, ...options});
	const manifestHeaders = {accept: manifestTypes.join(', ')};

	return {
		path,
		connection,
		async manifest(reference, signal) {
			const reply = await request({target: `/v2/${path}/manifests/${reference}`, headers: manifestHeaders, accepts: [200], signal});
			const subject = `manifest ${reference} of ${host}/${path}`;
			const data = await readBody(reply.body, maxManifestBytes, subject);
			return checkManifest({data, reply, reference, subject, host});
		},
		async headManifest(reference, signal) {
			const reply = await request({method: 'HEAD', target: `/v2/${path}/manifests/${reference}`, headers: manifestHeaders, accepts: [200, 404], signal});
			reply.body.resume();
			const digest = parseDigest(reply.headers['docker-content-digest']);
			return reply.status === 404 || digest === undefined ? undefined : {digest, mediaType: mediaTypeOf(reply), size: Number(reply.headers['content-length'] ?? 0)};
		},
		async openBlob(digest, {range, size, signal} = {}) {
			const headers = {'accept-encoding': 'identity', ...(range === undefined ? {} : {range: `bytes=${range.start}-${range.end - 1}`})};
			const reply = await request({target: `/v2/${path}/blobs/${digest}`, headers, accepts: [200, 206], signal});
			try {
				return {start: startOf(reply, range, size, `blob ${digest} of ${host}/${path}`), isWhole: reply.status === 200, body: reply.body};
			} catch (error) {
				reply.body.destroy();
				throw error;
			}
		},
		async readBlob(digest, size, signal) {
			const subject = `blob ${digest} of ${host}/${path}`;
			const reply = await request({target: `/v2/${path}/blobs/${digest}`, headers: {'accept-encoding': 'identity'}, accepts: [200], signal});
			const data = await readBody(reply.body, size, subject);
			checkContent(subject, data, digest, size);
			return data;
		},
		async hasBlob(digest, signal) {
			const reply = await request({method: 'HEAD', target: `/v2/${path}/blobs/${digest}`, accepts: [200, 404], signal});
			reply.body.resume();
			return reply.status === 200;
		},
		async tags(signal) {
			return readPages(connection, {path: `/v2/${path}/tags/list`, member: 'tags', scopes, action: `listing the tags of ${host}/${path}`, signal});
		},
	};
}

const maxListBytes = 16 * 1024 * 1024;
const maxPages = 10_000;

/** A list in pages, following the Link header (RFC 8288, rel="next"). */
export async function readPages(connection: RegistryConnection, options: {readonly path: string; readonly member: string; readonly scopes: readonly string[]; readonly action: string; readonly signal?: AbortSignal | undefined}): Promise<readonly string[]> {
	const {path, member, scopes, action, signal} = options;
	const found = new Set<string>();
	let target: string | undefined = path;
	for (let page = 0; target !== undefined && page < maxPages; page++) {
		const reply: Reply = await connection.request({target, scopes, accepts: [200], action, signal});
		const subject = `the list ${path} of ${connection.endpoint.host}`;
		const document = asObject(parseJson(await readBody(reply.body, maxListBytes, subject), subject), subject);
		const before = found.size;
		for (const name of asArray(document[member] ?? [], `${subject}: ${member}`)) {
			found.add(asString(name, `${subject}: ${member}`));
		}

		// A page that brings nothing new would be followed for ever.
		const next = /<([^>]+)>\s*;\s*rel="?next"?/i.exec(String(reply.headers['link'] ?? ''))?.[1];
		target = next === undefined || found.size === before ? undefined : nextPage(next, reply.url, path);
	}

	return [...found];
}

/** Only the query may differ: a list does not lead elsewhere. */
function nextPage(link: string, from: URL, path: string): string | undefined {
	return URL.canParse(link, from.href) ? `${path}${new URL(link, from).search}` : undefined;
}

function mediaTypeOf(reply: Reply): string {
	return (reply.headers['content-type'] ?? '').split(';', 1)[0]!.trim();
}

function checkManifest({data, reply, reference, subject, host}: {data: Buffer; reply: Reply; reference: string; subject: string; host: string}): FetchedManifest {
	const digest = sha256(data);
	const promised = parseDigest(reference) ?? parseDigest(reply.headers['docker-content-digest']);
	if (promised !== undefined && promised !== digest) {
		throw new EngineError('invalidParameter', `${subject} has digest ${digest} instead of ${promised}`, {code: 'EINTEGRITY', hint: `${host} or something in between changed it: try again, or pull from elsewhere.`});
	}

	const header = mediaTypeOf(reply);
	const mediaType = (manifestTypes as readonly string[]).includes(header) ? header : ownMediaType(data);
	if (mediaType !== undefined) {
		return {digest, mediaType, data};
	}

	if (schemaOneTypes.test(header) || isSchemaOne(data)) {
		throw new EngineError('invalidParameter', `${subject} is of the old schema 1, which is not supported`, {code: 'EMEDIATYPE', hint: 'Push the image again with a docker of 1.10 or later.'});
	}

	if (/html/i.test(header)) {
		throw answerError({status: reply.status, contentType: header, body: data.toString('latin1', 0, 200), host, action: `reading ${subject}`});
	}

	throw new EngineError('invalidParameter', `${subject} has the unsupported media type ${JSON.stringify(header.slice(0, 100))}`, {code: 'EMEDIATYPE', hint: 'It is no image that can be run here.'});
}

/** What a document says it is: some registries answer with application/json or octet-stream. */
function ownMediaType(data: Buffer): string | undefined {
	const fields = tryParse(data);
	const named = fields?.['mediaType'];
	if (typeof named === 'string' && named !== '') {
		return (manifestTypes as readonly string[]).find(type => type === named);
	}

	if (fields?.['schemaVersion'] !== 2) {
		return undefined;
	}

	// OCI documents need not say; their members tell.
	return Array.isArray(fields['manifests']) ? mediaTypes.index : Array.isArray(fields['layers']) ? mediaTypes.manifest : undefined;
}

function isSchemaOne(data: Buffer): boolean {
	return tryParse(data)?.['schemaVersion'] === 1;
}

function tryParse(data: Buffer): Readonly<Record<string, unknown>> | undefined {
	try {
		const document: unknown = JSON.parse(data.toString('utf8'));
		return typeof document === 'object' && document !== null ? document as Readonly<Record<string, unknown>> : undefined;
	} catch {
		return undefined;
	}
}

/** Where the body begins; throws when the answer can't be what was asked for. */
function startOf(reply: Reply, range: BlobRange | undefined, size: number | undefined, subject: string): number {
	const length = reply.headers['content-length'] === undefined ? undefined : Number(reply.headers['content-length']);
	if (reply.status === 200) {
		if (length !== undefined && size !== undefined && length !== size) {
			throw wrongLength(subject, length, size);
		}

		return 0;
	}

	const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(reply.headers['content-range'] ?? '') ?? [];
	const wanted = range?.start;
	if (wanted === undefined || Number(start) !== wanted) {
		throw new EngineError('system', `${subject}: the registry sent another part than it was asked for (${reply.headers['content-range'] ?? 'no Content-Range'})`, {code: 'EBADANSWER', hint: 'That is a fault of the registry: ask whoever runs it.'});
	}

	if (total !== '*' && size !== undefined && Number(total) !== size) {
		throw wrongLength(subject, Number(total), size);
	}

	return wanted;
}

function wrongLength(subject: string, found: number, wanted: number): EngineError {
	return new EngineError('invalidParameter', `${subject} has ${found} bytes instead of ${wanted}`, {code: 'EINTEGRITY', hint: 'The registry holds a damaged image: push it again.'});
}

function checkContent(subject: string, data: Buffer, digest: Digest, size: number): void {
	if (data.length !== size) {
		throw wrongLength(subject, data.length, size);
	}

	if (sha256(data) !== digest) {
		throw new EngineError('invalidParameter', `${subject} has digest ${sha256(data)}`, {code: 'EINTEGRITY', hint: 'The data was changed or damaged on the way: get it again.'});
	}
}

function sha256(data: Uint8Array): Digest {
	return `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest;
}
