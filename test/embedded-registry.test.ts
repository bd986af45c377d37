/** What the engine does with registries, in docker's shapes. */
import {Buffer} from 'node:buffer';
import test, {type ExecutionContext} from 'ava';
import {registryMethods} from '../engine/embedded-registry.js';
import {EngineError} from '../engine/errors.js';
import type {PullOptions} from '../engine/image/pull.js';
import type {ImageService} from '../engine/image/image-service.js';
import {openUserCredentials} from '../engine/user-credentials.js';
import {layerWith, type TestImage} from './helpers/image-lab.js';
import {fail, fakeRegistry, types} from './helpers/fake-registry.js';
import {collect, testAccess} from './helpers/registry-lab.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

const image: TestImage = {layers: [layerWith('a')], tags: null};

async function methods(t: ExecutionContext, options: Parameters<typeof testAccess>[1] = {}) {
	const access = await testAccess(t, options);
	const pulls: Array<[string, PullOptions | undefined]> = [];
	const images = {
		async * pull(name: string, pullOptions?: PullOptions) {
			pulls.push([name, pullOptions]);
			yield {status: 'pulled'};
		},
		async * push(name: string, pushOptions?: PullOptions) {
			pulls.push([name, pushOptions]);
			yield {status: 'pushed'};
		},
	} as unknown as ImageService;
	return {...registryMethods(images, async () => access), pulls};
}

for (const [auth, expected] of [
	[undefined, undefined],
	[{}, {}],
	[{username: '', password: ''}, {}],
	[{username: 'me', password: 'x', serveraddress: 'ignored'}, {username: 'me', password: 'x'}],
	[{auth: Buffer.from('me:with:colon').toString('base64')}, {username: 'me', password: 'with:colon'}],
	[{auth: '!!!'}, {}],
	[{identitytoken: 'i'}, {identityToken: 'i'}],
	[{registrytoken: 'r'}, {registryToken: 'r'}],
] as const) {
	test(`docker's auth ${JSON.stringify(auth) ?? 'absent'}`, async t => {
		const {pullImage, pushImage, pulls} = await methods(t);
		t.deepEqual(await collect(pullImage('x', auth === undefined ? {} : {auth})), [{status: 'pulled'}]);
		await collect(pushImage('x', {allTags: true, ...(auth === undefined ? {} : {auth})}));
		t.deepEqual(pulls[0]![1]?.credentials, expected);
		t.deepEqual(pulls[1], ['x', {allTags: true, credentials: expected}] as never);
	});
}

test('the limit of a search', async t => {
	const {searchImages} = await methods(t);
	for (const limit of [0, 101, -1]) {
		await t.throwsAsync(searchImages('x', {limit}), {message: `limit ${limit} is outside the range of [1, 100]`});
	}

	await t.throwsAsync(searchImages('x', {filters: {colour: ['red']}}), {message: 'invalid filter \'colour\''});
});

test('a search names its registry, or means the hub', async t => {
	const registry = await fakeRegistry(t);
	registry.put('team/web', '1', image);
	registry.intercept(({path}, response) => path.startsWith('/v1/') && fail(response, 404, 'UNKNOWN', 'nothing'));
	const {searchImages} = await methods(t, {environment: {HTTPS_PROXY: 'http://127.0.0.1:1'}});
	t.deepEqual((await searchImages(`${registry.host}/we`)).map(({name}) => name), ['team/web']);
	t.deepEqual(await searchImages(`${registry.host}/we`, {filters: {'is-official': ['true']}}), []);
	const error = await t.throwsAsync(searchImages('nginx'), {instanceOf: EngineError});
	t.regex(error.message, /index\.docker\.io:443/);
});

test('what is in a registry, without pulling it', async t => {
	const registry = await fakeRegistry(t);
	const digest = registry.put('app', '1', {...image, architecture: 'arm64'});
	const {inspectDistribution} = await methods(t);
	const single = await inspectDistribution(`${registry.host}/app:1`);
	t.deepEqual(single, {Descriptor: {mediaType: types.manifest, digest, size: registry.manifests.get('app/1')!.data.length}, Platforms: [{os: 'linux', architecture: 'arm64'}]});
	const index = registry.putIndex('app', 'latest', [{mediaType: types.manifest, digest, size: 1, platform: {os: 'linux', architecture: 'arm64', variant: 'v8'}}, {mediaType: types.manifest, digest, size: 1}]);
	const list = await inspectDistribution(`${registry.host}/app`);
	t.is(list.Descriptor.digest, index);
	t.deepEqual(list.Platforms, [{os: 'linux', architecture: 'arm64', variant: 'v8'}]);
	t.is((await t.throwsAsync(inspectDistribution(`${registry.host}/none`), {instanceOf: EngineError})).kind, 'notFound');
});

test('checking who one is', async t => {
	const registry = await fakeRegistry(t);
	const right = `Basic ${Buffer.from('me:pass').toString('base64')}`;
	registry.intercept(({headers}, response) => headers.authorization !== right && fail(response, 401, 'UNAUTHORIZED', 'no', {'www-authenticate': 'Basic realm="x"'}));
	const {checkAuth} = await methods(t);
	t.deepEqual(await checkAuth({username: 'me', password: 'pass', serveraddress: `http://${registry.host}/v2/`}), {Status: 'Login Succeeded', IdentityToken: ''});
	t.is((await t.throwsAsync(checkAuth({username: 'me', password: 'wrong', serveraddress: registry.host}), {instanceOf: EngineError})).kind, 'unauthorized');
});

test.serial('the person\'s own credentials, by any name of the server', async t => {
	const before = process.env['DOCKER_CONFIG'];
	process.env['DOCKER_CONFIG'] = temporaryFolder(t);
	t.teardown(() => {
		if (before === undefined) {
			delete process.env['DOCKER_CONFIG'];
		} else {
			process.env['DOCKER_CONFIG'] = before;
		}
	});
	const credentials = openUserCredentials();
	t.is(credentials.nameOf(''), 'https://index.docker.io/v1/');
	t.is(credentials.nameOf('https://r:1/v2/'), 'r:1');
	await credentials.store('docker.io', {username: 'me', password: 'x'});
	t.deepEqual(await credentials.get(''), {serveraddress: 'https://index.docker.io/v1/', username: 'me', password: 'x'});
	await credentials.store('https://r:1', {username: 'me', password: 'x', identitytoken: 'tok'});
	t.deepEqual(await credentials.get('r:1'), {serveraddress: 'r:1', username: 'me', identitytoken: 'tok'});
	t.true(await credentials.erase('http://r:1/'));
	t.false(await credentials.erase('r:1'));
});
