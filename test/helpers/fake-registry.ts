/**
A registry for tests, of its own making: keeps content in memory, answers as the distribution spec says, and misbehaves where a test scripts it to.
*/
import http from 'node:http';
import https from 'node:https';
import type {AddressInfo} from 'node:net';
import type {ExecutionContext} from 'ava';
import {hex, configOf, type TestImage} from './image-lab.js';

export type Seen = {readonly method: string; readonly path: string; readonly headers: http.IncomingHttpHeaders; readonly body: Buffer};

export type Handler = (request: Seen, response: http.ServerResponse) => boolean | void | Promise<boolean | void>;

export type FakeRegistry = {
	/** `127.0.0.1:PORT` */
	readonly host: string;
	readonly seen: Seen[];
	readonly blobs: Map<string, Buffer>;
	/** `repository/tag-or-digest` → document. */
	readonly manifests: Map<string, {mediaType: string; data: Buffer}>;
	/** Asked before the usual answer; true when it has answered. The last one added is asked first. */
	intercept(handler: Handler): void;
	/** Puts an image there; gives its manifest's digest. */
	put(repository: string, tag: string, image: TestImage, options?: PutOptions): string;
	putIndex(repository: string, tag: string, manifests: ReadonlyArray<Readonly<Record<string, unknown>>>, mediaType?: string): string;
	/** Requests of one method whose path fits. */
	requests(method: string, pattern: RegExp): Seen[];
	close(): Promise<void>;
};

export type PutOptions = {readonly encode?: (layer: Buffer) => Buffer; readonly layerType?: string; readonly manifestType?: string; readonly configType?: string};

export const types = {
	manifest: 'application/vnd.oci.image.manifest.v1+json',
	index: 'application/vnd.oci.image.index.v1+json',
	config: 'application/vnd.oci.image.config.v1+json',
	layer: 'application/vnd.oci.image.layer.v1.tar',
	layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export type RegistryOptions = {readonly tls?: {readonly key: string; readonly cert: string}};

/** Starts one; it is gone when the test ends. */
export async function fakeRegistry(t: ExecutionContext, options: RegistryOptions = {}): Promise<FakeRegistry> {
	const handlers: Handler[] = [];
	const uploads = new Map<string, Buffer>();
	const registry = {seen: [] as Seen[], blobs: new Map<string, Buffer>(), manifests: new Map<string, {mediaType: string; data: Buffer}>()};
	const listener: http.RequestListener = (request, response) => {
		request.on('error', () => {});
		response.on('error', () => {});
		void (async () => {
			const pieces: Buffer[] = [];
			try {
				for await (const piece of request as AsyncIterable<Buffer>) {
					pieces.push(piece);
				}
			} catch {
				return;
			}

			const seen: Seen = {method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces)};
			registry.seen.push(seen);
			for (const handler of [...handlers].reverse()) {
				if (await handler(seen, response)) {
					return;
				}
			}

			answer(seen, response);
		})();
	};

	const server = options.tls === undefined ? http.createServer(listener) : https.createServer(options.tls, listener);
	server.keepAliveTimeout = 60_000;
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

	function answer({method, path, headers, body}: Seen, response: http.ServerResponse): void {
		const url = new URL(path, `http://${host}`);
		const [, repository, kind, rest] = /^\/v2\/(.+?)\/(manifests|blobs|tags)\/(.+)$/.exec(url.pathname) ?? [];
		if (url.pathname === '/v2/') {
			response.end('{}');
			return;
		}

		if (url.pathname === '/v2/_catalog') {
			response.end(JSON.stringify({repositories: [...new Set([...registry.manifests.keys()].map(key => key.slice(0, key.lastIndexOf('/'))))].sort()}));
			return;
		}

		if (kind === 'tags') {
			const prefix = `${repository!}/`;
			const tags = [...registry.manifests.keys()].filter(key => key.startsWith(prefix) && !key.includes('sha256:')).map(key => key.slice(prefix.length));
			if (tags.length === 0) {
				fail(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
				return;
			}

			response.end(JSON.stringify({name: repository, tags}));
			return;
		}

		if (kind === 'manifests') {
			manifest({method, body, headers}, `${repository!}/${rest!}`, repository!, response);
			return;
		}

		if (kind === 'blobs' && rest!.startsWith('uploads/')) {
			upload({method, path, headers, body}, url, repository!, response);
			return;
		}

		const content = registry.blobs.get(rest ?? '');
		if (content === undefined) {
			fail(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
			return;
		}

		sendBlob(response, content, headers.range, method === 'HEAD');
	}

	function manifest({method, body, headers}: Pick<Seen, 'method' | 'body' | 'headers'>, key: string, repository: string, response: http.ServerResponse): void {
		if (method === 'PUT') {
			const entry = {mediaType: headers['content-type'] ?? '', data: body};
			registry.manifests.set(key, entry);
			registry.manifests.set(`${repository}/sha256:${hex(body)}`, entry);
			response.writeHead(201, {'docker-content-digest': `sha256:${hex(body)}`}).end();
			return;
		}

		const found = registry.manifests.get(key);
		if (found === undefined) {
			fail(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
			return;
		}

		response.writeHead(200, {'content-type': found.mediaType, 'content-length': found.data.length, 'docker-content-digest': `sha256:${hex(found.data)}`}).end(method === 'HEAD' ? undefined : found.data);
	}

	function upload({method, headers, body}: Seen, url: URL, repository: string, response: http.ServerResponse): void {
		const id = url.pathname.split('/').at(-1)!;
		const place = (name: string) => `/v2/${repository}/blobs/uploads/${name}?state=x`;
		const range = (data: Buffer) => ({range: `0-${Math.max(0, data.length - 1)}`});
		if (method === 'POST') {
			const mount = url.searchParams.get('mount');
			if (mount !== null && registry.blobs.has(mount)) {
				response.writeHead(201, {location: `/v2/${repository}/blobs/${mount}`}).end();
				return;
			}

			const name = String(uploads.size + 1);
			uploads.set(name, Buffer.alloc(0));
			response.writeHead(202, {location: place(name), range: '0-0'}).end();
			return;
		}

		const before = uploads.get(id);
		if (before === undefined) {
			fail(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
			return;
		}

		if (method === 'GET') {
			response.writeHead(204, {location: place(id), ...range(before)}).end();
			return;
		}

		if (method === 'DELETE') {
			uploads.delete(id);
			response.writeHead(204).end();
			return;
		}

		const begin = /^(\d+)-/.exec(String(headers['content-range'] ?? ''))?.[1];
		if (begin !== undefined && Number(begin) !== before.length) {
			fail(response, 416, 'RANGE_INVALID', 'invalid content range');
			return;
		}

		const after = Buffer.concat([before, body]);
		uploads.set(id, after);
		if (method === 'PATCH') {
			response.writeHead(202, {location: place(id), ...range(after)}).end();
			return;
		}

		const digest = url.searchParams.get('digest') ?? '';
		if (digest !== `sha256:${hex(after)}`) {
			fail(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
			return;
		}

		registry.blobs.set(digest, after);
		uploads.delete(id);
		response.writeHead(201, {location: `/v2/${repository}/blobs/${digest}`}).end();
	}

	let isClosed = false;
	const close = async () => {
		if (!isClosed) {
			isClosed = true;
			server.closeAllConnections();
			await new Promise<void>(resolve => {
				server.close(() => {
					resolve();
				});
			});
		}
	};

	t.teardown(close);
	const putBlob = (data: Buffer) => {
		registry.blobs.set(`sha256:${hex(data)}`, data);
		return {digest: `sha256:${hex(data)}`, size: data.length};
	};

	const putManifest = (repository: string, tag: string, mediaType: string, document: unknown) => {
		const data = Buffer.from(JSON.stringify(document));
		const digest = `sha256:${hex(data)}`;
		registry.manifests.set(`${repository}/${digest}`, {mediaType, data});
		if (tag !== '') {
			registry.manifests.set(`${repository}/${tag}`, {mediaType, data});
		}

		return digest;
	};

	return {
		host,
		...registry,
		intercept(handler) {
			handlers.push(handler);
		},
		put(repository, tag, image, {encode = (layer: Buffer) => layer, layerType = types.layer, manifestType = types.manifest, configType = types.config} = {}) {
			return putManifest(repository, tag, manifestType, {
				schemaVersion: 2,
				mediaType: manifestType,
				config: {mediaType: configType, ...putBlob(configOf(image))},
				layers: image.layers.map(layer => ({mediaType: layerType, ...putBlob(encode(layer))})),
			});
		},
		putIndex: (repository, tag, manifests, mediaType = types.index) => putManifest(repository, tag, mediaType, {schemaVersion: 2, mediaType, manifests}),
		requests: (method, pattern) => registry.seen.filter(request => request.method === method && pattern.test(request.path)),
		close,
	};
}

export function fail(response: http.ServerResponse, status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): true {
	response.writeHead(status, {'content-type': 'application/json', ...headers}).end(JSON.stringify({errors: [{code, message}]}));
	return true;
}

/** Whole, or the part that was asked for. */
export function sendBlob(response: http.ServerResponse, content: Buffer, range: string | undefined, isHead = false): true {
	const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
	if (start === undefined) {
		response.writeHead(200, {'content-length': content.length, 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes'}).end(isHead ? undefined : content);
		return true;
	}

	const part = content.subarray(Number(start), Number(end) + 1);
	response.writeHead(206, {'content-length': part.length, 'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${content.length}`}).end(part);
	return true;
}

/** Sends the beginning of a content under the headers of all of it, then cuts the connection. */
export function cutAfter(response: http.ServerResponse, content: Buffer, bytes: number, range?: string): true {
	const [, start = '0', end = String(content.length - 1)] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
	const part = content.subarray(Number(start), Number(end) + 1);
	response.writeHead(range === undefined ? 200 : 206, {'content-length': part.length, ...(range === undefined ? {} : {'content-range': `bytes ${start}-${end}/${content.length}`})});
	response.write(part.subarray(0, bytes), () => {
		response.destroy();
	});
	return true;
}
