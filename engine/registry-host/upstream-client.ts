/**
The registry behind a cache, asked with the registry client: its own credentials (`tug login`), certificates and retries.
*/
import os from 'node:os';
import process from 'node:process';
import {EngineError, isEngineError} from '../errors.js';
import type {Digest} from '../oci/digest.js';
import {openRepository, pullScope} from '../registry/repository.js';
import {openRegistryAccess, type RegistryAccess} from '../registry/registry-access.js';
import type {RegistryConnection} from '../registry/registry-connection.js';
import {readRegistrySettings, settingsFiles} from '../registry/registry-settings.js';
import type {UpstreamBlob, UpstreamClient} from '../registry-server/upstream.js';

export type Upstream = {
	/** What its images are called: `docker.io`, `registry.lan:5000`. */
	readonly domain: string;
	readonly client: UpstreamClient;
	close(): void;
};

const dockerHub: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** Throws `invalidParameter` for an address that is none. Nothing is asked yet. */
export async function openUpstream(url: URL, environment: Readonly<Record<string, string | undefined>> = process.env): Promise<Upstream> {
	if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
		throw new EngineError('invalidParameter', `${url.href} is more than the address of a registry`, {hint: 'Write it as https://HOST[:PORT]; its credentials come from tug login.'});
	}

	const domain = dockerHub.has(url.host) ? 'docker.io' : url.host;
	const home = environment['HOME'] || os.homedir();
	const settings = await readRegistrySettings(settingsFiles(environment, home));
	const access = await openRegistryAccess({environment, home, settings: url.protocol === 'http:' ? {...settings, insecure: [...settings.insecure, url.host]} : settings});
	return {
		domain,
		client: upstreamClient(access, domain),
		close() {
			access.close();
		},
	};
}

function upstreamClient(access: RegistryAccess, domain: string): UpstreamClient {
	let connected: Promise<RegistryConnection> | undefined;
	/** The registry itself, no mirror of it: this server may be one. */
	const connection = async () => {
		connected ??= access.connect(domain).then(connections => connections.at(-1)!);
		return connected;
	};

	return {
		async manifest(path, reference, known) {
			return orUndefined(async () => {
				const repository = openRepository(await connection(), path);
				if (known !== undefined && (await repository.headManifest(reference))?.digest === known) {
					return 'same';
				}

				return repository.manifest(reference);
			});
		},
		async blob(path, digest, from) {
			return orUndefined(async () => openBlob(await connection(), path, {digest, from}));
		},
		async blobSize(path, digest) {
			return orUndefined(async () => {
				const reply = await (await connection()).request({method: 'HEAD', target: `/v2/${path}/blobs/${digest}`, accepts: [200], scopes: [pullScope(path)], action: `looking for a blob of ${domain}/${path}`});
				reply.body.resume();
				return readLength(reply.headers['content-length']);
			});
		},
	};
}

async function openBlob(connection: RegistryConnection, path: string, {digest, from}: {readonly digest: Digest; readonly from: number}): Promise<UpstreamBlob> {
	const reply = await connection.request({
		target: `/v2/${path}/blobs/${digest}`,
		headers: {'accept-encoding': 'identity', ...(from === 0 ? {} : {range: `bytes=${from}-`})},
		accepts: [200, 206],
		scopes: [pullScope(path)],
		action: `fetching a blob of ${connection.endpoint.host}/${path}`,
	});
	const length = readLength(reply.headers['content-length']);
	const isPart = reply.status === 206;
	if (length === undefined || (isPart && !reply.headers['content-range']?.startsWith(`bytes ${from}-`))) {
		reply.body.destroy();
		throw new EngineError('system', `${connection.endpoint.host} does not say how long a blob is`, {code: 'EBADANSWER'});
	}

	return {
		from: isPart ? from : 0,
		sizeBytes: (isPart ? from : 0) + length,
		data: reply.body as AsyncIterable<Buffer>,
		close() {
			reply.body.destroy();
		},
	};
}

function readLength(header: string | undefined): number | undefined {
	return header === undefined || !/^\d{1,15}$/.test(header) ? undefined : Number(header);
}

/** Docker Hub calls what does not exist unauthorized. */
async function orUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
	try {
		return await work();
	} catch (error) {
		if (isEngineError(error, 'notFound') || isEngineError(error, 'unauthorized') || isEngineError(error, 'forbidden')) {
			return undefined;
		}

		throw error;
	}
}
