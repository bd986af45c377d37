/**
One HTTP exchange: connections that are kept, proxies, certificates, silence. Knows nothing of registries.
*/
import http from 'node:http';
import type https from 'node:https';
import type {Duplex, Readable} from 'node:stream';
import type tls from 'node:tls';
import {EngineError} from '../errors.js';
import {readSystemAuthorities, type TlsMaterial} from './certificates.js';
import {hostName} from './endpoint.js';
import {chooseProxy, proxyAuthorization} from './proxy.js';
import {connectionError, isCertificateFailure} from './registry-error.js';

export type Trust = {
	/** False: any certificate will do. */
	readonly verifies: boolean;
	readonly material?: TlsMaterial | undefined;
};

export type Exchange = {
	readonly method: string;
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	/** Bytes, or something that makes a new stream of them. */
	readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
	readonly trust: Trust;
	readonly signal?: AbortSignal | undefined;
};

export type Reply = {
	readonly status: number;
	readonly headers: http.IncomingHttpHeaders;
	/** To be read to its end, or destroyed. */
	readonly body: Readable;
	readonly url: URL;
};

export type Transport = {
	/** Resolves with the head of the answer, whatever its status. Rejects with `unavailable`. */
	exchange(request: Exchange): Promise<Reply>;
	/** Closes kept connections. */
	close(): void;
};

export type TransportOptions = {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** A connection on which nothing moves for so long is given up. Default 30 seconds. */
	readonly silenceMs?: number;
	readonly userAgent: string;
};

const answeredEarly = 'tug:answered-early';

type Connection = {readonly agent: http.Agent; readonly options: https.RequestOptions};

export function createTransport({environment, silenceMs = 30_000, userAgent}: TransportOptions): Transport {
	const agents = new Map<string, http.Agent>();
	let systemAuthorities: readonly string[] | undefined;
	/** Only asked for once Node's own list did not do: reading the system's takes as long as twenty pulls of a manifest. */
	let needsSystemAuthorities = environment['SSL_CERT_FILE'] !== undefined;

	const agent = async (key: string, make: () => Promise<http.Agent>): Promise<http.Agent> => {
		const known = agents.get(key) ?? await make();
		agents.set(key, known);
		return known;
	};

	const authorities = (trust: Trust): readonly string[] | undefined => {
		if (!needsSystemAuthorities || trust.material?.authorities !== undefined) {
			return trust.material?.authorities;
		}

		if (systemAuthorities === undefined) {
			const bundle = readSystemAuthorities(environment);
			systemAuthorities = bundle === undefined ? [] : [bundle];
		}

		return systemAuthorities.length === 0 ? undefined : systemAuthorities;
	};

	const connect = async (request: Exchange): Promise<Connection> => {
		const proxy = chooseProxy(request.url, environment);
		const keepAlive = {keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo'} as const;
		if (request.url.protocol === 'http:') {
			const plain = await agent('http', async () => new http.Agent(keepAlive));
			return {agent: plain, options: proxy === undefined ? target(request.url) : throughProxy(proxy, request.url)};
		}

		const tlsOptions = tlsOptionsFor(request, authorities(request.trust));
		const secure = await agent(`https ${proxy?.href ?? ''}`, async () => {
			const {Agent} = await import('node:https');
			return proxy === undefined ? new Agent(keepAlive) : tunnelAgent(new Agent(keepAlive), proxy, silenceMs);
		});
		return {agent: secure, options: {...target(request.url), ...tlsOptions}};
	};

	const attempt = async (request: Exchange): Promise<Reply> => {
		request.signal?.throwIfAborted();
		const {agent: chosen, options} = await connect(request);
		const {request: start} = request.url.protocol === 'https:' ? await import('node:https') : http;
		return new Promise((resolve, reject) => {
			const outgoing = start({
				...options,
				agent: chosen,
				method: request.method,
				headers: {'user-agent': userAgent, ...bodyHeaders(request), ...request.headers, ...(options.headers as Record<string, string> | undefined)},
				timeout: silenceMs,
				...(request.signal === undefined ? {} : {signal: request.signal}),
			});
			outgoing.once('timeout', () => {
				outgoing.destroy(Object.assign(new Error(`nothing came for ${silenceMs / 1000} s`), {code: 'ETIMEDOUT'}));
			});
			outgoing.on('error', error => {
				const isStale = outgoing.reusedSocket && /ECONNRESET|EPIPE/.test(String((error as NodeJS.ErrnoException).code));
				reject(Object.assign(error, {isStale}));
			});
			outgoing.once('response', incoming => {
				incoming.setTimeout(silenceMs, () => {
					incoming.destroy(Object.assign(new Error(`nothing came for ${silenceMs / 1000} s`), {code: 'ETIMEDOUT'}));
				});
				incoming.on('error', () => {}); // Whoever reads it sees it; an answer nobody reads must not bring the process down.
				const status = incoming.statusCode ?? 0;
				if (status >= 300 && !outgoing.writableEnded) {
					// Refused before all was sent: no more is, and the connection can't be used again.
					outgoing.emit(answeredEarly);
					incoming.once('close', () => outgoing.destroy());
				}

				resolve({status, headers: incoming.headers, body: incoming, url: request.url});
			});
			send(outgoing, request.body);
		});
	};

	return {
		async exchange(request) {
			try {
				return await attempt(request);
			} catch (error) {
				request.signal?.throwIfAborted();
				// The registry closed a kept connection just when it was used again: that is nobody's failure.
				const isStale = (error as {readonly isStale?: boolean}).isStale === true;
				const mayKnowMore = isCertificateFailure(error) && !needsSystemAuthorities && request.trust.material?.authorities === undefined;
				needsSystemAuthorities ||= mayKnowMore;
				if (!isStale && !mayKnowMore) {
					throw connectionError(request.method, request.url, error);
				}
			}

			try {
				return await attempt(request);
			} catch (error) {
				request.signal?.throwIfAborted();
				throw connectionError(request.method, request.url, error);
			}
		},
		close() {
			for (const [, open] of agents) {
				open.destroy();
			}

			agents.clear();
		},
	};
}

function bodyHeaders({body, method}: Exchange): Record<string, string> {
	if (body === undefined) {
		return method === 'POST' || method === 'PUT' || method === 'PATCH' ? {'content-length': '0'} : {};
	}

	return typeof body === 'function' ? {} : {'content-length': String(body.length)};
}

function send(outgoing: http.ClientRequest, body: Exchange['body']): void {
	if (typeof body !== 'function') {
		outgoing.end(body);
		return;
	}

	let isOver = false;
	outgoing.once(answeredEarly, () => {
		isOver = true;
	});
	const feed = async () => {
		for await (const piece of body()) {
			if (outgoing.destroyed || isOver) {
				return;
			}

			if (!outgoing.write(piece)) {
				await drained(outgoing);
			}
		}

		outgoing.end();
	};

	feed().catch((error: unknown) => outgoing.destroy(error as Error));
}

/** Resolves also when the connection is gone. */
async function drained(outgoing: http.ClientRequest): Promise<void> {
	await new Promise<void>(resolve => {
		const done = () => {
			for (const event of ['drain', 'close', answeredEarly]) {
				outgoing.off(event, done);
			}

			resolve();
		};

		for (const event of ['drain', 'close', answeredEarly]) {
			outgoing.on(event, done);
		}
	});
}

function target(url: URL): http.RequestOptions {
	return {protocol: url.protocol, host: hostName(url.host), port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port), path: url.pathname + url.search};
}

/** Plain http: the proxy is asked for the whole URL. */
function throughProxy(proxy: URL, url: URL): http.RequestOptions {
	if (proxy.protocol === 'https:') {
		throw new EngineError('notImplemented', `a proxy that is reached by https (${proxy.host}) can't be used for plain http`, {hint: 'Use a registry with https, or a proxy with http.'});
	}

	const authorization = proxyAuthorization(proxy);
	return {...target(proxy), path: url.href, headers: {host: url.host, ...(authorization === undefined ? {} : {'proxy-authorization': authorization})}};
}

function tlsOptionsFor({url, trust}: Exchange, authorities: readonly string[] | undefined): tls.ConnectionOptions & {ca?: string[]} {
	const name = hostName(url.host);
	return {
		rejectUnauthorized: trust.verifies,
		...(/^[\d.]+$|:/.test(name) ? {} : {servername: name}),
		...(authorities === undefined ? {} : {ca: [...authorities]}),
		...(trust.material?.certificate === undefined ? {} : {cert: trust.material.certificate, key: trust.material.key}),
	};
}

/** https through a proxy: a tunnel made by CONNECT, then TLS in it. */
function tunnelAgent(agent: https.Agent, proxy: URL, silenceMs: number): https.Agent {
	const direct = agent.createConnection.bind(agent) as (options: object, callback?: (error: Error | null, socket: Duplex) => void) => Duplex;
	agent.createConnection = (options: {host: string; port: number}, callback: (error: Error | null, socket?: Duplex) => void) => {
		openTunnel(proxy, `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`, silenceMs).then(socket => {
			const secured = direct({...options, socket});
			callback(null, secured);
		}, (error: unknown) => {
			callback(error as Error);
		});
		return undefined;
	};

	return agent;
}

async function openTunnel(proxy: URL, authority: string, silenceMs: number): Promise<Duplex> {
	const {request} = proxy.protocol === 'https:' ? await import('node:https') : http;
	const authorization = proxyAuthorization(proxy);
	return new Promise((resolve, reject) => {
		const outgoing = request({
			...target(proxy),
			method: 'CONNECT',
			path: authority,
			agent: false,
			timeout: silenceMs,
			headers: {host: authority, ...(authorization === undefined ? {} : {'proxy-authorization': authorization})},
		});
		const fail = (reason: string, code: string) => {
			outgoing.destroy();
			reject(new EngineError('unavailable', `the proxy ${proxy.host} did not connect to ${authority}: ${reason}`, {code, hint: 'Check HTTPS_PROXY and NO_PROXY.'}));
		};

		outgoing.once('connect', (incoming, socket) => {
			if (incoming.statusCode === 200) {
				resolve(socket);
			} else {
				socket.destroy();
				fail(`HTTP status ${incoming.statusCode ?? 0}`, 'EPROXY');
			}
		});
		outgoing.once('response', incoming => {
			fail(`HTTP status ${incoming.statusCode ?? 0}`, 'EPROXY');
		});
		outgoing.once('timeout', () => {
			fail('time-out', 'ETIMEDOUT');
		});
		outgoing.once('error', error => {
			fail(error.message, (error as NodeJS.ErrnoException).code ?? 'EPROXY');
		});
		outgoing.end();
	});
}
