/**
A registry without a port: requests go in, replies come out. And images to push, made on the spot.
*/
import type {ExecutionContext} from 'ava';
import {bodyBytes, type RegistryRequest} from '../../engine/registry-server/message.js';
import {createRegistry, type Registry, type RegistryOptions} from '../../engine/registry-server/registry.js';
import {storeContent} from '../../engine/registry-host/store-content.js';
import type {RepositoryNames} from '../../engine/image/repositories.js';
import type {RegistryContent} from '../../engine/registry-server/content.js';
import type {Store} from '../../engine/store/open-store.js';
import {hex, testStore} from './image-lab.js';

export type Asked = {readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer; readonly length: number; json<T = unknown>(): T};

export type Question = {
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Buffer | string | AsyncIterable<Buffer>;
	readonly isSecure?: boolean;
};

export type Ask = (method: string, target: string, question?: Question) => Promise<Asked>;

export type RegistryLab = {readonly store: Store; readonly content: RegistryContent; readonly registry: Registry; readonly ask: Ask; readonly failures: string[]};

/** A registry on a store of its own (or on one that is there). */
export function registryLab(t: ExecutionContext, options: Partial<RegistryOptions> & {readonly store?: Store; readonly names?: RepositoryNames} = {}): RegistryLab {
	const store = options.store ?? testStore(t);
	const failures: string[] = [];
	const content = options.content ?? storeContent(store, options.names === undefined ? {} : {names: options.names});
	const registry = createRegistry({
		onFailure(message, error) {
			failures.push(`${message}: ${(error as Error | undefined)?.stack ?? ''}`);
		},
		...options,
		content,
	});
	t.teardown(async () => registry.close());
	return {store, content, registry, ask: asker(registry), failures};
}

export function asker(registry: Registry): Ask {
	return async (method, target, {headers = {}, body, isSecure = false} = {}) => {
		const request: RegistryRequest = {
			method,
			target,
			headers: {host: 'registry.test', ...(Buffer.isBuffer(body) || typeof body === 'string' ? {'content-length': String(Buffer.byteLength(body))} : {}), ...lowerCase(headers)},
			async* body() {
				if (body === undefined) {
					return;
				}

				yield* Buffer.isBuffer(body) || typeof body === 'string' ? inPieces(Buffer.from(body)) : body;
			},
			remoteAddress: '192.0.2.7',
			isSecure,
		};
		const {reply} = await registry.handle(request);
		const pieces: Buffer[] = [];
		if (Buffer.isBuffer(reply.body)) {
			pieces.push(reply.body);
		} else if (reply.body !== undefined) {
			if (method === 'HEAD') {
				reply.body.close();
			} else {
				for await (const piece of reply.body.read()) {
					pieces.push(piece);
				}
			}
		}

		const bytes = method === 'HEAD' ? Buffer.alloc(0) : Buffer.concat(pieces);
		return {status: reply.status, headers: reply.headers ?? {}, body: bytes, length: bodyBytes(reply), json: <T>() => JSON.parse(bytes.toString('utf8')) as T};
	};
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function* inPieces(data: Buffer, pieceBytes = 64 * 1024): AsyncGenerator<Buffer> {
	for (let offset = 0; offset < data.length; offset += pieceBytes) {
		yield data.subarray(offset, offset + pieceBytes);
	}
}

export type Tags = {readonly tags: readonly string[]};
export type Catalog = {readonly repositories: readonly string[]};
export type Referrers = {readonly manifests: ReadonlyArray<Readonly<Record<string, unknown>>>};

/** Code of the first error of a reply. */
export function codeOf(asked: Asked): string | undefined {
	return asked.json<{readonly errors?: ReadonlyArray<{readonly code: string}>}>().errors?.[0]?.code;
}

export function digestOf(data: Buffer | string): string {
	return `sha256:${hex(data)}`;
}

export const types = {
	manifest: 'application/vnd.oci.image.manifest.v1+json',
	index: 'application/vnd.oci.image.index.v1+json',
	config: 'application/vnd.oci.image.config.v1+json',
	layer: 'application/vnd.oci.image.layer.v1.tar',
	dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
	dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
	empty: 'application/vnd.oci.empty.v1+json',
} as const;

export async function pushBlob(ask: Ask, name: string, data: Buffer | string): Promise<string> {
	const digest = digestOf(data);
	const {status, body} = await ask('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, {body: Buffer.from(data)});
	if (status !== 201) {
		throw new Error(`pushing a blob: ${status} ${body.toString()}`);
	}

	return digest;
}

export function descriptor(mediaType: string, data: Buffer | string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
	return {mediaType, digest: digestOf(data), size: Buffer.byteLength(data), ...more};
}

export type Pushed = {readonly digest: string; readonly data: Buffer; readonly config: string; readonly layers: readonly string[]};

/** An image's parts: a configuration that says which one it is, and one layer for each text. */
export function imageOf(layers: readonly string[], {architecture = 'amd64', more = {}}: {readonly architecture?: string; readonly more?: Readonly<Record<string, unknown>>} = {}): {readonly config: string; readonly manifest: Buffer} {
	const config = JSON.stringify({architecture, os: 'linux', config: {}, rootfs: {type: 'layers', diff_ids: layers.map(layer => digestOf(layer))}});
	const manifest = Buffer.from(JSON.stringify({
		schemaVersion: 2,
		mediaType: types.manifest,
		config: descriptor(types.config, config),
		layers: layers.map(layer => descriptor(types.layer, layer)),
		...more,
	}));
	return {config, manifest};
}

/** Blobs first, then the manifest. `reference`: a tag; undefined: by digest. */
export async function pushImage(ask: Ask, name: string, reference: string | undefined, layers: readonly string[], options: Parameters<typeof imageOf>[1] = {}): Promise<Pushed> {
	const {config, manifest} = imageOf(layers, options);
	for (const blob of [config, ...layers]) {
		await pushBlob(ask, name, blob);
	}

	await putManifest(ask, name, reference, manifest, types.manifest);
	return {digest: digestOf(manifest), data: manifest, config, layers};
}

export async function putManifest(ask: Ask, name: string, reference: string | undefined, manifest: Buffer, type: string): Promise<Asked> {
	const asked = await ask('PUT', `/v2/${name}/manifests/${reference ?? digestOf(manifest)}`, {headers: {'content-type': type}, body: manifest});
	if (asked.status !== 201) {
		throw new Error(`pushing a manifest: ${asked.status} ${asked.body.toString()}`);
	}

	return asked;
}

export function indexOf(children: ReadonlyArray<{readonly manifest: Buffer | Pushed; readonly architecture?: string; readonly mediaType?: string}>, more: Readonly<Record<string, unknown>> = {}): Buffer {
	return Buffer.from(JSON.stringify({
		schemaVersion: 2,
		mediaType: types.index,
		manifests: children.map(({manifest, architecture, mediaType = types.manifest}) => descriptor(mediaType, Buffer.isBuffer(manifest) ? manifest : manifest.data, architecture === undefined ? {} : {platform: {os: 'linux', architecture}})),
		...more,
	}));
}
