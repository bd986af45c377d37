/**
Bringing content into a repository (OCI distribution-spec, Push): blobs in one piece or in chunks, mounted from other repositories, manifests.
*/
import {EngineError, isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import {discard} from './read-body.js';
import type {RegistryConnection, RegistryRequest} from './registry-connection.js';
import {isPassingFailure, pause, pauseBefore} from './retry.js';
import type {Reply} from './transport.js';

/** Where the bytes of a blob come from; can be read again from anywhere. */
export type UploadSource = {
	readonly digest: Digest;
	readonly sizeBytes: number;
	/** From a position to the end. */
	read(start: number): AsyncIterable<Buffer>;
};

export type UploadOptions = {
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((currentBytes: number) => void) | undefined;
};

export type Uploader = {
	/** True when the registry has taken the blob over from another of its repositories. */
	mount(digest: Digest, from: string, options?: UploadOptions): Promise<boolean>;
	/** Ends when the registry has checked the digest and named the blob. Goes on from where a broken connection left it, where the registry can tell. */
	upload(source: UploadSource, options?: UploadOptions): Promise<void>;
	/** Under a tag or by its digest. */
	putManifest(reference: string, manifest: {readonly mediaType: string; readonly data: Buffer}, options?: UploadOptions): Promise<void>;
};

/** For registries (and proxies before them) that refuse long bodies. */
const firstChunkBytes = 16 * 1024 * 1024;
const smallestChunkBytes = 1024 * 1024;

export function pushScopes(path: string): readonly string[] {
	return [`repository:${path}:pull,push`];
}

export function openUploader(connection: RegistryConnection, path: string): Uploader {
	const {host} = connection.endpoint;
	const scopes = pushScopes(path);
	const action = `pushing to ${host}/${path}`;
	const request = async (options: Omit<RegistryRequest, 'scopes' | 'action'> & {readonly scopes?: readonly string[]}): Promise<Reply> => connection.request({scopes, action, ...options});

	const begin = async (signal: AbortSignal | undefined): Promise<URL> => {
		const reply = await request({method: 'POST', target: `/v2/${path}/blobs/uploads/`, accepts: [202], signal});
		discard(reply.body);
		return location(reply, host);
	};

	/** How much of an upload has arrived; undefined when it is not known any more. */
	const received = async (session: URL, signal: AbortSignal | undefined): Promise<{readonly session: URL; readonly bytes: number} | undefined> => {
		try {
			const reply = await request({target: session, accepts: [204, 404], mayRepeat: false, signal});
			discard(reply.body);
			const end = /^(?:bytes=)?0-(\d+)$/.exec(String(reply.headers['range'] ?? ''))?.[1];
			// `0-0` is what distribution says both for nothing and for one byte.
			return reply.status === 404 ? undefined : {session: reply.headers.location === undefined ? session : location(reply, host), bytes: end === undefined || end === '0' ? 0 : Number(end) + 1};
		} catch (error) {
			signal?.throwIfAborted();
			if (isEngineError(error)) {
				return undefined;
			}

			throw error;
		}
	};

	const finish = async (session: URL, digest: Digest, signal: AbortSignal | undefined): Promise<void> => {
		const reply = await request({method: 'PUT', target: withDigest(session, digest), headers: {'content-type': 'application/octet-stream'}, accepts: [201, 204], mayRepeat: false, signal});
		discard(reply.body);
	};

	/** Everything in one request when nothing is there yet; else, or when that is too much at once, in chunks. */
	const sendFrom = async (session: URL, source: UploadSource, start: number, {signal, onProgress, chunkBytes}: UploadOptions & {readonly chunkBytes: number}): Promise<void> => {
		const counted = (from: number, to: number) => async function* () {
			let position = from;
			for await (const piece of source.read(from)) {
				signal?.throwIfAborted();
				const wanted = piece.subarray(0, to - position);
				yield wanted;
				position += wanted.length;
				onProgress?.(position);
				if (position === to) {
					return;
				}
			}
		};

		const headers = (length: number) => ({'content-type': 'application/octet-stream', 'content-length': String(length)});
		if (start === 0 && source.sizeBytes <= chunkBytes) {
			const reply = await request({method: 'PUT', target: withDigest(session, source.digest), headers: headers(source.sizeBytes), body: counted(0, source.sizeBytes), accepts: [201, 204], mayRepeat: false, signal});
			discard(reply.body);
			return;
		}

		let place = session;
		for (let from = start; from < source.sizeBytes;) {
			const to = Math.min(source.sizeBytes, from + chunkBytes);
			const reply = await request({method: 'PATCH', target: place, headers: {...headers(to - from), 'content-range': `${from}-${to - 1}`}, body: counted(from, to), accepts: [202, 204], mayRepeat: false, signal});
			discard(reply.body);
			place = location(reply, host);
			from = to;
		}

		await finish(place, source.digest, signal);
	};

	return {
		async mount(digest, from, {signal} = {}) {
			try {
				const query = new URLSearchParams({mount: digest, from}).toString();
				const reply = await request({method: 'POST', target: `/v2/${path}/blobs/uploads/?${query}`, scopes: [...scopes, `repository:${from}:pull`], accepts: [201, 202], signal});
				discard(reply.body);
				if (reply.status === 202) {
					await cancel(location(reply, host));
				}

				return reply.status === 201;
			} catch (error) {
				signal?.throwIfAborted();
				if (isEngineError(error, 'unavailable')) {
					throw error;
				}

				return false; // Not allowed to read there, or not known there: it is uploaded then.
			}

			async function cancel(session: URL): Promise<void> {
				const reply = await request({method: 'DELETE', target: session, accepts: [200, 202, 204, 400, 404, 405], mayRepeat: false, signal}).catch(() => undefined);
				reply?.body.resume();
			}
		},
		async upload(source, options = {}) {
			const {signal} = options;
			let session = await begin(signal);
			let start = 0;
			let chunkBytes = Number.POSITIVE_INFINITY;
			for (let failures = 1; ; failures++) {
				try {
					await sendFrom(session, source, start, {...options, chunkBytes});
					return;
				} catch (error) {
					signal?.throwIfAborted();
					if (isEngineError(error) && error.code === 'ETOOMUCH' && chunkBytes > smallestChunkBytes) {
						chunkBytes = chunkBytes === Number.POSITIVE_INFINITY ? firstChunkBytes : Math.max(smallestChunkBytes, chunkBytes / 4);
						session = await begin(signal);
						start = 0;
						continue;
					}

					const waitMs = mayGoOn(error) ? pauseBefore(failures, connection.policy) : undefined;
					if (waitMs === undefined) {
						throw error;
					}

					await pause(waitMs, signal);
					const state = await received(session, signal);
					if (state === undefined || state.bytes > source.sizeBytes) {
						session = await begin(signal);
						start = 0;
					} else {
						failures = state.bytes > start ? 1 : failures;
						({session} = state);
						start = state.bytes;
						if (start === source.sizeBytes) {
							await finish(session, source.digest, signal);
							return;
						}
					}
				}
			}
		},
		async putManifest(reference, {mediaType, data}, {signal} = {}) {
			const reply = await request({method: 'PUT', target: `/v2/${path}/manifests/${reference}`, headers: {'content-type': mediaType}, body: data, accepts: [200, 201, 202], signal});
			discard(reply.body);
		},
	};
}

/** What is to be pushed before a manifest, without doubles. */
export function contentOf(manifest: {readonly config: Descriptor; readonly layers: readonly Descriptor[]}): readonly Descriptor[] {
	return [...new Map([...manifest.layers, manifest.config].map(descriptor => [descriptor.digest, descriptor])).values()];
}

function mayGoOn(error: unknown): boolean {
	return isPassingFailure(error) || isEngineError(error, 'unavailable') || (isEngineError(error) && (error.code === 'BLOB_UPLOAD_UNKNOWN' || error.code === 'BLOB_UPLOAD_INVALID' || error.code === 'RANGE_INVALID'));
}

function location(reply: Reply, host: string): URL {
	const text = reply.headers.location;
	if (text === undefined || !URL.canParse(text, reply.url.href)) {
		throw new EngineError('system', `${host} did not say where to upload to`, {code: 'EBADANSWER', hint: 'That is a fault of the registry: ask whoever runs it.'});
	}

	return new URL(text, reply.url);
}

function withDigest(session: URL, digest: Digest): URL {
	const url = new URL(session);
	url.searchParams.append('digest', digest);
	return url;
}
