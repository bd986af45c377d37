/**
Requests to one registry: finds out how it speaks, logs in when asked, follows redirects, tries again. Everything that knows the distribution spec's paths stands on this.
*/
import {Readable} from 'node:stream';
import {EngineError} from '../errors.js';
import {createAuthorizer, type Authorizer} from './authorizer.js';
import type {TlsMaterial} from './certificates.js';
import type {Credentials} from './credentials.js';
import type {Endpoint} from './endpoint.js';
import {discard, readComplaint} from './read-body.js';
import {answerError, isProtocolFailure, withoutQuery} from './registry-error.js';
import {AskedPauseError, defaultRetryPolicy, isPassingFailure, isPassingStatus, parseRetryAfter, pause, pauseBefore, type RetryPolicy} from './retry.js';
import type {Exchange, Reply, Transport, Trust} from './transport.js';

export type RegistryRequest = {
	readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; // default GET
	/** A path from the base, or a whole URL the registry gave. */
	readonly target: string | URL;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Exchange['body'];
	/** What a token must allow: `repository:library/busybox:pull`. */
	readonly scopes: readonly string[];
	/** Statuses that are answers; any other is an error. */
	readonly accepts: readonly number[];
	/** For messages: `pulling busybox`. */
	readonly action: string;
	/** False for what must not be sent twice. Default true. */
	readonly mayRepeat?: boolean;
	readonly signal?: AbortSignal | undefined;
};

export type RegistryConnection = {
	readonly endpoint: Endpoint;
	/** The base in use; the first candidate until one was found to work. */
	readonly base: () => URL;
	/** Throws `unauthorized`, `forbidden`, `notFound`, `unavailable` … with the registry's code. The caller reads or destroys the body. */
	request(request: RegistryRequest): Promise<Reply>;
	readonly authorizer: Authorizer;
	readonly policy: RetryPolicy;
};

export type ConnectionOptions = {
	readonly endpoint: Endpoint;
	readonly transport: Transport;
	readonly credentials: Credentials;
	readonly material?: TlsMaterial | undefined;
	readonly policy?: RetryPolicy | undefined;
};

const maxRedirects = 10;
const maxRefusals = 3;

export function connectRegistry({endpoint, transport, credentials, material, policy = defaultRetryPolicy}: ConnectionOptions): RegistryConnection {
	// Somebody who put an authority's certificate there wants it checked, also on this machine.
	const trust: Trust = {verifies: endpoint.verifies || material?.authorities !== undefined, material};
	const candidates = trust.verifies && !endpoint.verifies ? endpoint.bases.filter(base => base.protocol === 'https:') : endpoint.bases;
	let base: URL | undefined;

	const send = async (request: Omit<Exchange, 'trust'>, isOwn = true): Promise<Reply> => transport.exchange({...request, trust: isOwn ? trust : {verifies: trust.verifies}});
	const patiently = async (request: Omit<Exchange, 'trust'>): Promise<Reply> => withRetries({policy, signal: request.signal}, async () => checkPassing(await send(request, isOnHost(request.url, candidates)), endpoint.host, 'logging in'));
	const authorizer = createAuthorizer({host: endpoint.host, credentials, send: patiently});

	/** Which of http and https it speaks shows at the first exchange. */
	const firstExchange = async (request: RegistryRequest, authorization: string | undefined): Promise<Reply> => {
		let failure: Error | undefined;
		for (const candidate of candidates) {
			try {
				const reply = await send(exchangeFor(request, candidate, authorization));
				const complaint = candidates.length > 1 && candidate.protocol === 'http:' && reply.status === 400 ? await readComplaint(reply.body) : undefined;
				if (complaint !== undefined && /https/i.test(complaint)) {
					continue; // Go's servers say so when they want TLS.
				}

				base = candidate;
				return complaint === undefined ? reply : {...reply, body: Readable.from([Buffer.from(complaint)])};
			} catch (error) {
				failure ??= error as Error;
				if (!isProtocolFailure(error)) {
					break;
				}
			}
		}

		throw failure ?? new EngineError('unavailable', `${endpoint.host} speaks neither http nor https`, {code: 'EBADANSWER', hint: `Check that ${endpoint.host} is a registry.`});
	};

	const authorized = async (request: RegistryRequest): Promise<Reply> => {
		for (let refusals = 0; ; refusals++) {
			const isOwn = typeof request.target === 'string' || isOnHost(request.target, candidates);
			const used = isOwn ? await authorizer.authorization(request.scopes, request.signal) : undefined;
			const reply = base === undefined && typeof request.target === 'string' ? await firstExchange(request, used) : await send(exchangeFor(request, base ?? candidates[0]!, used), isOwn);
			if (reply.status !== 401 || !isOwn) {
				return followRedirects(request, reply);
			}

			const challenges = rawHeaders(reply, 'www-authenticate');
			if (refusals >= maxRefusals || !authorizer.learn({challenges, used, scopes: request.scopes, url: reply.url})) {
				return reply;
			}

			discard(reply.body);
		}
	};

	const followRedirects = async (request: RegistryRequest, first: Reply): Promise<Reply> => {
		let reply = first;
		const {method = 'GET'} = request;
		const mayFollow = method === 'GET' || method === 'HEAD' || request.body === undefined || typeof request.body === 'function' || request.body.length < 1024 * 1024;
		if (!mayFollow) {
			return first;
		}

		for (let count = 0; isRedirect(reply.status, method); count++) {
			discard(reply.body);
			const next = redirectTarget(reply, count, trust);
			// Blob stores on other hosts are signed in their URL; what we are at the registry is not their business.
			const isOwn = isOnHost(next, candidates);
			const authorization = isOwn ? await authorizer.authorization(request.scopes, request.signal) : undefined;
			reply = await send(exchangeFor({...request, target: next}, next, authorization), isOwn);
		}

		return reply;
	};

	return {
		endpoint,
		base: () => base ?? candidates[0]!,
		authorizer,
		policy,
		async request(request) {
			const attempt = async () => {
				const reply = checkPassing(await authorized(request), endpoint.host, request.action, request.accepts);
				const checked = await reply;
				if (!request.accepts.includes(checked.status)) {
					throw await answerFailure(checked, endpoint.host, request.action);
				}

				return checked;
			};

			return request.mayRepeat === false ? attempt() : withRetries({policy, signal: request.signal}, attempt);
		},
	};
}

/** Runs something until it works, fails for good, or has failed too often. */
export async function withRetries<T>({policy, signal}: {readonly policy: RetryPolicy; readonly signal?: AbortSignal | undefined}, attempt: () => Promise<T>): Promise<T> {
	for (let failures = 1; ; failures++) {
		try {
			return await attempt();
		} catch (error) {
			signal?.throwIfAborted();
			const askedMs = error instanceof AskedPauseError ? error.pauseMs : undefined;
			const mayPass = error instanceof AskedPauseError || error instanceof PassingStatusError || isPassingFailure(error);
			// A port nobody listens on stays so: somebody who mistyped it should not wait.
			const isRefused = error instanceof EngineError && (error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND');
			const waitMs = mayPass && !isRefused ? pauseBefore(failures, policy, askedMs) : undefined;
			if (waitMs === undefined) {
				throw error;
			}

			await pause(waitMs, signal);
		}
	}
}

class PassingStatusError extends EngineError {}

/** Throws for an answer that may be better the next time. */
async function checkPassing(reply: Reply, host: string, action: string, accepts: readonly number[] = []): Promise<Reply> {
	if (!isPassingStatus(reply.status) || accepts.includes(reply.status)) {
		return reply;
	}

	const error = await answerFailure(reply, host, action);
	const askedMs = parseRetryAfter(reply.headers['retry-after'], Date.now());
	const options = {cause: error, ...(error.hint === undefined ? {} : {hint: error.hint}), ...(error.code === undefined ? {} : {code: error.code})};
	throw askedMs === undefined ? new PassingStatusError(error.kind, error.message, options) : new AskedPauseError(error, askedMs);
}

async function answerFailure(reply: Reply, host: string, action: string): Promise<EngineError> {
	return answerError({status: reply.status, contentType: reply.headers['content-type'] ?? '', body: await readComplaint(reply.body), host, action});
}

function exchangeFor(request: RegistryRequest, base: URL, authorization: string | undefined): Omit<Exchange, 'trust'> {
	const url = typeof request.target === 'string' ? new URL(base.pathname.replace(/\/$/, '') + request.target, base) : request.target;
	return {
		method: request.method ?? 'GET',
		url,
		headers: {...request.headers, ...(authorization === undefined ? {} : {authorization})},
		body: request.body,
		signal: request.signal,
	};
}

function isRedirect(status: number, method: string): boolean {
	return status === 307 || status === 308 || ((method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303));
}

function redirectTarget(reply: Reply, count: number, trust: Trust): URL {
	const location = reply.headers.location ?? '';
	const refuse = (problem: string) => new EngineError('system', `${withoutQuery(reply.url)} redirects ${problem}`, {code: 'EREDIRECT', hint: 'That is a fault of the registry: ask whoever runs it.'});
	if (count >= maxRedirects) {
		throw refuse(`more than ${maxRedirects} times`);
	}

	const next = URL.canParse(location, reply.url.href) ? new URL(location, reply.url) : undefined;
	if (next === undefined || !/^https?:$/.test(next.protocol)) {
		throw refuse(`to no usable address: ${JSON.stringify(location.slice(0, 200))}`);
	}

	if (reply.url.protocol === 'https:' && next.protocol === 'http:' && trust.verifies) {
		throw refuse(`from https to plain http (${withoutQuery(next)})`);
	}

	return next;
}

function isOnHost(url: URL, bases: readonly URL[]): boolean {
	return bases.some(base => base.origin === url.origin);
}

/** Node joins several WWW-Authenticate headers by commas, which parses as well. */
function rawHeaders(reply: Reply, name: 'www-authenticate'): readonly string[] {
	const value = reply.headers[name];
	return value === undefined ? [] : [value];
}
