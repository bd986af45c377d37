/**
A registry: from request to reply. Who asks, which endpoint, what comes of it; every error becomes a reply here.
*/
import {randomUUID} from 'node:crypto';
import {openToAll, type Authenticator} from './auth/authenticator.js';
import type {TokenEndpoint} from './auth/token-endpoint.js';
import type {RegistryContent} from './content.js';
import {maintenance} from './maintenance.js';
import {errorReply, type RegistryRequest, type Reply} from './message.js';
import {registryMetrics, type Metrics} from './metrics.js';
import {makeEvent, type EventSource} from './notification.js';
import type {NotificationQueue} from './notification-queue.js';
import type {PullThrough} from './pull-through.js';
import {defaultLimits, type Call, type RegistryLimits, type RegistryParts} from './registry-context.js';
import {asRegistryError, RegistryError} from './registry-error.js';
import {repositories} from './repository-view.js';
import {match, type Route} from './router.js';
import {routes} from './routes.js';

export type RegistryOptions = {
	readonly content: RegistryContent;
	readonly limits?: Partial<RegistryLimits>;
	readonly isReadOnly?: boolean;
	readonly authenticator?: Authenticator; // default: everybody may do everything
	readonly tokens?: TokenEndpoint | undefined;
	readonly queues?: readonly NotificationQueue[];
	/** What events say about this server. */
	readonly address?: string;
	/** Behind this one: then it is a cache, and takes no pushes. */
	readonly upstream?: PullThrough | undefined;
	/** Told what went wrong on this side. */
	readonly onFailure?: (message: string, error?: unknown) => void;
	readonly metrics?: Metrics;
};

/** `route` and `user` are for the log. */
export type Answer = {readonly reply: Reply; readonly route: string; readonly user: string | undefined};

export type Registry = {
	/** Never rejects. */
	handle(request: RegistryRequest): Promise<Answer>;
	readonly metrics: Metrics;
	metricsPage(): string;
	/** Ends what goes on between requests. */
	close(): Promise<void>;
};

const usualHeaders = {'docker-distribution-api-version': 'registry/2.0', 'x-content-type-options': 'nosniff'};

export function createRegistry(options: RegistryOptions): Registry {
	const {content, queues = [], authenticator = openToAll, metrics = registryMetrics(), upstream, onFailure} = options;
	const limits: RegistryLimits = {...defaultLimits, ...options.limits};
	const source: EventSource = {addr: options.address ?? '', instanceID: randomUUID()};
	const upkeep = maintenance({content, keepMs: limits.keepUploadsMs, isReadOnly: options.isReadOnly === true, onFailure, metrics});
	let uploadsNow = 0;

	const parts: RegistryParts = {
		content,
		repositories: repositories(content),
		limits,
		isReadOnly: options.isReadOnly === true,
		upstream,
		collectSoon: upkeep.soon,
		takeUploadSlot() {
			if (uploadsNow >= limits.uploadsAtOnce) {
				throw new RegistryError('TOOMANYREQUESTS', 'too many uploads at the same time', {headers: {'retry-after': '1'}});
			}

			uploadsNow++;
			return () => {
				uploadsNow--;
			};
		},
	};

	async function answer(request: RegistryRequest, about: {route: string; user: string | undefined}): Promise<Reply> {
		const {path, query} = readTarget(request.target);
		if (options.tokens !== undefined && path === '/token' && request.method === 'GET') {
			about.route = 'token';
			return options.tokens(request, query);
		}

		const {route, parameters} = match(routes, request.method, path);
		about.route = route.name;
		const {name, repository} = readName(content, parameters['name']);
		const from = readFrom(route, query);
		const principal = await authenticator({request, need: route.needs, repository, name, from});
		about.user = principal.user;
		if (route.writes && (parts.isReadOnly || upstream !== undefined)) {
			throw new RegistryError('UNSUPPORTED', upstream === undefined ? 'the registry is read-only' : 'the registry is a cache of another one: push there', {headers: {allow: 'GET, HEAD'}});
		}

		const call: Call = {
			...parts,
			request,
			parameters,
			query,
			principal,
			name,
			repository,
			notify(action, target) {
				for (const queue of queues) {
					if (!queue.push(makeEvent(action, target, {request, name, user: principal.user, source}))) {
						metrics.count('notifications_dropped');
					}
				}
			},
		};
		return route.handle(call);
	}

	return {
		metrics,
		async handle(request) {
			const about: {route: string; user: string | undefined} = {route: 'none', user: undefined};
			let reply: Reply;
			try {
				reply = await answer(request, about);
			} catch (error) {
				const registryError = asRegistryError(error);
				if (registryError.status >= 500) {
					onFailure?.(`${request.method} ${JSON.stringify(request.target.slice(0, 500))}: ${registryError.message}`, registryError.cause);
				}

				reply = errorReply(registryError);
			}

			return {reply: {...reply, headers: {...usualHeaders, ...reply.headers}}, ...about};
		},
		metricsPage: () => metrics.render({
			uploads_receiving: {help: 'Requests that are sending bytes.', value: uploadsNow},
			repositories: {help: 'Repositories with at least one manifest.', value: parts.repositories.names().length},
			notifications_waiting: {help: 'Events not delivered yet.', value: queues.reduce((sum, queue) => sum + queue.waiting(), 0)},
		}),
		async close() {
			await Promise.all([upkeep.close(), upstream?.close(), ...queues.map(async queue => queue.close())]);
		},
	};
}

/** The decoded path; whatever it says, it is only ever compared with the routes. */
function readTarget(target: string): {readonly path: string; readonly query: URLSearchParams} {
	const mark = target.indexOf('?');
	try {
		return {
			path: decodeURIComponent(mark === -1 ? target : target.slice(0, mark)),
			query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
		};
	} catch {
		throw new RegistryError('NAME_INVALID', 'the path is not encoded as it should be');
	}
}

function readName(content: RegistryContent, unsafeName: string | undefined): {readonly name: string; readonly repository: string} {
	if (unsafeName === undefined) {
		return {name: '', repository: ''};
	}

	const repository = content.canonicalName(unsafeName);
	if (repository === undefined) {
		throw new RegistryError('NAME_INVALID', 'invalid repository name', {detail: {name: unsafeName.slice(0, 300)}});
	}

	return {name: unsafeName, repository};
}

/** For the challenge: a mount needs the right to pull from there as well. */
function readFrom(route: Route, query: URLSearchParams): string | undefined {
	const from = route.name === 'uploads' && query.has('mount') ? query.get('from') : null;
	return from !== null && /^[a-z\d][a-z\d._/-]{0,254}$/.test(from) ? from : undefined;
}
