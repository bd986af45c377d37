/**
The registry server on this user's store: the composition root of `tug registry serve`.
*/
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {EngineError, systemError} from '../errors.js';
import {eventJournal} from '../events.js';
import {familiarNames, namesOf} from '../image/repositories.js';
import {openLocalStore, type EngineOptions} from '../local-store.js';
import {isLoopbackHost} from '../registry/endpoint.js';
import {htpasswdAccounts} from '../registry-server/auth/accounts.js';
import {basicAuthenticator, openToAll, tokenAuthenticator, type Authenticator} from '../registry-server/auth/authenticator.js';
import {tokenEndpoint, type TokenEndpoint} from '../registry-server/auth/token-endpoint.js';
import {sharedKey, tokenIssuer} from '../registry-server/auth/token-issuer.js';
import type {RegistryContent} from '../registry-server/content.js';
import {serveRegistry, type RunningServer, type ServerPatience} from '../registry-server/http-server.js';
import {registryMetrics} from '../registry-server/metrics.js';
import {serveMetrics} from '../registry-server/metrics-server.js';
import {pullThrough} from '../registry-server/pull-through.js';
import {notificationQueue} from '../registry-server/notification-queue.js';
import {createRegistry} from '../registry-server/registry.js';
import {defaultLimits, type RegistryLimits} from '../registry-server/registry-context.js';
import type {Store} from '../store/open-store.js';
import {reconcile} from '../store/reconcile.js';
import {storeContent} from './store-content.js';
import {openUpstream} from './upstream-client.js';

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
	const [onAccess, onFailure] = [quietly(options.onAccess), quietly(options.onFailure)];
	const address = readAddress(options.listen);
	checkExposure(address.host, options);
	const {store} = openLocalStore(options);
	await reconcile(store);
	const upstream = options.proxyUrl === undefined ? undefined : await openUpstream(readUrl(options.proxyUrl));
	const journal = eventJournal(store.layout.events);
	const content = storeContent(store, {
		names: upstream === undefined ? familiarNames : namesOf(upstream.domain),
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
			onFailure?.(`notification: ${message}`);
		},
	}));
	const limits: RegistryLimits = {...defaultLimits, ...options.limits};
	const registry = createRegistry({
		content,
		limits,
		upstream: upstream === undefined ? undefined : pullThrough({content, client: upstream.client, maxBlobBytes: limits.blobBytes, metrics, onFailure}),
		metrics,
		queues,
		...authentication(options, content, store),
		isReadOnly: options.readOnly === true,
		address: `${os.hostname()}:${address.port}`,
		...(onFailure === undefined ? {} : {onFailure}),
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
			onAccess,
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
				upstream?.close();
			},
		};
	} catch (error) {
		await Promise.all([...opened.map(async server => server.close()), registry.close()]);
		throw error;
	}
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

/** Whoever read the log may have gone; the registry goes on. */
function quietly<T extends readonly unknown[]>(tell: ((...told: T) => void) | undefined): ((...told: T) => void) | undefined {
	return tell === undefined ? undefined : (...told) => {
		try {
			tell(...told);
		} catch {}
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
	const isLoopback = isLoopbackHost(net.isIPv6(host) ? `[${host}]` : host);
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
