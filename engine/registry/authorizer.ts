/**
What to send in Authorization: learnt from the registry's first refusal, then kept. Tokens are shared by all requests that need the same scopes, and renewed before
they end. Ages are counted on this machine's monotonic clock from the moment a token came, so that no clock has to agree with another.
*/
import {EngineError} from '../errors.js';
import {fetchAccessToken, type AccessToken} from './access-token.js';
import {parseChallenges, type AuthChallenge} from './auth-challenge.js';
import {basicAuthorization, isAnonymous, type Credentials} from './credentials.js';
import type {Exchange, Reply} from './transport.js';

export type Authorizer = {
	/** The header's value for a request; undefined as long as the registry has not asked for one. */
	authorization(scopes: readonly string[], signal?: AbortSignal): Promise<string | undefined>;
	/**
	Takes in a refusal (401). True when it is worth asking again: a new way was learnt, or a token had ended. Throws `unauthorized` when credentials are wanted and
	there are none.
	*/
	learn(refusal: {readonly challenges: readonly string[]; readonly used: string | undefined; readonly scopes: readonly string[]; readonly url: URL}): boolean;
	/** Access and identity tokens for `login`; undefined when the registry wants none. */
	identify(scopes: readonly string[], signal?: AbortSignal): Promise<AccessToken | undefined>;
};

export type AuthorizerOptions = {
	readonly host: string;
	readonly credentials: Credentials;
	/** Sends without authorization, with retries. */
	readonly send: (request: Omit<Exchange, 'trust'>) => Promise<Reply>;
	/** Milliseconds on a clock that never jumps. */
	readonly nowMs?: () => number;
};

type KeptToken = {readonly token: Promise<AccessToken>; endsAtMs: number};

export function createAuthorizer({host, credentials, send, nowMs = () => performance.now()}: AuthorizerOptions): Authorizer {
	const tokens = new Map<string, KeptToken>();
	const extraScopes = new Map<string, string>();
	let way: AuthChallenge | undefined;

	const scopesFor = (scopes: readonly string[]): readonly string[] => {
		const extra = extraScopes.get(scopes.join(' '));
		return [...new Set([...scopes, ...(extra === undefined ? [] : extra.split(' '))])].sort();
	};

	const fetchToken = async (scopes: readonly string[], options: {readonly wantsIdentity?: boolean; readonly signal?: AbortSignal | undefined} = {}): Promise<AccessToken> => {
		const {realm, service} = way as Extract<AuthChallenge, {scheme: 'bearer'}>;
		return fetchAccessToken(send, {realm, service, scopes, credentials, ...options});
	};

	const tokenFor = async (scopes: readonly string[]): Promise<string> => {
		const key = scopes.join(' ');
		const known = tokens.get(key);
		if (known !== undefined && nowMs() < known.endsAtMs) {
			return (await known.token).token;
		}

		// Shared by whoever asks meanwhile, so that ten layers fetch one token. No signal: the first one's end must not take it from the others.
		const token = fetchToken(scopes);
		const kept: KeptToken = {token, endsAtMs: Number.POSITIVE_INFINITY};
		tokens.set(key, kept);
		try {
			const {token: value, lifeSeconds} = await token;
			kept.endsAtMs = nowMs() + (lifeSeconds * 1000 * 0.9);
			return value;
		} catch (error) {
			tokens.delete(key);
			throw error;
		}
	};

	return {
		async authorization(scopes) {
			if (credentials.registryToken !== undefined) {
				return `Bearer ${credentials.registryToken}`;
			}

			if (way === undefined) {
				return undefined;
			}

			return way.scheme === 'basic' ? basicAuthorization(credentials) : `Bearer ${await tokenFor(scopesFor(scopes))}`;
		},
		learn({challenges, used, scopes, url}) {
			const [challenge] = parseChallenges(challenges);
			if (challenge === undefined || credentials.registryToken !== undefined) {
				return false;
			}

			if (challenge.scheme === 'basic') {
				if (!credentials.username) {
					throw new EngineError('unauthorized', 'no basic auth credentials', {code: 'UNAUTHORIZED', hint: `Log in first: tug login ${host}.`});
				}

				way = challenge;
				return used?.startsWith('Basic ') !== true;
			}

			checkRealm(challenge, url, credentials);
			const key = scopesFor(scopes).join(' ');
			if (challenge.scope !== undefined) {
				extraScopes.set(scopes.join(' '), challenge.scope);
			}

			const isNew = way?.scheme !== 'bearer' || scopesFor(scopes).join(' ') !== key;
			way = challenge;
			// A token that was refused may just have ended, or been made for less. Who sent none has only to send one.
			return used === undefined || tokens.delete(key) || isNew;
		},
		async identify(scopes, signal) {
			return way?.scheme === 'bearer' ? fetchToken(scopes, {wantsIdentity: true, signal}) : undefined;
		},
	};
}

/** A password that is sealed on the way to the registry must not go to its token server in the clear. */
function checkRealm({realm}: Extract<AuthChallenge, {scheme: 'bearer'}>, registry: URL, credentials: Credentials): void {
	if (realm.protocol === 'http:' && registry.protocol === 'https:' && !isAnonymous(credentials)) {
		throw new EngineError('unauthorized', `${registry.host} asks to send your password to ${realm.origin}, unencrypted`, {code: 'EBADREALM', hint: 'Nothing was sent. Ask whoever runs the registry.'});
	}
}
