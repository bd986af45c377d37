/** Logging in: tokens, passwords, and where they go. */
import test, {type ExecutionContext} from 'ava';
import {EngineError} from '../../engine/errors.js';
import {createAuthorizer} from '../../engine/registry/authorizer.js';
import type {Credentials} from '../../engine/registry/credentials.js';
import {loginToRegistry} from '../../engine/registry/login.js';
import {openRepository} from '../../engine/registry/repository.js';
import {layerWith, type TestImage} from '../helpers/image-lab.js';
import {fail, fakeRegistry, type FakeRegistry} from '../helpers/fake-registry.js';
import {testAccess} from '../helpers/registry-lab.js';

const image: TestImage = {layers: [layerWith('a')], tags: null};

type TokenServer = {readonly registry: FakeRegistry; readonly asked: URL[]; readonly forms: URLSearchParams[]; readonly authorizations: Array<string | undefined>; answer: (url: URL, form: URLSearchParams) => unknown};

/** A registry that takes `Bearer good-SCOPES` only, with a token server beside it. */
async function guarded(t: ExecutionContext): Promise<TokenServer> {
	const [registry, server] = [await fakeRegistry(t), await fakeRegistry(t)];
	registry.put('team/app', 'latest', image);
	const place: TokenServer = {registry, asked: [], forms: [], authorizations: [], answer: url => ({token: `good-${url.searchParams.getAll('scope').join('+')}`, expires_in: 300})};
	server.intercept(({path, headers, body}, response) => {
		const url = new URL(path, `http://${server.host}`);
		place.asked.push(url);
		place.forms.push(new URLSearchParams(body.toString()));
		place.authorizations.push(headers.authorization);
		const answer = place.answer(url, new URLSearchParams(body.toString()));
		if (typeof answer === 'number') {
			response.writeHead(answer, {'content-type': 'application/json'}).end('{"details":"incorrect username or password"}');
		} else {
			response.end(JSON.stringify(answer));
		}

		return true;
	});
	registry.intercept(({headers, path}, response) => {
		const scope = path === '/v2/' ? '' : 'repository:team/app:pull';
		if (headers.authorization?.startsWith('Bearer good-') && headers.authorization.includes(scope)) {
			return false;
		}

		response.writeHead(401, {'www-authenticate': `Bearer realm="http://${server.host}/token",service="the registry"${scope === '' ? '' : `,scope="${scope}"`}`, 'content-type': 'application/json'}).end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
		return true;
	});
	return place;
}

async function repository(t: ExecutionContext, {registry}: Pick<TokenServer, 'registry'>, credentials: Credentials) {
	const access = await testAccess(t);
	const [connection] = await access.connect(registry.host, {credentials});
	return openRepository(connection!, 'team/app');
}

test('without credentials a token for nobody is fetched once and kept', async t => {
	const place = await guarded(t);
	const app = await repository(t, place, {});
	await app.manifest('latest');
	await app.manifest('latest');
	await Promise.all([app.tags(), app.headManifest('latest'), app.manifest('latest')]);
	t.is(place.asked.length, 1);
	t.is(place.asked[0]!.search, '?service=the+registry&scope=repository%3Ateam%2Fapp%3Apull');
	t.deepEqual(place.authorizations, [undefined]);
	t.is(place.registry.seen.filter(({headers}) => headers.authorization === undefined).length, 1);
});

test('ten requests at once that find the door closed fetch few tokens', async t => {
	const place = await guarded(t);
	const app = await repository(t, place, {});
	await Promise.all(Array.from({length: 10}, async () => app.manifest('latest')));
	t.true(place.asked.length <= 2, String(place.asked.length));
});

test('user and password go to the token server, never to the registry', async t => {
	const place = await guarded(t);
	const app = await repository(t, place, {username: 'me', password: 's3cret'});
	await app.manifest('latest');
	t.deepEqual(place.authorizations, [`Basic ${Buffer.from('me:s3cret').toString('base64')}`]);
	t.is(place.asked[0]!.searchParams.get('account'), 'me');
	t.false(place.registry.seen.some(({headers}) => headers.authorization?.startsWith('Basic')));
});

test('an identity token is exchanged as OAuth2 has it', async t => {
	const place = await guarded(t);
	place.answer = (_, form) => ({access_token: `good-${form.get('scope') ?? ''}`, expires_in: 300});
	const app = await repository(t, place, {identityToken: 'refresh-me'});
	await app.manifest('latest');
	t.deepEqual(Object.fromEntries(place.forms[0]!), {grant_type: 'refresh_token', refresh_token: 'refresh-me', client_id: 'tug', service: 'the registry', scope: 'repository:team/app:pull'});
	t.is(place.authorizations[0], undefined);
});

test('an access token is sent as it is, from the first request on', async t => {
	const place = await guarded(t);
	const app = await repository(t, place, {registryToken: 'good-repository:team/app:pull'});
	await app.manifest('latest');
	t.is(place.asked.length, 0);
	t.is(place.registry.seen.length, 1);
	const denied = await repository(t, place, {registryToken: 'bad'});
	t.is((await t.throwsAsync(denied.manifest('latest'), {instanceOf: EngineError})).kind, 'unauthorized');
});

test('a token that was refused before its time is fetched anew', async t => {
	const place = await guarded(t);
	const app = await repository(t, place, {});
	await app.manifest('latest');
	let isRevoked = true;
	place.registry.intercept(({headers}, response) => {
		if (isRevoked && headers.authorization !== undefined) {
			isRevoked = false;
			response.writeHead(401, {'www-authenticate': `Bearer realm="http://${place.asked[0]!.host}/token",service="the registry",scope="repository:team/app:pull",error="invalid_token"`}).end();
			return true;
		}

		return false;
	});
	await app.manifest('latest');
	t.is(place.asked.length, 2);
});

test('a token ends by this machine\'s own clock, whatever time the server thinks it is', async t => {
	let nowMs = 1000;
	let count = 0;
	const authorizer = createAuthorizer({
		host: 'r',
		credentials: {},
		nowMs: () => nowMs,
		async send() {
			count++;
			const {Readable} = await import('node:stream');
			return {status: 200, headers: {}, url: new URL('http://a/'), body: Readable.from([Buffer.from(JSON.stringify({token: `t${count}`, expires_in: 100, issued_at: '1970-01-01T00:00:00Z'}))])};
		},
	});
	t.is(await authorizer.authorization(['s']), undefined);
	t.true(authorizer.learn({challenges: ['Bearer realm="http://a/t"'], used: undefined, scopes: ['s'], url: new URL('http://r/')}));
	t.is(await authorizer.authorization(['s']), 'Bearer t1');
	nowMs += 89_000;
	t.is(await authorizer.authorization(['s']), 'Bearer t1');
	nowMs += 2000;
	t.is(await authorizer.authorization(['s']), 'Bearer t2');
	t.is(await authorizer.authorization(['s', 'other']), 'Bearer t3');
	t.is(await authorizer.authorization(['s']), 'Bearer t2');
});

for (const [name, answer, expected] of [
	['refuses', 401, /^unauthorized: incorrect username or password$/],
	['forbids', 403, /^unauthorized: incorrect username or password$/],
	['gives no token', {expires_in: 3}, /holds no token/],
	['gives a token that can\'t be a header', {token: 'a\nb: c'}, /holds no token/],
	['gives a list', [], /is not an object/],
	['is broken', 500, /incorrect username or password/],
] as const) {
	test(`a token server that ${name} is told as such`, async t => {
		const place = await guarded(t);
		place.answer = () => answer;
		const app = await repository(t, place, {username: 'me', password: 'x'});
		const error = await t.throwsAsync(app.manifest('latest'), {instanceOf: EngineError});
		t.regex(error.message, expected);
	});
}

test('a realm that is no address is a fault of the registry', async t => {
	const registry = await fakeRegistry(t);
	registry.intercept((_, response) => {
		response.writeHead(401, {'www-authenticate': 'Bearer realm="file:///etc/shadow"'}).end();
		return true;
	});
	const error = await t.throwsAsync((await repository(t, {registry}, {username: 'me', password: 'x'})).manifest('latest'), {instanceOf: EngineError});
	t.is(error.code, 'EBADREALM');
});

test('a sealed password does not go to a token server in the clear', t => {
	const authorizer = createAuthorizer({
		host: 'r',
		credentials: {username: 'me', password: 'x'},
		async send() {
			throw new Error('sent');
		},
	});
	const refusal = {challenges: ['Bearer realm="http://token.example/"'], used: undefined, scopes: [], url: new URL('https://r/v2/')};
	t.throws(() => authorizer.learn(refusal), {message: /asks to send your password to http:\/\/token\.example, unencrypted/});
	t.true(createAuthorizer({host: 'r', credentials: {}, send: async () => t.fail()}).learn(refusal));
});

test('Basic: sent once it was asked for, refused without a user', async t => {
	const registry = await fakeRegistry(t);
	registry.put('team/app', 'latest', image);
	const right = `Basic ${Buffer.from('me:pass').toString('base64')}`;
	registry.intercept(({headers}, response) => {
		if (headers.authorization === right) {
			return false;
		}

		return fail(response, 401, 'UNAUTHORIZED', 'authentication required', {'www-authenticate': 'Basic realm="x"'});
	});
	const app = await repository(t, {registry}, {username: 'me', password: 'pass'});
	await app.manifest('latest');
	await app.manifest('latest');
	t.deepEqual(registry.seen.map(({headers}) => headers.authorization), [undefined, right, right]);
	const nobody = await t.throwsAsync((await repository(t, {registry}, {})).manifest('latest'), {instanceOf: EngineError});
	t.is(nobody.message, 'no basic auth credentials');
	t.regex(nobody.hint ?? '', /tug login/);
	registry.seen.length = 0;
	const wrong = await t.throwsAsync((await repository(t, {registry}, {username: 'me', password: 'wrong'})).manifest('latest'), {instanceOf: EngineError});
	t.is(wrong.message, 'unauthorized: authentication required');
	t.is(registry.seen.length, 2);
});

test('login checks them, and gets a token to keep where there is one', async t => {
	const place = await guarded(t);
	place.answer = url => ({token: 'good-', ...(url.searchParams.get('offline_token') === 'true' ? {refresh_token: 'keep-me'} : {})});
	const access = await testAccess(t);
	const login = async (credentials: Credentials) => loginToRegistry((await access.connect(place.registry.host, {credentials}))[0]!);
	t.deepEqual(await login({username: 'me', password: 'pass'}), {identityToken: 'keep-me'});
	place.answer = () => 401;
	t.regex((await t.throwsAsync(login({username: 'me', password: 'wrong'}), {instanceOf: EngineError})).message, /failed with status: 401 Unauthorized$/);
	const open = await fakeRegistry(t);
	t.deepEqual(await loginToRegistry((await access.connect(open.host, {credentials: {username: 'a', password: 'b'}}))[0]!), {});
});
