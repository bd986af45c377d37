/**
Checking user and password against a registry (moby registry/auth.go loginV2).
*/
import {EngineError, isEngineError} from '../errors.js';
import {discard} from './read-body.js';
import type {RegistryConnection} from './registry-connection.js';

export type LoginResult = {
	/** To be kept instead of the password; undefined when the registry has no such thing. */
	readonly identityToken?: string;
};

/** Throws `unauthorized` when they are not accepted, `unavailable` when the registry can't be reached. */
export async function loginToRegistry(connection: RegistryConnection, signal?: AbortSignal): Promise<LoginResult> {
	try {
		const reply = await connection.request({target: '/v2/', scopes: [], accepts: [200], action: `logging in to ${connection.endpoint.host}`, signal});
		discard(reply.body);
	} catch (error) {
		if (isEngineError(error, 'unauthorized')) {
			throw new EngineError('unauthorized', `login attempt to ${connection.base().href.replace(/\/$/, '')}/v2/ failed with status: 401 Unauthorized`, {code: 'UNAUTHORIZED', cause: error, hint: 'Check the user name and password.'});
		}

		throw error;
	}

	const token = await connection.authorizer.identify([], signal);
	return token?.identityToken === undefined ? {} : {identityToken: token.identityToken};
}
