import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import bcrypt from 'bcryptjs';
import {isEngineError} from '../../engine/errors.js';
import {htpasswdAccounts} from '../../engine/registry-server/auth/accounts.js';
import {basicAuthenticator, readBasic, tokenAuthenticator} from '../../engine/registry-server/auth/authenticator.js';
import {readScopes, tokenEndpoint} from '../../engine/registry-server/auth/token-endpoint.js';
import {grantedPrincipal, sharedKey, tokenIssuer, type TokenOptions} from '../../engine/registry-server/auth/token-issuer.js';
import type {RegistryRequest} from '../../engine/registry-server/message.js';
import {RegistryError} from '../../engine/registry-server/registry-error.js';
import {temporaryFolder, testStore} from '../helpers/image-lab.js';
import {codeOf, digestOf, imageOf, pushImage, registryLab, types, type Ask, type Asked, type Catalog} from '../helpers/registry-server-lab.js';

const hashes: Readonly<Record<string, string>> = Object.fromEntries(['secret', 'pa:ss wörd'].map(password => [password, bcrypt.hashSync(password, 4)]));

function accountFile(t: ExecutionContext, text = `ann:${hashes['secret']!}\n# a comment\n\nbob:${hashes['pa:ss wörd']!.replace('$2b$', '$2y$')}\n`): string {
	const file = path.join(temporaryFolder(t), 'users');
	fs.writeFileSync(file, text);
	return file;
}

function basic(user: string, password: string): string {
	return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

// Accounts

test('names and passwords of the file are right, others wrong', async t => {
	const accounts = htpasswdAccounts(accountFile(t));
	t.is(await accounts.check({user: 'ann', password: 'secret'}), 'ann');
	t.is(await accounts.check({user: 'bob', password: 'pa:ss wörd'}), 'bob');
	for (const [user, password] of [['ann', 'Secret'], ['ann', ''], ['ann', 'secret '], ['bob', 'secret'], ['', ''], ['nobody', 'secret'], ['# a comment', ''], ['__proto__', 'x'], ['constructor', 'x']] as const) {
		t.is(await accounts.check({user, password}), undefined, `${user} ${password}`);
	}
});

const badFiles: ReadonlyArray<readonly [string, string]> = [
	['a password of MD5', 'ann:$apr1$abc$def\n'],
	['a password in the clear', 'ann:secret\n'],
	['a password of SHA-1', 'ann:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n'],
	['no password', 'ann\n'],
	['no name', `:${hashes['secret']!}\n`],
	['half a password', `ann:${hashes['secret']!.slice(0, 40)}\n`],
];

for (const [what, text] of badFiles) {
	test(`a file with ${what} is refused, with the line`, t => {
		const error = t.throws(() => htpasswdAccounts(accountFile(t, `# first\n${text}`)));
		t.true(isEngineError(error, 'invalidParameter'));
		t.regex(error.message, /line 2 of/);
		t.false(error.message.includes('secret'));
	});
}

test('a file that is not there is an error', t => {
	t.throws(() => htpasswdAccounts('/nowhere/users'), {message: /reading the accounts in \/nowhere\/users/});
});

test('an empty file lets nobody in', async t => {
	const accounts = htpasswdAccounts(accountFile(t, ''));
	t.is(await accounts.check({user: 'ann', password: 'secret'}), undefined);
});

test('the file is read again when it changes, and kept when it breaks', async t => {
	const file = accountFile(t);
	const accounts = htpasswdAccounts(file);
	t.is(await accounts.check({user: 'ann', password: 'secret'}), 'ann');
	fs.writeFileSync(file, `eve:${hashes['secret']!}\n`);
	t.is(await accounts.check({user: 'ann', password: 'secret'}), undefined);
	t.is(await accounts.check({user: 'eve', password: 'secret'}), 'eve');
	fs.writeFileSync(file, 'half writ');
	t.is(await accounts.check({user: 'eve', password: 'secret'}), 'eve');
	fs.rmSync(file);
	t.is(await accounts.check({user: 'eve', password: 'secret'}), 'eve');
});

test('a right password is worked out once, a wrong one every time', async t => {
	let compared = 0;
	let nowMs = 1e12;
	const accounts = htpasswdAccounts(accountFile(t), {
		now: () => nowMs,
		async compare(password) {
			compared++;
			return password === 'secret';
		},
	});
	for (let round = 0; round < 5; round++) {
		t.is(await accounts.check({user: 'ann', password: 'secret'}), 'ann');
	}

	t.is(compared, 1);
	await accounts.check({user: 'ann', password: 'wrong'});
	await accounts.check({user: 'ann', password: 'wrong'});
	await accounts.check({user: 'nobody', password: 'secret'}); // Takes as long as for one who is there
	t.is(compared, 4);
	nowMs += 6 * 60 * 1000;
	await accounts.check({user: 'ann', password: 'secret'});
	t.is(compared, 5);
});

test('only two passwords are worked out at a time, and only so many wait', async t => {
	let now = 0;
	let most = 0;
	const pending: Array<(isRight: boolean) => void> = [];
	const accounts = htpasswdAccounts(accountFile(t), {
		async compare() {
			now++;
			most = Math.max(most, now);
			return new Promise<boolean>(resolve => {
				pending.push(isRight => {
					now--;
					resolve(isRight);
				});
			});
		},
	});
	const checks = Array.from({length: 100}, async (_, index) => accounts.check({user: 'ann', password: `guess ${index}`}).catch((error: unknown) => error));
	const settled = Promise.all(checks);
	const state = {isOver: false};
	void settled.then(() => {
		state.isOver = true;
	});
	while (!state.isOver) {
		pending.splice(0).forEach(resolve => {
			resolve(false);
		});
		await new Promise(resolve => {
			setImmediate(resolve);
		});
	}

	const results = await settled;
	t.is(most, 2);
	t.is(results.filter(result => result instanceof RegistryError && result.status === 429).length, 34);
	t.is(results.filter(result => result === undefined).length, 66);
});

test('credentials are read from the header, or not at all', t => {
	t.deepEqual(readBasic(basic('ann', 'a:b:c')), {user: 'ann', password: 'a:b:c'});
	t.deepEqual(readBasic(basic('', '')), {user: '', password: ''});
	t.deepEqual(readBasic(basic('ann', 'x').replace('Basic', 'bAsIc')), {user: 'ann', password: 'x'});
	for (const header of [undefined, '', 'Basic', 'Basic ', 'Basic !!!', 'Bearer abc', `Basic ${Buffer.from('no colon').toString('base64')}`, `Basic ${'A'.repeat(10_000)}`, 'Basic YTpi YTpi']) {
		t.is(readBasic(header), undefined, header?.slice(0, 20));
	}
});

// Basic

test('without an account nobody gets in, and is told how to', async t => {
	const {ask} = registryLab(t, {authenticator: basicAuthenticator(htpasswdAccounts(accountFile(t)), {guestsPull: false})});
	for (const [method, target] of [['GET', '/v2/'], ['GET', '/v2/app/tags/list'], ['GET', '/v2/_catalog'], ['POST', '/v2/app/blobs/uploads/']] as const) {
		const got = await ask(method, target);
		t.is(got.status, 401);
		t.is(codeOf(got), 'UNAUTHORIZED');
		t.is(got.headers['www-authenticate'], 'Basic realm="tug registry", charset="UTF-8"');
	}

	t.is((await ask('GET', '/v2/', {headers: {authorization: basic('ann', 'wrong')}})).status, 401);
	t.is((await ask('GET', '/v2/', {headers: {authorization: basic('ann', 'secret')}})).status, 200);
});

test('with an account everything goes', async t => {
	const {ask: bare} = registryLab(t, {authenticator: basicAuthenticator(htpasswdAccounts(accountFile(t)), {guestsPull: false})});
	const ask: Ask = async (method, target, question = {}) => bare(method, target, {...question, headers: {...question.headers, authorization: basic('bob', 'pa:ss wörd')}});
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	t.is((await ask('GET', '/v2/app/manifests/v1')).status, 200);
	t.is((await ask('DELETE', `/v2/app/manifests/${image.digest}`)).status, 202);
});

test('guests may pull and nothing else; a wrong password is nobody\'s', async t => {
	const store = testStore(t);
	await pushImage(registryLab(t, {store}).ask, 'app', 'v1', ['one']);
	const {ask} = registryLab(t, {store, authenticator: basicAuthenticator(htpasswdAccounts(accountFile(t)), {guestsPull: true})});
	t.is((await ask('GET', '/v2/app/manifests/v1')).status, 200);
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('one')}`)).status, 200);
	t.is((await ask('GET', '/v2/app/tags/list')).status, 200);
	for (const [method, target] of [['GET', '/v2/'], ['GET', '/v2/_catalog'], ['POST', '/v2/app/blobs/uploads/'], ['PUT', '/v2/app/manifests/v2'], ['DELETE', '/v2/app/manifests/v1']] as const) {
		t.is((await ask(method, target)).status, 401, target);
	}

	t.is((await ask('GET', '/v2/app/manifests/v1', {headers: {authorization: basic('ann', 'wrong')}})).status, 401);
});

// Tokens

const key = Buffer.alloc(32, 7);

function issuer(options: Partial<TokenOptions> = {}) {
	return tokenIssuer({key, service: 'tug-registry', ...options});
}

const grant = {type: 'repository', name: 'app', actions: ['pull']};

test('a token says who may do what, and is its issuer\'s word', t => {
	const {token, expiresIn} = issuer().issue({user: 'ann', grants: [grant]});
	t.is(expiresIn, 300);
	t.deepEqual(issuer().verify(token), {user: 'ann', grants: [grant]});
	t.is(issuer({key: Buffer.alloc(32, 8)}).verify(token), undefined);
	t.is(issuer({service: 'other'}).verify(token), undefined);
	t.is(issuer().verify(issuer().issue({user: undefined, grants: []}).token)?.user, undefined);
});

test('tokens that were tampered with are not valid', t => {
	const {token} = issuer().issue({user: 'ann', grants: [grant]});
	const [header, body, signature] = token.split('.') as [string, string, string];
	const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
	const sign = (text: string, algorithm = 'sha256') => crypto.createHmac(algorithm, key).update(text).digest('base64url');
	const forged = encode({...claims, sub: 'root', access: [{...grant, actions: ['*']}]});
	const none = encode({alg: 'none', typ: 'JWT'});
	const other = encode({alg: 'HS512', typ: 'JWT'});
	for (const bad of [
		'', '.', '..', '...', header, `${header}.${body}`, `${header}.${body}.`, `${token}.x`, `${header}.${forged}.${signature}`, `${none}.${forged}.`, `${none}.${body}.${signature}`,
		`${other}.${body}.${sign(`${other}.${body}`, 'sha512')}`, `${header}.${body}.${sign(`${header}.${forged}`)}`, `${header}.${body}.${signature.slice(1)}`, token.toUpperCase(), ` ${token}`, 'x'.repeat(100_000),
	]) {
		t.is(issuer().verify(bad), undefined, bad.slice(0, 50));
	}
});

test('a token has its time, with a minute for clocks that differ', t => {
	let nowMs = 1e12;
	const clock = issuer({now: () => nowMs, lifetimeSeconds: 300, skewSeconds: 60});
	const {token, issuedAt} = clock.issue({user: 'ann', grants: []});
	t.is(issuedAt, '2001-09-09T01:46:40.000Z');
	for (const [offsetSeconds, isValid] of [[0, true], [299, true], [359, true], [361, false], [-59, true], [-61, false], [1e6, false]] as const) {
		nowMs = 1e12 + offsetSeconds * 1000;
		t.is(clock.verify(token) !== undefined, isValid, String(offsetSeconds));
	}
});

test('what a token allows is what it lists', t => {
	const principal = grantedPrincipal({user: 'ann', grants: [{type: 'repository', name: 'app', actions: ['pull', 'push']}, {type: 'repository', name: 'all', actions: ['*']}, {type: 'registry', name: 'app2', actions: ['*']}]});
	t.true(principal.may('pull', 'app') && principal.may('push', 'app') && principal.may('delete', 'all'));
	t.false(principal.may('delete', 'app') || principal.may('pull', 'app2') || principal.may('pull', '') || principal.readsAll);
	t.true(grantedPrincipal({user: 'a', grants: [{type: 'registry', name: 'catalog', actions: ['*']}]}).readsAll);
});

test('scopes are read as far as they can be', t => {
	t.deepEqual(readScopes(['repository:team/app:pull,push', 'registry:catalog:* repository:x:pull']), [
		{type: 'repository', name: 'team/app', actions: ['pull', 'push']},
		{type: 'registry', name: 'catalog', actions: ['*']},
		{type: 'repository', name: 'x', actions: ['pull']},
	]);
	t.deepEqual(readScopes(['repository:host:5000/app:pull']), [{type: 'repository', name: 'host:5000/app', actions: ['pull']}]);
	t.deepEqual(readScopes(['', ' ', 'x', 'a:b', ':a:b']), []);
	t.is(readScopes([Array.from({length: 5000}, () => 'repository:x:pull').join(' ')]).length, 100);
});

test('the key is made once and shared by all servers of a store', t => {
	const folder = path.join(temporaryFolder(t), 'registry');
	const first = sharedKey(folder);
	t.is(first.length, 32);
	t.deepEqual(sharedKey(folder), first);
	t.is(fs.statSync(path.join(folder, 'token-key')).mode & 0o777, 0o600);
	t.deepEqual(fs.readdirSync(folder), ['token-key']);
});

test('the way to the tokens is the client\'s own, unless it is nonsense', t => {
	const request = (host: string | undefined, isSecure = false) => ({headers: host === undefined ? {} : {host}, isSecure}) as unknown as RegistryRequest;
	const {realm} = issuer();
	t.is(realm(request('registry.lan:5000')), 'http://registry.lan:5000/token');
	t.is(realm(request('[::1]:5000', true)), 'https://[::1]:5000/token');
	for (const host of ['evil"\r\nx: y', 'a b', 'a/b', '', undefined, 'a:123456', 'x'.repeat(300)]) {
		t.is(realm(request(host)), 'http://localhost/token', host);
	}

	t.is(issuer({url: 'https://public.example'}).realm(request('inner')), 'https://public.example/token');
});

function tokenLab(t: ExecutionContext, {guestsPull = false} = {}) {
	const store = testStore(t);
	const open = registryLab(t, {store});
	const accounts = htpasswdAccounts(accountFile(t));
	const own = issuer();
	const {ask} = registryLab(t, {
		store,
		authenticator: tokenAuthenticator(own),
		tokens: tokenEndpoint({accounts, issuer: own, guestsPull, canonicalName: name => open.content.canonicalName(name)}),
	});
	const getToken = async (scope: string, authorization?: string): Promise<Asked> => ask('GET', `/token?service=tug-registry&${scope.split(' ').map(part => `scope=${encodeURIComponent(part)}`).join('&')}`, authorization === undefined ? {} : {headers: {authorization}});
	const bearer = async (scope: string, authorization?: string) => `Bearer ${(await getToken(scope, authorization)).json<{token: string}>().token}`;
	return {ask, open: open.ask, getToken, bearer};
}

test('the dance of a client: challenge, token, push, pull', async t => {
	const {ask, getToken} = tokenLab(t);
	const first = await ask('POST', '/v2/team/app/blobs/uploads/?mount=sha256:x&from=other/app');
	t.is(first.status, 401);
	t.is(first.headers['www-authenticate'], 'Bearer realm="http://registry.test/token",service="tug-registry",scope="repository:team/app:pull,push repository:other/app:pull"');
	const reply = await getToken('repository:team/app:pull,push', basic('ann', 'secret'));
	t.is(reply.status, 200);
	t.is(reply.headers['cache-control'], 'no-store');
	const {token, access_token: accessToken, expires_in: expiresIn, issued_at: issuedAt} = reply.json<{token: string; access_token: string; expires_in: number; issued_at: string}>();
	t.is(accessToken, token);
	t.is(expiresIn, 300);
	t.true(Math.abs(Date.parse(issuedAt) - Date.now()) < 60_000);
	const authorized: Ask = async (method, target, question = {}) => ask(method, target, {...question, headers: {...question.headers, authorization: `Bearer ${token}`}});
	await pushImage(authorized, 'team/app', 'v1', ['one']);
	t.is((await authorized('GET', '/v2/team/app/manifests/v1')).status, 200);
	t.is((await authorized('GET', '/v2/')).status, 200);
	const beyond = await authorized('DELETE', '/v2/team/app/manifests/v1');
	t.is(beyond.status, 401);
	t.regex(beyond.headers['www-authenticate']!, /scope="repository:team\/app:delete",error="insufficient_scope"$/);
	t.is((await authorized('GET', '/v2/other/tags/list')).status, 401);
	t.is((await authorized('GET', '/v2/_catalog')).status, 401);
	t.regex((await ask('GET', '/v2/', {headers: {authorization: 'Bearer nonsense'}})).headers['www-authenticate']!, /error="invalid_token"/);
	t.is((await ask('GET', '/v2/', {headers: {authorization: basic('ann', 'secret')}})).status, 401); // Tokens, not passwords
});

test('a token is about a repository under all its names', async t => {
	const {ask, open, bearer} = tokenLab(t);
	await pushImage(open, 'busybox', 'v1', ['one']);
	const authorization = await bearer('repository:library/busybox:pull', basic('ann', 'secret'));
	t.is((await ask('GET', '/v2/busybox/manifests/v1', {headers: {authorization}})).status, 200);
});

test('the catalog wants its own scope', async t => {
	const {ask, open, bearer} = tokenLab(t);
	await pushImage(open, 'app', 'v1', ['one']);
	const authorization = await bearer('registry:catalog:*', basic('ann', 'secret'));
	t.deepEqual((await ask('GET', '/v2/_catalog', {headers: {authorization}})).json<Catalog>().repositories, ['app']);
	t.is((await ask('GET', '/v2/app/tags/list', {headers: {authorization}})).status, 401);
});

test('no account, no token; a guest\'s token only pulls', async t => {
	const closed = tokenLab(t);
	t.is((await closed.getToken('repository:app:pull')).status, 401);
	t.is((await closed.getToken('repository:app:pull', basic('ann', 'wrong'))).status, 401);
	const {ask, open, bearer, getToken} = tokenLab(t, {guestsPull: true});
	await pushImage(open, 'app', 'v1', ['one']);
	const authorization = await bearer('repository:app:pull,push,delete,* registry:catalog:*');
	t.is((await ask('GET', '/v2/app/manifests/v1', {headers: {authorization}})).status, 200);
	for (const [method, target] of [['POST', '/v2/app/blobs/uploads/'], ['DELETE', '/v2/app/manifests/v1'], ['GET', '/v2/_catalog']] as const) {
		t.is((await ask(method, target, {headers: {authorization}})).status, 401);
	}

	t.is((await getToken('repository:app:pull', basic('ann', 'wrong'))).status, 401);
	t.is((await ask('GET', '/token?service=another')).status, 400);
	t.is((await ask('POST', '/token')).status, 404);
});

test('with a token, blobs come only from repositories it may read', async t => {
	const {ask, open, bearer} = tokenLab(t);
	await pushImage(open, 'secret', 'v1', ['hidden']);
	const digest = digestOf('hidden');
	const mount = async (scope: string, query: string) => {
		const authorization = await bearer(scope, basic('ann', 'secret'));
		return (await ask('POST', `/v2/mine/blobs/uploads/?mount=${digest}${query}`, {headers: {authorization}})).status;
	};

	t.is(await mount('repository:mine:pull,push', '&from=secret'), 202);
	t.is(await mount('repository:mine:pull,push', ''), 202);
	const authorization = await bearer('repository:mine:pull,push', basic('ann', 'secret'));
	t.is((await ask('GET', `/v2/mine/blobs/${digest}`, {headers: {authorization}})).status, 404);
	const {manifest} = imageOf(['hidden']);
	t.is(codeOf(await ask('PUT', '/v2/mine/manifests/v1', {headers: {authorization, 'content-type': types.manifest}, body: manifest})), 'MANIFEST_BLOB_UNKNOWN');
	t.is(await mount('repository:mine:pull,push repository:secret:pull', '&from=secret'), 201);
});
