/**
The registry's own tokens (docker distribution: Token Authentication Specification, JWT of RFC 7519): who has an account asks /token for what it is about to do, and shows the token from
then on. Signed with HMAC-SHA256; the key lies in the store, so that every server of it knows the tokens of every other.
*/
import {createHmac, randomBytes, randomUUID, timingSafeEqual} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {errorCode, systemError} from '../../errors.js';
import {readIfThere, removeIfThere} from '../../files/atomic-file.js';
import type {RegistryRequest} from '../message.js';
import type {Action, Principal} from './principal.js';

/** `type` is `repository` or `registry`; names of repositories are canonical. */
export type Grant = {readonly type: string; readonly name: string; readonly actions: readonly string[]};

export type Claims = {readonly user: string | undefined; readonly grants: readonly Grant[]};

export type IssuedToken = {readonly token: string; readonly expiresIn: number; readonly issuedAt: string};

export type TokenIssuer = {
	readonly service: string;
	/** Where tokens are to be had, as the client of this request can reach it. */
	realm(request: RegistryRequest): string;
	issue(claims: Claims): IssuedToken;
	/** Undefined for a token that is not ours, not of this time, or not whole. */
	verify(token: string): Claims | undefined;
};

export type TokenOptions = {
	/** The key of `sharedKey`. */
	readonly key: Buffer;
	readonly service: string;
	/** Public address of the registry, without a slash at the end. Default: what the client used. */
	readonly url?: string | undefined;
	readonly lifetimeSeconds?: number; // default 300
	/** How far the clocks of servers may be apart. */
	readonly skewSeconds?: number; // default 60
	readonly now?: () => number; // milliseconds
};

export function tokenIssuer({key, service, url, lifetimeSeconds = 300, skewSeconds = 60, now = Date.now}: TokenOptions): TokenIssuer {
	const sign = (text: string) => createHmac('sha256', key).update(text).digest();
	const header = encode({alg: 'HS256', typ: 'JWT'});
	return {
		service,
		realm: request => `${url ?? ownUrl(request)}/token`,
		issue({user, grants}) {
			const seconds = Math.floor(now() / 1000);
			const claims = {iss: service, aud: service, sub: user ?? '', iat: seconds, nbf: seconds, exp: seconds + lifetimeSeconds, jti: randomUUID(), access: grants};
			const signed = `${header}.${encode(claims)}`;
			return {token: `${signed}.${sign(signed).toString('base64url')}`, expiresIn: lifetimeSeconds, issuedAt: new Date(seconds * 1000).toISOString()};
		},
		verify(token) {
			const [head, body, signature, ...more] = token.split('.');
			if (head !== header || body === undefined || signature === undefined || more.length > 0) {
				return undefined; // Also any other algorithm: the header is always the same
			}

			const given = Buffer.from(signature, 'base64url');
			const right = sign(`${head}.${body}`);
			return given.length === right.length && timingSafeEqual(given, right) ? readClaims(body, {service, seconds: now() / 1000, skewSeconds}) : undefined;
		},
	};
}

/** What a token allows. */
export function grantedPrincipal({user, grants}: Claims): Principal {
	const allows = (type: string, name: string, action: string) => grants.some(grant => grant.type === type && grant.name === name && (grant.actions.includes(action) || grant.actions.includes('*')));
	return {
		user,
		may: (action: Action, repository) => allows('repository', repository, action),
		readsAll: allows('registry', 'catalog', '*'),
	};
}

/** The key all servers of a store share; made by the first of them. */
export function sharedKey(folder: string): Buffer {
	const file = path.join(folder, 'token-key');
	const temporary = path.join(folder, `.token-key.${randomUUID()}`);
	try {
		const known = readIfThere(file);
		if (known !== undefined) {
			return Buffer.from(known.toString('latin1').trim(), 'hex');
		}

		fs.mkdirSync(folder, {recursive: true, mode: 0o700});
		fs.writeFileSync(temporary, randomBytes(32).toString('hex'), {mode: 0o600});
		fs.linkSync(temporary, file);
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') {
			throw systemError('making the key for tokens', error);
		}
	} finally {
		removeIfThere(temporary);
	}

	return sharedKey(folder);
}

/** As the client wrote it, when that can be a host; it comes back in a header. */
function ownUrl({headers, isSecure}: RegistryRequest): string {
	const host = headers['host'] ?? '';
	const isHost = /^(?:[\w.-]{1,255}|\[[\da-f:.]{2,64}\])(?::\d{1,5})?$/i.test(host);
	return `${isSecure ? 'https' : 'http'}://${isHost ? host : 'localhost'}`;
}

function encode(value: unknown): string {
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The signature was right: the form is ours, the time may be another. */
function readClaims(body: string, {service, seconds, skewSeconds}: {readonly service: string; readonly seconds: number; readonly skewSeconds: number}): Claims | undefined {
	const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as {readonly aud: string; readonly sub: string; readonly nbf: number; readonly exp: number; readonly access: readonly Grant[]};
	if (claims.aud !== service || seconds < claims.nbf - skewSeconds || seconds >= claims.exp + skewSeconds) {
		return undefined;
	}

	return {user: claims.sub === '' ? undefined : claims.sub, grants: claims.access};
}
