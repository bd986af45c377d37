/**
A cache of another registry. A tag is looked up there at most once a minute; when that registry is away, what is here is good enough. A blob is fetched once, however many ask for it: it
goes to the disk as it comes, verified before its last byte goes out, and everybody who wants it reads along.
*/
import {isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import {blobBody} from './blob-body.js';
import type {RegistryContent} from './content.js';
import type {ManifestReference} from './grammar.js';
import {readManifest} from './manifest-document.js';
import type {StreamBody} from './message.js';
import type {Metrics} from './metrics.js';
import {progressCounter, readingAlong, type Fetch, type Progress} from './read-along.js';
import {RegistryError} from './registry-error.js';
import type {UpstreamBlob, UpstreamClient} from './upstream.js';

export type PullThrough = {
	/** Brings a manifest into the content when it is not there, or its tag may have moved. `here`: what the reference names so far. Throws MANIFEST_UNKNOWN, UNAVAILABLE. */
	refresh(repository: string, reference: ManifestReference, here: Descriptor | undefined): Promise<void>;
	/** A blob that is not here, as it arrives. Throws UNAVAILABLE. */
	blob(repository: string, digest: Digest): Promise<StreamBody | undefined>;
	blobSize(repository: string, digest: Digest): Promise<number | undefined>;
	/** Waits for what is being fetched. */
	close(): Promise<void>;
};

export type PullThroughOptions = {
	readonly content: RegistryContent;
	readonly client: UpstreamClient;
	readonly maxBlobBytes: number;
	readonly metrics: Metrics;
	readonly onFailure?: ((message: string, error?: unknown) => void) | undefined;
	readonly now?: () => number; // milliseconds
};

const freshMs = 60_000;
const maxFresh = 10_000;
const attempts = 4;

export function pullThrough(options: PullThroughOptions): PullThrough {
	const {content, client, metrics, now = Date.now} = options;
	const lookedUp = new Map<string, number>();
	const fetches = new Map<Digest, Promise<Fetch | undefined>>();
	const running = new Set<Promise<void>>();

	async function refresh(repository: string, reference: ManifestReference, here: Descriptor | undefined): Promise<void> {
		const text = 'tag' in reference ? reference.tag : reference.digest;
		const key = `${repository}:${text}`;
		const isFresh = 'digest' in reference || now() - (lookedUp.get(key) ?? Number.NEGATIVE_INFINITY) < freshMs;
		if (here !== undefined && isFresh) {
			return;
		}

		let found: Awaited<ReturnType<UpstreamClient['manifest']>>;
		try {
			found = await client.manifest(repository, text, here?.digest);
		} catch (error) {
			failed(error);
			if (here !== undefined) {
				return;
			}

			throw unavailable(error);
		}

		if (found === undefined) {
			throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown to the registry behind this one');
		}

		if (found !== 'same') {
			const {mediaType, data} = found;
			await content.put({repository, tag: 'tag' in reference ? reference.tag : undefined, mediaType, data, imageId: imageIdOf(data, mediaType), check() {}});
			metrics.count('upstream_fetches');
		}

		remember(key);
	}

	function imageIdOf(data: Buffer, mediaType: string): Digest | undefined {
		try {
			return readManifest(data, mediaType).imageId;
		} catch (error) {
			failed(error);
			throw unavailable(error);
		}
	}

	function remember(key: string): void {
		lookedUp.delete(key);
		lookedUp.set(key, now());
		for (const oldest of lookedUp.keys()) {
			if (lookedUp.size <= maxFresh) {
				return;
			}

			lookedUp.delete(oldest);
		}
	}

	async function blob(repository: string, digest: Digest): Promise<StreamBody | undefined> {
		let fetching = fetches.get(digest);
		if (fetching === undefined) {
			fetching = startFetch(repository, digest);
			fetches.set(digest, fetching);
			fetching.catch(() => {
				fetches.delete(digest);
			});
		}

		const fetch = await fetching;
		if (fetch === undefined) {
			fetches.delete(digest);
			return undefined;
		}

		return content.blobSize(digest) === undefined ? readingAlong(fetch) : blobBody(content.openBlob(digest));
	}

	/** Resolves when the first byte is on its way. */
	async function startFetch(repository: string, digest: Digest): Promise<Fetch | undefined> {
		let first: UpstreamBlob | undefined;
		try {
			first = await client.blob(repository, digest, 0);
		} catch (error) {
			failed(error);
			throw unavailable(error);
		}

		if (first === undefined) {
			return undefined;
		}

		if (first.sizeBytes > options.maxBlobBytes) {
			first.close();
			throw new RegistryError('SIZE_INVALID', `the blob has more than ${options.maxBlobBytes} bytes`, {status: 502});
		}

		metrics.count('upstream_fetches');
		const {id} = content.uploads.start(repository, Number.POSITIVE_INFINITY);
		const progress = progressCounter();
		const {sizeBytes} = first;
		const done = receive(repository, {digest, id, first}, progress).finally(() => {
			fetches.delete(digest);
			running.delete(settled);
		});
		const settled = done.catch(() => {});
		running.add(settled);
		return {sizeBytes, part: () => content.uploads.open(repository, id), available: progress.value, grown: progress.grown};
	}

	async function receive(repository: string, {digest, id, first}: {readonly digest: Digest; readonly id: string; readonly first: UpstreamBlob}, progress: Progress): Promise<void> {
		try {
			await content.uploads.finish(repository, id, digest, {data: resumed(repository, digest, first, progress), maxBytes: first.sizeBytes});
			progress.advance(first.sizeBytes);
		} catch (error) {
			content.uploads.cancel(repository, id);
			options.onFailure?.(`fetching ${digest} failed`, error);
			metrics.count('upstream_failures');
			progress.fail(unavailable(error));
			throw error;
		}
	}

	/** The bytes in order, over as many connections as it takes. Asked for the next piece, the one before has been written. */
	async function* resumed(repository: string, digest: Digest, first: UpstreamBlob, progress: Progress): AsyncGenerator<Buffer> {
		let position = 0;
		let source: UpstreamBlob | undefined = first;
		for (let attempt = 1; ; attempt++) {
			try {
				source ??= await client.blob(repository, digest, position);
				let skip = position - (source?.from ?? 0);
				for await (const piece of source?.data ?? []) {
					const fresh = piece.subarray(Math.min(skip, piece.length));
					skip -= piece.length - fresh.length;
					if (fresh.length > 0) {
						yield fresh;
						position += fresh.length;
						progress.advance(Math.min(position, first.sizeBytes - 1));
					}
				}

				if (position >= first.sizeBytes || source === undefined) {
					return;
				}

				throw new Error('the body ended before its end');
			} catch (error) {
				source?.close();
				source = undefined;
				if (attempt >= attempts) {
					throw error;
				}
			}
		}
	}

	function failed(error: unknown): void {
		metrics.count('upstream_failures');
		options.onFailure?.('the registry behind this one', error);
	}

	return {
		refresh,
		blob,
		async blobSize(repository, digest) {
			try {
				return await client.blobSize(repository, digest);
			} catch (error) {
				failed(error);
				throw unavailable(error);
			}
		},
		async close() {
			await Promise.all(running);
		},
	};
}

function unavailable(cause: unknown): RegistryError {
	const reason = isEngineError(cause) && cause.kind === 'unavailable' ? 'can\'t be reached' : 'gave no proper answer';
	return new RegistryError('UNAVAILABLE', `the registry behind this one ${reason}`, {status: 503, cause, headers: {'retry-after': '10'}});
}
