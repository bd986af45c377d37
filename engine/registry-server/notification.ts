/**
What happened, in docker distribution's event form (distribution docs, Notifications), so that what listens to that registry listens to this one.
*/
import {randomUUID} from 'node:crypto';
import type {RegistryRequest} from './message.js';

export type EventAction = 'push' | 'pull' | 'mount' | 'delete';

export type EventTarget = {
	readonly mediaType: string;
	readonly digest: string;
	readonly size: number; // bytes
	readonly tag?: string;
	readonly fromRepository?: string;
};

export type RegistryEvent = {
	readonly id: string;
	readonly timestamp: string; // RFC 3339
	readonly action: EventAction;
	readonly target: EventTarget & {readonly length: number; readonly repository: string; readonly url: string};
	readonly request: {readonly id: string; readonly addr: string; readonly host: string; readonly method: string; readonly useragent: string};
	readonly actor: {readonly name?: string};
	readonly source: {readonly addr: string; readonly instanceID: string};
};

export const eventsMediaType = 'application/vnd.docker.distribution.events.v2+json';

export type EventSource = {readonly addr: string; readonly instanceID: string};

/** The event of a request. `name`: the repository as the client called it. */
export function makeEvent(action: EventAction, target: EventTarget, about: {readonly request: RegistryRequest; readonly name: string; readonly user: string | undefined; readonly source: EventSource}): RegistryEvent {
	const {request, name, user, source} = about;
	const host = request.headers['host'] ?? '';
	const isBlob = target.mediaType === 'application/octet-stream';
	const url = `${request.isSecure ? 'https' : 'http'}://${host}/v2/${name}/${isBlob ? 'blobs' : 'manifests'}/${target.digest}`;
	const {mediaType, digest, size, tag, fromRepository} = target;
	return {
		id: randomUUID(),
		timestamp: new Date().toISOString(),
		action,
		target: {mediaType, digest, size, length: size, repository: name, url, ...(tag === undefined ? {} : {tag}), ...(fromRepository === undefined ? {} : {fromRepository})},
		request: {id: randomUUID(), addr: request.remoteAddress, host, method: request.method, useragent: (request.headers['user-agent'] ?? '').slice(0, 500)},
		actor: user === undefined ? {} : {name: user},
		source,
	};
}
