/**
The registry on a port: Node's requests and responses on one side, ours on the other. Bodies flow with backpressure both ways; clients that stall are let go.
*/
import {once} from 'node:events';
import http, {type IncomingMessage, type ServerResponse} from 'node:http';
import https from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {EngineError, errorCode} from '../errors.js';
import {bodyBytes, type RegistryRequest, type Reply} from './message.js';
import type {Registry} from './registry.js';
import {requestBody, type BodyCounter, type BodyPatience} from './request-body.js';

export type TlsOptions = {readonly cert: Buffer; readonly key: Buffer; /** Only clients with a certificate of one of these authorities. */ readonly clientCa?: Buffer | undefined};

export type ServerOptions = {
	readonly host: string;
	readonly port: number; // 0: any
	readonly tls?: TlsOptions | undefined;
	readonly patience?: Partial<ServerPatience>;
	/** One line a request. */
	readonly onAccess?: ((line: string) => void) | undefined;
};

export type ServerPatience = BodyPatience & {
	/** For the head of a request. */
	readonly headersMs: number;
	/** For a client that does not take what is sent. */
	readonly sendStallMs: number;
	/** For what goes on when the server is closed. */
	readonly closeMs: number;
};

export const defaultPatience: ServerPatience = {
	stallMs: 60_000,
	graceMs: 30_000,
	minBytesPerSecond: 1024,
	headersMs: 15_000,
	sendStallMs: 60_000,
	closeMs: 30_000,
};

export type RunningServer = {
	/** `http://127.0.0.1:5000` */
	readonly url: string;
	/** Takes no more requests, and waits for those under way. */
	close(): Promise<void>;
};

const maxConnections = 4096;
const lingerMs = 1000;

/** Listens. Throws `conflict` when the port is taken, `invalidParameter` when certificate and key can't be used. */
export async function serveRegistry(registry: Pick<Registry, 'handle' | 'metrics'>, options: ServerOptions): Promise<RunningServer> {
	const patience = {...defaultPatience, ...options.patience};
	const server = createServer(options.tls);
	server.headersTimeout = patience.headersMs;
	server.requestTimeout = 0; // Bodies have their own (request-body.ts)
	server.keepAliveTimeout = 60_000;
	server.maxConnections = maxConnections;
	const answer = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
		void respond(registry, {request, response, expectsContinue, isSecure: options.tls !== undefined, patience, onAccess: options.onAccess});
	};

	server.on('request', (request, response) => {
		answer(request, response, false);
	});
	server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
		answer(request, response, true);
	});
	server.on('clientError', (_error: Error, socket: Socket) => {
		if (socket.writable) {
			socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
		}
	});
	await listen(server, options);
	return {url: urlOf(server, options.tls !== undefined), close: async () => closeServer(server, patience.closeMs)};
}

function createServer(tls: TlsOptions | undefined): http.Server | https.Server {
	if (tls === undefined) {
		return http.createServer({connectionsCheckingInterval: 2000});
	}

	try {
		return https.createServer({
			cert: tls.cert,
			key: tls.key,
			minVersion: 'TLSv1.2',
			handshakeTimeout: 15_000,
			connectionsCheckingInterval: 2000,
			...(tls.clientCa === undefined ? {} : {ca: tls.clientCa, requestCert: true, rejectUnauthorized: true}),
		});
	} catch (error) {
		throw new EngineError('invalidParameter', `the certificate or its key can't be used: ${(error as Error).message}`, {cause: error});
	}
}

async function listen(server: http.Server, {host, port}: ServerOptions): Promise<void> {
	try {
		server.listen({host, port});
		await once(server, 'listening');
	} catch (error) {
		const place = `${host}:${port}`;
		throw errorCode(error) === 'EADDRINUSE'
			? new EngineError('conflict', `${place} is in use`, {code: 'EADDRINUSE', cause: error, hint: 'Give another address with --listen, such as 127.0.0.1:5001.'})
			: new EngineError('system', `can't listen on ${place}: ${(error as Error).message}`, {cause: error});
	}
}

function urlOf(server: http.Server, isSecure: boolean): string {
	const {address, port, family} = server.address() as AddressInfo;
	return `${isSecure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Idle connections go at once, the others when they are done, or when their time is up. */
async function closeServer(server: http.Server, closeMs: number): Promise<void> {
	const closed = once(server, 'close');
	server.close();
	server.closeIdleConnections();
	const timer = setTimeout(() => {
		server.closeAllConnections();
	}, closeMs);
	const sweep = setInterval(() => {
		server.closeIdleConnections(); // A connection that was busy when the server closed stays open for the next request otherwise.
	}, 100);
	await closed;
	clearTimeout(timer);
	clearInterval(sweep);
}

type Exchange = {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly expectsContinue: boolean;
	readonly isSecure: boolean;
	readonly patience: ServerPatience;
	readonly onAccess: ((line: string) => void) | undefined;
};

async function respond(registry: Pick<Registry, 'handle' | 'metrics'>, exchange: Exchange): Promise<void> {
	const {request, response} = exchange;
	const startedAt = performance.now();
	const counter: BodyCounter = {receivedBytes: 0};
	response.on('error', () => {}); // The client has gone: writing tells
	registry.metrics.started();
	const {reply, route, user} = await registry.handle(asRegistryRequest(exchange, counter));
	let sentBytes = 0;
	try {
		sentBytes = await send(exchange, reply);
	} catch {
		response.destroy(); // Cut short, so that nobody takes a part for the whole
	}

	const seconds = (performance.now() - startedAt) / 1000;
	registry.metrics.finished({route, method: request.method ?? '', status: reply.status, seconds, sentBytes, receivedBytes: counter.receivedBytes});
	exchange.onAccess?.([
		new Date().toISOString(),
		request.socket.remoteAddress ?? '-',
		user ?? '-',
		request.method ?? '-',
		JSON.stringify((request.url ?? '').slice(0, 1000)),
		reply.status,
		`in=${counter.receivedBytes}`,
		`out=${sentBytes}`,
		`${(seconds * 1000).toFixed(1)}ms`,
		JSON.stringify((request.headers['user-agent'] ?? '').slice(0, 200)),
	].join(' '));
}

function asRegistryRequest({request, response, expectsContinue, isSecure, patience}: Exchange, counter: BodyCounter): RegistryRequest {
	return {
		method: request.method ?? 'GET',
		target: request.url ?? '/',
		headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])),
		body() {
			if (expectsContinue) {
				response.writeContinue();
			}

			return requestBody(request, patience, counter);
		},
		remoteAddress: request.socket.remoteAddress ?? '',
		isSecure,
	};
}

/** Resolves to the bytes of the body that were sent. */
async function send({request, response, patience}: Exchange, reply: Reply): Promise<number> {
	const {status, headers = {}, body} = reply;
	const hasLength = status !== 204 && status !== 304;
	const isUnread = !request.complete;
	response.writeHead(status, {
		...headers,
		...(hasLength ? {'content-length': bodyBytes(reply)} : {}),
		...(isUnread ? {connection: 'close'} : {}),
	});
	const isBodiless = body === undefined || request.method === 'HEAD' || !hasLength;
	let sentBytes = 0;
	if (isBodiless) {
		response.flushHeaders();
		closeUnread(body);
	} else {
		for await (const piece of Buffer.isBuffer(body) ? [body] : body.read()) {
			sentBytes += piece.length;
			if (!response.write(piece)) {
				await drained(response, patience.sendStallMs);
			}
		}
	}

	if (isUnread) {
		await discardRest(request);
	}

	response.end();
	return sentBytes;
}

function closeUnread(body: Reply['body']): void {
	if (body !== undefined && !Buffer.isBuffer(body)) {
		body.close();
	}
}

/** Rejects when the client has gone, or takes nothing for too long. */
async function drained(response: ServerResponse, stallMs: number): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		const settle = (error?: Error) => {
			clearTimeout(timer);
			response.off('drain', onDrain);
			response.off('close', onClose);
			if (error === undefined) {
				resolve();
			} else {
				reject(error);
			}
		};

		const onDrain = () => {
			settle();
		};

		const onClose = () => {
			settle(new Error('the client has gone'));
		};

		const timer = setTimeout(() => {
			settle(new Error('the client takes nothing'));
		}, stallMs);
		response.once('drain', onDrain);
		response.once('close', onClose);
		if (response.destroyed) {
			onClose();
		}
	});
}

/** What is left of a refused body is not worth receiving; but a connection closed on unread bytes is reset, and the reply lost with it. So they are thrown away for a moment. */
async function discardRest(request: IncomingMessage): Promise<void> {
	request.on('error', () => {});
	request.removeAllListeners('readable'); // Of whoever read until now: nothing would flow
	request.resume();
	await Promise.race([once(request, 'end'), once(request, 'close'), delay(lingerMs, undefined, {ref: false})]).catch(() => {});
}
