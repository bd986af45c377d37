/**
Getting an access token from a token server (distribution's token and oauth2 specs).
*/
import {EngineError} from '../errors.js';
import {asObject, parseJson} from '../oci/json-shape.js';
import {basicAuthorization, type Credentials} from './credentials.js';
import {readBody, readComplaint} from './read-body.js';
import {answerError} from './registry-error.js';
import type {Exchange, Reply} from './transport.js';

export type TokenRequest = {
	readonly realm: URL;
	readonly service?: string | undefined;
	readonly scopes: readonly string[];
	readonly credentials: Credentials;
	/** Also ask for a token that stands for user and password from now on (`login`). */
	readonly wantsIdentity?: boolean;
	readonly signal?: AbortSignal | undefined;
};

export type AccessToken = {
	readonly token: string;
	readonly lifeSeconds: number;
	readonly identityToken?: string;
};

type Send = (request: Omit<Exchange, 'trust'>) => Promise<Reply>;

const maxTokenBytes = 1024 * 1024;
const shortestLifeSeconds = 60; // The spec's, where the server does not say
const clientId = 'tug';

/** Throws `unauthorized` when user, password or token are not accepted. */
export async function fetchAccessToken(send: Send, request: TokenRequest): Promise<AccessToken> {
	if (request.credentials.identityToken !== undefined) {
		const reply = await send(oauthRequest(request, {grant_type: 'refresh_token', refresh_token: request.credentials.identityToken}));
		return readToken(reply, request);
	}

	return readToken(await send(plainRequest(request)), request);
}

function plainRequest({realm, service, scopes, credentials, wantsIdentity, signal}: TokenRequest): Omit<Exchange, 'trust'> {
	const url = new URL(realm);
	if (service !== undefined) {
		url.searchParams.set('service', service);
	}

	scopes.forEach(scope => {
		url.searchParams.append('scope', scope);
	});
	if (wantsIdentity) {
		url.searchParams.set('offline_token', 'true');
	}

	if (credentials.username) {
		url.searchParams.set('account', credentials.username);
		url.searchParams.set('client_id', clientId);
	}

	return {method: 'GET', url, headers: {accept: 'application/json', ...(credentials.username ? {authorization: basicAuthorization(credentials)} : {})}, signal};
}

function oauthRequest({realm, service, scopes, signal}: TokenRequest, grant: Readonly<Record<string, string>>): Omit<Exchange, 'trust'> {
	const form = new URLSearchParams({...grant, client_id: clientId, ...(service === undefined ? {} : {service}), ...(scopes.length === 0 ? {} : {scope: scopes.join(' ')})});
	return {method: 'POST', url: realm, headers: {accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded'}, body: Buffer.from(form.toString()), signal};
}

async function readToken(reply: Reply, {realm, credentials}: TokenRequest): Promise<AccessToken> {
	const subject = `the answer of the token server ${realm.host}`;
	if (reply.status !== 200) {
		const error = answerError({status: reply.status, contentType: reply.headers['content-type'] ?? '', body: await readComplaint(reply.body), host: realm.host, action: 'logging in'});
		const isRefused = reply.status === 401 || reply.status === 403 || (reply.status === 400 && credentials.identityToken !== undefined);
		throw isRefused ? new EngineError('unauthorized', `unauthorized: ${error.message.replace(/^unauthorized: /, '')}`, {code: 'UNAUTHORIZED', hint: 'Check the user name and password (tug login).', cause: error}) : error;
	}

	const fields = asObject(parseJson(await readBody(reply.body, maxTokenBytes, subject), subject), subject);
	const token = [fields['token'], fields['access_token']].find((value): value is string => typeof value === 'string' && value !== '');
	if (token === undefined || !/^[!-~]+$/.test(token)) {
		throw new EngineError('system', `${subject} holds no token`, {code: 'EBADANSWER', hint: 'That is a fault of the registry: ask whoever runs it.'});
	}

	const life = fields['expires_in'];
	const identity = fields['refresh_token'];
	return {
		token,
		lifeSeconds: typeof life === 'number' && life > 0 ? Math.max(life, 1) : shortestLifeSeconds,
		...(typeof identity === 'string' && identity !== '' ? {identityToken: identity} : {}),
	};
}
