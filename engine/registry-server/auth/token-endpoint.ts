/**
GET /token: name and password (or nothing, where guests may pull) for a token that allows what was asked for and is due.
*/
import {json, type Reply, type RegistryRequest} from '../message.js';
import {RegistryError} from '../registry-error.js';
import type {Accounts} from './accounts.js';
import {readBasic} from './authenticator.js';
import type {Grant, TokenIssuer} from './token-issuer.js';

export type TokenEndpoint = (request: RegistryRequest, query: URLSearchParams) => Promise<Reply>;

const maxScopes = 100;
const accountActions: ReadonlySet<string> = new Set(['pull', 'push', 'delete', '*']);
const guestActions: ReadonlySet<string> = new Set(['pull']);

export function tokenEndpoint({accounts, issuer, guestsPull, canonicalName}: {
	readonly accounts: Accounts;
	readonly issuer: TokenIssuer;
	readonly guestsPull: boolean;
	readonly canonicalName: (unsafeName: string) => string | undefined;
}): TokenEndpoint {
	return async (request, query) => {
		const service = query.get('service');
		if (service !== null && service !== issuer.service) {
			throw new RegistryError('DENIED', 'tokens for another service are not to be had here', {status: 400});
		}

		const user = await identify(request, accounts, guestsPull);
		const actions = user === undefined ? guestActions : accountActions;
		const grants = readScopes(query.getAll('scope'))
			.map(grant => ({...grant, actions: grant.actions.filter(action => actions.has(action)), name: grant.type === 'repository' ? (canonicalName(grant.name) ?? '') : grant.name}))
			.filter(grant => grant.name !== '' && grant.actions.length > 0);
		const {token, expiresIn, issuedAt} = issuer.issue({user, grants});
		return json({token, access_token: token, expires_in: expiresIn, issued_at: issuedAt}, {headers: {'cache-control': 'no-store'}});
	};
}

/** Undefined: a guest. Wrong credentials are never a guest's. */
async function identify(request: RegistryRequest, accounts: Accounts, guestsPull: boolean): Promise<string | undefined> {
	const credentials = readBasic(request.headers['authorization']);
	const user = credentials === undefined ? undefined : await accounts.check(credentials);
	if (user === undefined && (credentials !== undefined || !guestsPull)) {
		throw new RegistryError('UNAUTHORIZED', credentials === undefined ? 'authentication required' : 'wrong user name or password', {headers: {'www-authenticate': 'Basic realm="tug registry", charset="UTF-8"'}});
	}

	return user;
}

/** `TYPE:NAME:ACTION,ACTION`; several in one value are parted by spaces. What is not of that form grants nothing. */
export function readScopes(values: readonly string[]): readonly Grant[] {
	return values
		.flatMap(value => value.split(' '))
		.filter(scope => scope !== '')
		.slice(0, maxScopes)
		.flatMap(scope => {
			const first = scope.indexOf(':');
			const last = scope.lastIndexOf(':');
			return first <= 0 || last === first ? [] : [{type: scope.slice(0, first), name: scope.slice(first + 1, last), actions: scope.slice(last + 1).split(',')}];
		});
}
