/**
The registry server on this user's store: the composition root of `tug registry serve`.
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {readRegion} from './archive/file-region.js';
import {EngineError, systemError} from './errors.js';
import {eventJournal} from './events.js';
import type {ImageHooks} from './image/image.js';
import {familiarNames, imageRepositories, namesOf, type RepositoryNames} from './image/repositories.js';
import {openLocalStore, type EngineOptions} from './local-store.js';
import {htpasswdAccounts} from './registry-server/auth/accounts.js';
import {basicAuthenticator, openToAll, tokenAuthenticator, type Authenticator} from './registry-server/auth/authenticator.js';
import {tokenEndpoint, type TokenEndpoint} from './registry-server/auth/token-endpoint.js';
import {sharedKey, tokenIssuer} from './registry-server/auth/token-issuer.js';
import type {OpenBlob, RegistryContent} from './registry-server/content.js';
import {serveRegistry, type RunningServer, type ServerPatience} from './registry-server/http-server.js';
import {registryMetrics} from './registry-server/metrics.js';
import {serveMetrics} from './registry-server/metrics-server.js';
import {notificationQueue} from './registry-server/notification-queue.js';
import {createRegistry} from './registry-server/registry.js';
import type {RegistryLimits} from './registry-server/registry-context.js';
import {endLeases, isLeasedFor, leaseBlobFor, releaseLeaseFor} from './store/blob-lease.js';
import {blobSize, openBlob, readBlob} from './store/content-store.js';
import {collectGarbage} from './store/garbage-collect.js';
import type {Store} from './store/open-store.js';
import {reconcile} from './store/reconcile.js';
import {uploadStore} from './store/upload-store.js';

export type RegistryServerOptions = EngineOptions & {
	/** `HOST:PORT`; port 0 takes any. */
	readonly listen: string;
	readonly tls?: {readonly certFile: string; readonly keyFile: string; readonly clientCaFile?: string | undefined} | undefined;
	/** Listening for other machines without TLS is refused without this. */
	readonly allowPlainHttp?: boolean;
	readonly readOnly?: boolean;
	readonly htpasswdFile?: string | undefined;
	/** `basic` (default) or `token`; only with accounts. */
	readonly authentication?: 'basic' | 'token';
	/** Those without an account may pull. */
	readonly guestsPull?: boolean;
	/** How clients reach this server, when it is behind another one. */
	readonly publicUrl?: string | undefined;
	readonly notifyUrls?: readonly string[];
	/** `HOST:PORT` of the metrics page. */
	readonly metricsListen?: string | undefined;
	/** Cache of this registry. */
	readonly proxyUrl?: string | undefined;
	readonly limits?: Partial<RegistryLimits>;
	readonly patience?: Partial<ServerPatience>;
	readonly onAccess?: ((line: string) => void) | undefined;
	readonly onFailure?: ((message: string, error?: unknown) => void) | undefined;
};

export type RegistryServer = {
	readonly url: string;
	readonly metricsUrl: string | undefined;
	/** Takes no more requests, waits for transfers under way, and ends what runs beside them. */
	close(): Promise<void>;
};

/** Serves this user's images, and takes others in. Throws `invalidParameter`, `conflict`, `system`. */
export async function openRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
	const address = readAddress(options.listen);
	checkExposure(address.host, options);
	const {store} = openLocalStore(options);
	await reconcile(store);
	const upstreamHost = options.proxyUrl === undefined ? undefined : readUrl(options.proxyUrl).host;
	const journal = eventJournal(store.layout.events);
	const content = registryContent(store, {
		names: upstreamHost === undefined ? familiarNames : namesOf(upstreamHost === 'registry-1.docker.io' ? 'docker.io' : upstreamHost),
		hooks: {
			emit({action, id, attributes}) {
				journal.append({type: 'image', action, id, attributes});
			},
		},
	});
	const metrics = registryMetrics();
	const queues = (options.notifyUrls ?? []).map(url => notificationQueue({
		url: readUrl(url).href,
		folder: path.join(store.layout.registry, 'notifications'),
		onFailure(message) {
			metrics.count('notification_failures');
			options.onFailure?.(`notification: ${message}`);
		},
	}));
	const registry = createRegistry({
		content,
		metrics,
		queues,
		...authentication(options, content, store),
		isReadOnly: options.readOnly === true,
		address: `${os.hostname()}:${address.port}`,
		...(options.limits === undefined ? {} : {limits: options.limits}),
		...(options.onFailure === undefined ? {} : {onFailure: options.onFailure}),
	});
	const opened: Array<{close(): Promise<void>}> = [];
	try {
		const server: RunningServer = await serveRegistry(registry, {
			...address,
			tls: options.tls === undefined ? undefined : {
				cert: readFile(options.tls.certFile),
				key: readFile(options.tls.keyFile),
				clientCa: options.tls.clientCaFile === undefined ? undefined : readFile(options.tls.clientCaFile),
			},
			onAccess: options.onAccess,
			...(options.patience === undefined ? {} : {patience: options.patience}),
		});
		opened.push(server);
		const metricsServer = options.metricsListen === undefined ? undefined : await serveMetrics(() => registry.metricsPage(), readAddress(options.metricsListen));
		return {
			url: server.url,
			metricsUrl: metricsServer?.url,
			async close() {
				await server.close();
				await Promise.all([metricsServer?.close(), registry.close()]);
			},
		};
	} catch (error) {
		await Promise.all([...opened.map(async server => server.close()), registry.close()]);
		throw error;
	}
}

/** The store, as the registry server asks for it. */
export function registryContent(store: Store, {names = familiarNames, hooks = {}}: {readonly names?: RepositoryNames; readonly hooks?: ImageHooks} = {}): RegistryContent {
	const uploads = uploadStore(store);
	return {
		...imageRepositories(store, hooks, names),
		readDocument: digest => readBlob(store, digest),
		blobSize: digest => blobSize(store, digest),
		openBlob: digest => openWholeBlob(openBlob(store, digest), `blob ${digest}`),
		lease(repository, digest) {
			leaseBlobFor(store, repository, digest);
		},
		isLeased: (repository, digest) => isLeasedFor(store, repository, digest),
		release: (repository, digest) => releaseLeaseFor(store, repository, digest),
		uploads,
		async collect(olderThanMs) {
			uploads.sweep(olderThanMs);
			endLeases(store, olderThanMs);
			await reconcile(store);
			await store.locked(() => collectGarbage(store));
		},
		folder: store.layout.registry,
	};
}

function openWholeBlob({descriptor, sizeBytes}: {readonly descriptor: number; readonly sizeBytes: number}, subject: string): OpenBlob {
	let isOpen = true;
	const close = () => {
		if (isOpen) {
			isOpen = false;
			fs.closeSync(descriptor);
		}
	};

	return {
		sizeBytes,
		close,
		async* read(from, length) {
			try {
				yield* readRegion({descriptor, offset: from, sizeBytes: length, subject}, {keep: true});
			} finally {
				close();
			}
		},
	};
}

function authentication(options: RegistryServerOptions, content: RegistryContent, store: Store): {readonly authenticator: Authenticator; readonly tokens?: TokenEndpoint} {
	const guestsPull = options.guestsPull === true;
	if (options.htpasswdFile === undefined) {
		if (options.authentication === 'token' || guestsPull) {
			throw new EngineError('invalidParameter', `${guestsPull ? 'pulling without an account' : 'tokens'} only makes sense with accounts`, {hint: 'Give a file of accounts with --htpasswd FILE.'});
		}

		return {authenticator: openToAll};
	}

	const accounts = htpasswdAccounts(options.htpasswdFile);
	if (options.authentication !== 'token') {
		return {authenticator: basicAuthenticator(accounts, {guestsPull})};
	}

	const issuer = tokenIssuer({key: sharedKey(store.layout.registry), service: 'tug-registry', url: options.publicUrl?.replace(/\/+$/, '')});
	return {
		authenticator: tokenAuthenticator(issuer),
		tokens: tokenEndpoint({accounts, issuer, guestsPull, canonicalName: name => content.canonicalName(name)}),
	};
}

/** `HOST:PORT`, `[V6]:PORT` or `:PORT` for all addresses. */
function readAddress(text: string): {readonly host: string; readonly port: number} {
	const match = /^(?:\[([\da-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/i.exec(text);
	const port = Number(match?.[3]);
	if (match === null || port > 65_535) {
		throw new EngineError('invalidParameter', `${text} is not an address to listen on`, {hint: 'Write it as HOST:PORT, such as 127.0.0.1:5000.'});
	}

	return {host: (match[1] ?? match[2]!) || '::', port};
}

function checkExposure(host: string, options: RegistryServerOptions): void {
	const isLoopback = host === 'localhost' || host === '::1' || /^127\./.test(host);
	if (!isLoopback && options.tls === undefined && options.allowPlainHttp !== true) {
		throw new EngineError('invalidParameter', `listening on ${host === '::' ? 'all addresses' : host} without TLS lets everybody on the way read and change images and passwords`, {
			hint: 'Give a certificate with --tls-cert and --tls-key, or accept the danger with --insecure-plain-http.',
		});
	}
}

function readUrl(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !/^https?:$/.test(url.protocol)) {
		throw new EngineError('invalidParameter', `${text} is not an http or https address`);
	}

	return url;
}

function readFile(file: string): Buffer {
	try {
		return fs.readFileSync(file);
	} catch (error) {
		throw systemError(`reading ${file}`, error);
	}
}
