/**
Filters of `ps` (moby daemon/list.go).
*/
import type {Filters} from '../engine.js';
import {EngineError} from '../errors.js';
import {matchesLabel} from '../events.js';
import type {ListedContainer} from './summary.js';

/** What some filters must look up. */
export type FilterLookups = {
	/** The container `before` and `since` name. Throws `notFound`. */
	readonly find: (name: string) => ListedContainer;
	/** True for a container made from the image or one built on it. */
	readonly isFromImage: (container: ListedContainer, image: string) => boolean;
};

const statuses = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const keys = ['id', 'name', 'label', 'status', 'ancestor', 'before', 'since', 'exited', 'volume', 'network', 'health', 'publish', 'expose', 'is-task'] as const;
type Key = (typeof keys)[number];

/** Whether a filter asks for containers that do not run, without `all`. */
export function implyAll(filters: Filters): boolean {
	return (filters['status'] ?? []).length > 0;
}

/** Every key must match, any of its values may; of labels all. Throws `invalidParameter` for unknown keys and bad values. */
export function containerFilter(filters: Filters, lookups: FilterLookups): (container: ListedContainer) => boolean {
	const tests = Object.entries(filters).filter(([, values]) => values.length > 0).map(([key, values]) => {
		if (!(keys as readonly string[]).includes(key)) {
			throw new EngineError('invalidParameter', `invalid filter '${key}'`, {hint: `Known filters: ${keys.join(', ')}.`});
		}

		return makeTest(key as Key, values, lookups);
	});
	return container => tests.every(test => test(container));
}

function makeTest(key: Key, values: readonly string[], lookups: FilterLookups): (container: ListedContainer) => boolean {
	const any = (test: (container: ListedContainer, value: string) => boolean) => (container: ListedContainer) => values.some(value => test(container, value));
	switch (key) {
		case 'id': {
			return any((container, value) => matchesPattern(value, container.id));
		}

		case 'name': {
			return any((container, value) => matchesPattern(value, `/${container.name}`) || matchesPattern(value, container.name));
		}

		case 'label': {
			return container => values.every(value => matchesLabel(container.labels, value));
		}

		case 'status': {
			const unknown = values.find(value => !statuses.includes(value));
			if (unknown !== undefined) {
				throw new EngineError('invalidParameter', `invalid filter 'status=${unknown}': invalid value for state (${unknown}): must be one of ${statuses.join(', ')}`);
			}

			return any((container, value) => container.state.status === value);
		}

		case 'ancestor': {
			return any((container, value) => lookups.isFromImage(container, value));
		}

		case 'before': {
			const times = values.map(value => lookups.find(value).created);
			return container => times.some(time => container.created < time);
		}

		case 'since': {
			const times = values.map(value => lookups.find(value).created);
			return container => times.some(time => container.created > time);
		}

		case 'exited': {
			const codes = new Set(values.map(value => integer(key, value)));
			return ({state}) => state.status === 'exited' && codes.has(state.exitCode);
		}

		case 'volume': {
			return any((container, value) => container.mounts.some(mount => mount.name === value || mount.destination === value || mount.source === value));
		}

		case 'network': {
			return any((container, value) => container.networkMode === value);
		}

		case 'health': {
			return any((container, value) => value === 'none' || (value === 'starting' && container.hasHealthcheck && container.state.status === 'running'));
		}

		case 'publish': {
			return () => false; // Nothing is published yet
		}

		case 'expose': {
			return any((container, value) => container.exposedPorts.some(port => matchesPort(value, port)));
		}

		case 'is-task': {
			return any((_container, value) => ['false', '0', 'False', 'FALSE', 'f', 'F'].includes(value));
		}
	}
}

/** moby filters.Args Match: the whole text, or a regular expression found in it. */
function matchesPattern(pattern: string, text: string): boolean {
	if (pattern === text) {
		return true;
	}

	try {
		return new RegExp(pattern).test(text);
	} catch {
		return false;
	}
}

/** `80`, `80/udp`, `8000-8080/tcp`. */
function matchesPort(wanted: string, exposed: string): boolean {
	const [range = '', protocol = 'tcp'] = wanted.split('/');
	const [low, high = low] = range.split('-').map(Number);
	const [port, exposedProtocol = 'tcp'] = exposed.split('/');
	return protocol === exposedProtocol && Number(port) >= low! && Number(port) <= high!;
}

function integer(key: string, value: string): number {
	if (!/^-?\d+$/.test(value)) {
		throw new EngineError('invalidParameter', `invalid filter '${key}=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
	}

	return Number(value);
}
