/**
Letting requests in: everybody, those with an account (Basic, RFC 7617), or those with a token of our own (Bearer, docker distribution's token authentication).
*/
import type {RegistryRequest} from '../message.js';
import {RegistryError} from '../registry-error.js';
import type {Accounts} from './accounts.js';
import {accountHolder, everybody, guest, type Need, type Principal} from './principal.js';
import {grantedPrincipal, type TokenIssuer} from './token-issuer.js';

/** What a request is about. `names`: the repository as the client calls it, and the one it takes a blob from. */
export type Question = {readonly request: RegistryRequest; readonly need: Need; readonly repository: string; readonly name: string; readonly from?: string | undefined};

/** Throws UNAUTHORIZED with a challenge, or DENIED. */
export type Authenticator = (question: Question) => Promise<Principal>;

export const openToAll: Authenticator = async () => everybody;

export function basicAuthenticator(accounts: Accounts, {guestsPull}: {readonly guestsPull: boolean}): Authenticator {
	return async ({request, need}) => {
		const credentials = readBasic(request.headers['authorization']);
		if (credentials !== undefined) {
			const user = await accounts.check(credentials);
			if (user === undefined) {
				throw unauthorized('wrong user name or password', 'Basic realm="tug registry", charset="UTF-8"');
			}

			return accountHolder(user);
		}

		if (guestsPull && need === 'pull') {
			return guest;
		}

		throw unauthorized('authentication required', 'Basic realm="tug registry", charset="UTF-8"');
	};
}

export function tokenAuthenticator(issuer: TokenIssuer): Authenticator {
	return async ({request, need, repository, name, from}) => {
		const challenge = `Bearer realm="${issuer.realm(request)}",service="${issuer.service}"${scopeOf(need, name, from)}`;
		const token = /^bearer +(\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
		if (token === undefined) {
			throw unauthorized('authentication required', challenge);
		}

		const claims = issuer.verify(token);
		if (claims === undefined) {
			throw unauthorized('the token is not valid (any more)', `${challenge},error="invalid_token"`);
		}

		const principal = grantedPrincipal(claims);
		const isAllowed = need === 'known' || (need === 'catalog' ? principal.readsAll : principal.may(need, repository));
		if (!isAllowed) {
			throw unauthorized('the token does not allow this', `${challenge},error="insufficient_scope"`);
		}

		return principal;
	};
}

/** User and password; undefined when the header is not of that kind. */
export function readBasic(header: string | undefined): {readonly user: string; readonly password: string} | undefined {
	const encoded = /^basic +([\w+/=-]{0,4096})$/i.exec(header ?? '')?.[1];
	const text = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
	const colon = text?.indexOf(':') ?? -1;
	return text === undefined || colon === -1 ? undefined : {user: text.slice(0, colon), password: text.slice(colon + 1)};
}

function scopeOf(need: Need, name: string, from: string | undefined): string {
	const scopes: Readonly<Record<Need, readonly string[]>> = {
		known: [],
		catalog: ['registry:catalog:*'],
		pull: [`repository:${name}:pull`],
		push: [`repository:${name}:pull,push`, ...(from === undefined ? [] : [`repository:${from}:pull`])],
		delete: [`repository:${name}:delete`],
	};
	return scopes[need].length === 0 ? '' : `,scope="${scopes[need].join(' ')}"`;
}

function unauthorized(message: string, challenge: string): RegistryError {
	return new RegistryError('UNAUTHORIZED', message, {headers: {'www-authenticate': challenge}});
}
