/**
Finding images by words: Docker Hub's search (API v1), or the catalog of a registry of one's own.
*/
import {EngineError, isEngineError} from '../errors.js';
import {asArray, asObject, parseJson} from '../oci/json-shape.js';
import {readBody} from './read-body.js';
import type {RegistryConnection} from './registry-connection.js';
import {readPages} from './repository.js';

/** As docker's API has it. */
export type SearchResult = {
	readonly name: string;
	readonly description: string;
	readonly star_count: number;
	readonly is_official: boolean;
	readonly is_automated: boolean;
};

const maxAnswerBytes = 4 * 1024 * 1024;

/** Best first, at most `limit`. A registry without search (most of one's own) is asked for its catalog. */
export async function searchRegistry(connection: RegistryConnection, term: string, limit: number, signal?: AbortSignal): Promise<readonly SearchResult[]> {
	const query = new URLSearchParams({q: term, n: String(limit)}).toString();
	try {
		const reply = await connection.request({target: `/v1/search?${query}`, scopes: [], accepts: [200], action: `searching ${connection.endpoint.host}`, signal});
		const subject = `the search result of ${connection.endpoint.host}`;
		const document = asObject(parseJson(await readBody(reply.body, maxAnswerBytes, subject), subject), subject);
		return asArray(document['results'] ?? [], `${subject}: results`).map(entry => readResult(asObject(entry, subject))).slice(0, limit);
	} catch (error) {
		const hasNoSearch = isEngineError(error) && (error.kind === 'notFound' || error.kind === 'notImplemented' || error.code === 'EBADANSWER');
		if (!hasNoSearch || connection.endpoint.host === 'docker.io') {
			throw error;
		}
	}

	const names = await readCatalog(connection, signal);
	return names.filter(name => name.includes(term.toLowerCase())).slice(0, limit).map(name => ({name, description: '', star_count: 0, is_official: false, is_automated: false}));
}

/** Names of all repositories. Throws `forbidden` or `notImplemented` where the registry does not tell. */
export async function readCatalog(connection: RegistryConnection, signal?: AbortSignal): Promise<readonly string[]> {
	return readPages(connection, {path: '/v2/_catalog', member: 'repositories', scopes: ['registry:catalog:*'], action: `listing what ${connection.endpoint.host} has`, signal});
}

/** docker's filters. Throws `invalidParameter`. */
export function filterResults(results: readonly SearchResult[], filters: Readonly<Record<string, readonly string[]>>): readonly SearchResult[] {
	const unknown = Object.keys(filters).find(key => !['is-official', 'is-automated', 'stars'].includes(key));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid filter '${unknown}'`);
	}

	const [official, automated] = ['is-official', 'is-automated'].map(key => filters[key]?.map(value => readFlag(key, value)).at(-1));
	const stars = Math.max(0, ...(filters['stars'] ?? []).map(value => {
		if (!/^\d+$/.test(value)) {
			throw new EngineError('invalidParameter', `invalid filter 'stars=${value}'`);
		}

		return Number(value);
	}));
	return results.filter(result => (official === undefined || result.is_official === official) && (automated === undefined || result.is_automated === automated) && result.star_count >= stars);
}

function readFlag(key: string, value: string): boolean {
	if (/^(?:1|true)$/i.test(value)) {
		return true;
	}

	if (/^(?:0|false)$/i.test(value)) {
		return false;
	}

	throw new EngineError('invalidParameter', `invalid filter '${key}=${value}'`);
}

function readResult(fields: Readonly<Record<string, unknown>>): SearchResult {
	const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
	return {
		name: text('name'),
		description: text('description'),
		star_count: typeof fields['star_count'] === 'number' ? fields['star_count'] : 0,
		is_official: fields['is_official'] === true,
		is_automated: fields['is_automated'] === true,
	};
}
