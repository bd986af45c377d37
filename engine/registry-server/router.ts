/**
From method and path to a route. A path that fits with a wrong method is 405, any other 404.
*/
import type {Need} from './auth/principal.js';
import type {Reply} from './message.js';
import type {Call} from './registry-context.js';
import {RegistryError} from './registry-error.js';

export type Handler = (call: Call) => Promise<Reply>;

export type Route = {
	/** For metrics and logs. */
	readonly name: string;
	readonly methods: readonly string[];
	/** Named groups are the path parameters; `name` is a repository. */
	readonly path: RegExp;
	readonly needs: Need;
	/** Changes something: refused by a read-only registry. */
	readonly writes?: true;
	readonly handle: Handler;
};

export type Match = {readonly route: Route; readonly parameters: Readonly<Record<string, string>>};

/** Throws UNSUPPORTED (405) or NAME_UNKNOWN (404). `path`: decoded. */
export function match(routes: readonly Route[], method: string, path: string): Match {
	const fitting = routes.filter(route => route.path.test(path));
	const route = fitting.find(({methods}) => methods.includes(method));
	if (route !== undefined) {
		return {route, parameters: route.path.exec(path)!.groups ?? {}};
	}

	if (fitting.length === 0) {
		throw new RegistryError('UNSUPPORTED', 'there is no such endpoint', {status: 404});
	}

	throw new RegistryError('UNSUPPORTED', `${method.slice(0, 20)} is not possible here`, {headers: {allow: [...new Set(fitting.flatMap(({methods}) => methods))].join(', ')}});
}
