/** Manifests, blobs, tags, catalog and search of one registry. */
import {createHash} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {EngineError} from '../../engine/errors.js';
import type {Digest} from '../../engine/oci/digest.js';
import {openRepository} from '../../engine/registry/repository.js';
import {filterResults, readCatalog, searchRegistry, type SearchResult} from '../../engine/registry/search.js';
import {openUploader, type UploadSource} from '../../engine/registry/upload.js';
import {hex, layerWith, type TestImage} from '../helpers/image-lab.js';
import {fail, fakeRegistry, types, type FakeRegistry} from '../helpers/fake-registry.js';
import {testAccess} from '../helpers/registry-lab.js';

const image: TestImage = {layers: [layerWith('a')], tags: null};
const noDigest = `sha256:${'0'.repeat(64)}` as Digest;

async function open(t: ExecutionContext, registry: FakeRegistry, path = 'team/app') {
	const access = await testAccess(t);
	const [connection] = await access.connect(registry.host);
	return {connection: connection!, repository: openRepository(connection!, path), uploader: openUploader(connection!, path)};
}

test('a manifest by tag and by digest, with its type', async t => {
	const registry = await fakeRegistry(t);
	const digest = registry.put('team/app', '1', image);
	const {repository} = await open(t, registry);
	const byTag = await repository.manifest('1');
	t.is(String(byTag.digest), digest);
	t.is(byTag.mediaType, types.manifest);
	t.deepEqual(await repository.manifest(digest), byTag);
	t.regex(registry.seen[0]!.headers.accept ?? '', /image\.index\.v1\+json.*manifest\.list\.v2\+json/);
	t.deepEqual(await repository.headManifest('1'), {digest: byTag.digest, mediaType: types.manifest, size: byTag.data.length});
	t.is(await repository.headManifest('2'), undefined);
});

for (const [name, mediaType, document, expected] of [
	['octet-stream that says what it is', 'application/octet-stream', {schemaVersion: 2, mediaType: types.manifest, layers: []}, types.manifest],
	['json that says what it is', 'application/json', {schemaVersion: 2, mediaType: types.index, manifests: []}, types.index],
	['json with layers', 'application/json', {schemaVersion: 2, layers: []}, types.manifest],
	['text with manifests', 'text/plain', {schemaVersion: 2, manifests: []}, types.index],
	['a parameter after the type', `${types.manifest}; charset=utf-8`, {schemaVersion: 2, layers: []}, types.manifest],
] as const) {
	test(`the type of a manifest sent as ${name}`, async t => {
		const registry = await fakeRegistry(t);
		registry.manifests.set('team/app/1', {mediaType, data: Buffer.from(JSON.stringify(document))});
		t.is((await (await open(t, registry)).repository.manifest('1')).mediaType, expected);
	});
}

test('a registry that does not tell the digest in HEAD is asked in full', async t => {
	const registry = await fakeRegistry(t);
	registry.put('team/app', '1', image);
	registry.intercept(({method}, response) => {
		if (method === 'HEAD') {
			response.writeHead(200, {'content-type': types.manifest}).end();
			return true;
		}

		return false;
	});
	t.is(await (await open(t, registry)).repository.headManifest('1'), undefined);
});

test('blobs: there or not, whole, in part, too big, wrong', async t => {
	const registry = await fakeRegistry(t);
	const data = Buffer.from('some content');
	const digest = `sha256:${hex(data)}` as Digest;
	registry.blobs.set(digest, data);
	const {repository} = await open(t, registry);
	t.true(await repository.hasBlob(digest));
	t.false(await repository.hasBlob(noDigest));
	t.deepEqual(await repository.readBlob(digest, data.length), data);
	t.is((await t.throwsAsync(repository.readBlob(digest, 5), {instanceOf: EngineError})).code, 'ETOOLARGE');
	t.is((await t.throwsAsync(repository.readBlob(digest, 50), {instanceOf: EngineError})).code, 'EINTEGRITY');
	registry.blobs.set(noDigest, data);
	t.regex((await t.throwsAsync(repository.readBlob(noDigest, data.length))).message, /has digest sha256:/);
	const whole = await repository.openBlob(digest, {size: data.length});
	t.deepEqual([whole.start, whole.isWhole], [0, true]);
	whole.body.destroy();
	const part = await repository.openBlob(digest, {range: {start: 5, end: 8}, size: data.length});
	t.deepEqual([part.start, part.isWhole], [5, false]);
	const pieces: Buffer[] = [];
	for await (const piece of part.body as AsyncIterable<Buffer>) {
		pieces.push(piece);
	}

	t.is(Buffer.concat(pieces).toString(), 'con');
	await t.throwsAsync(repository.openBlob(digest, {size: 99}), {message: /has 12 bytes instead of 99/});
	await t.throwsAsync(repository.openBlob(digest, {range: {start: 0, end: 5}, size: 99}), {message: /has 12 bytes instead of 99/});
	t.is((await t.throwsAsync(repository.openBlob(`sha256:${'1'.repeat(64)}` as Digest), {instanceOf: EngineError})).code, 'BLOB_UNKNOWN');
});

/** A list in pages of two. */
function paged(registry: FakeRegistry, path: string, member: string, names: readonly string[], link = (last: number) => `<${path}?n=2&last=${last}>; rel="next"`): void {
	registry.intercept(({path: asked}, response) => {
		if (!asked.startsWith(path)) {
			return false;
		}

		const from = Number(new URL(asked, 'http://x').searchParams.get('last') ?? 0);
		response.writeHead(200, from + 2 < names.length ? {link: link(from + 2)} : {}).end(JSON.stringify({[member]: names.slice(from, from + 2)}));
		return true;
	});
}

test('tags and catalog come in pages', async t => {
	const registry = await fakeRegistry(t);
	const names = ['a', 'b', 'c', 'd', 'e'];
	paged(registry, '/v2/team/app/tags/list', 'tags', names);
	paged(registry, '/v2/_catalog', 'repositories', names, last => `<http://elsewhere.example/v2/_catalog?n=2&last=${last}>; rel=next`);
	const {repository, connection} = await open(t, registry);
	t.deepEqual(await repository.tags(), names);
	t.deepEqual(await readCatalog(connection), names);
	t.is(registry.seen.length, 6);
});

test('pages that go in a circle end', async t => {
	const registry = await fakeRegistry(t);
	paged(registry, '/v2/team/app/tags/list', 'tags', ['a', 'b', 'c'], () => '</v2/team/app/tags/list>; rel="next"');
	t.deepEqual(await (await open(t, registry)).repository.tags(), ['a', 'b']);
	t.is(registry.seen.length, 2);
});

for (const body of ['{"tags":"x"}', '{"tags":[1]}', '[]', 'nonsense']) {
	test(`a list of tags that is ${body} is refused`, async t => {
		const registry = await fakeRegistry(t);
		registry.intercept((_, response) => {
			response.end(body);
			return true;
		});
		await t.throwsAsync((await open(t, registry)).repository.tags(), {instanceOf: EngineError});
	});
}

test('no tags at all may be null', async t => {
	const registry = await fakeRegistry(t);
	registry.intercept((_, response) => {
		response.end('{"name":"team/app","tags":null}');
		return true;
	});
	t.deepEqual(await (await open(t, registry)).repository.tags(), []);
});

test('search: the hub\'s form, at most so many', async t => {
	const registry = await fakeRegistry(t);
	registry.intercept(({path}, response) => {
		if (!path.startsWith('/v1/search')) {
			return false;
		}

		t.is(path, '/v1/search?q=web+server&n=2');
		response.end(JSON.stringify({num_results: 3, results: [{name: 'nginx', description: 'd', star_count: 5, is_official: true, is_automated: false}, {name: 'other'}, {name: 'third'}]}));
		return true;
	});
	const {connection} = await open(t, registry);
	t.deepEqual(await searchRegistry(connection, 'web server', 2), [
		{name: 'nginx', description: 'd', star_count: 5, is_official: true, is_automated: false},
		{name: 'other', description: '', star_count: 0, is_official: false, is_automated: false},
	]);
});

test('a registry without search is asked for its catalog', async t => {
	const registry = await fakeRegistry(t);
	for (const name of ['team/web', 'team/db', 'web']) {
		registry.put(name, '1', image);
	}

	registry.intercept(({path}, response) => {
		if (path.startsWith('/v1/')) {
			response.writeHead(404, {'content-type': 'text/plain'}).end('404 page not found');
			return true;
		}

		return false;
	});
	const {connection} = await open(t, registry);
	t.deepEqual((await searchRegistry(connection, 'WEB', 25)).map(({name}) => name), ['team/web', 'web']);
	t.deepEqual((await searchRegistry(connection, 'web', 1)).map(({name}) => name), ['team/web']);
	registry.intercept(({path}, response) => path.startsWith('/v2/_catalog') && fail(response, 403, 'DENIED', 'not for you'));
	t.is((await t.throwsAsync(searchRegistry(connection, 'web', 1), {instanceOf: EngineError})).code, 'DENIED');
});

const results: readonly SearchResult[] = [
	{name: 'a', description: '', star_count: 10, is_official: true, is_automated: false},
	{name: 'b', description: '', star_count: 5, is_official: false, is_automated: true},
	{name: 'c', description: '', star_count: 0, is_official: false, is_automated: false},
];

for (const [filters, names] of [
	[{}, 'abc'],
	[{'is-official': ['true']}, 'a'],
	[{'is-official': ['0']}, 'bc'],
	[{'is-automated': ['1']}, 'b'],
	[{stars: ['5']}, 'ab'],
	[{stars: ['3', '6']}, 'a'],
	[{stars: ['1'], 'is-official': ['false']}, 'b'],
] as const) {
	test(`search with ${JSON.stringify(filters)}`, t => {
		t.is(filterResults(results, filters).map(({name}) => name).join(''), names);
	});
}

test('search filters that can\'t be', t => {
	t.throws(() => filterResults([], {colour: ['red']}), {message: 'invalid filter \'colour\''});
	t.throws(() => filterResults([], {stars: ['many']}), {message: 'invalid filter \'stars=many\''});
	t.throws(() => filterResults([], {'is-official': ['maybe']}), {message: 'invalid filter \'is-official=maybe\''});
});

function source(data: Buffer, reads: number[] = []): UploadSource {
	return {
		digest: `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest,
		sizeBytes: data.length,
		async * read(start) {
			reads.push(start);
			for (let offset = start; offset < data.length; offset += 1000) {
				yield data.subarray(offset, offset + 1000);
			}
		},
	};
}

test('a blob goes up in one request, an empty one too', async t => {
	const registry = await fakeRegistry(t);
	const {uploader} = await open(t, registry);
	for (const data of [Buffer.alloc(5500, 7), Buffer.alloc(0)]) {
		const seen: number[] = [];
		await uploader.upload(source(data), {onProgress: current => seen.push(current)});
		t.deepEqual(registry.blobs.get(`sha256:${hex(data)}`), data);
		t.is(seen.at(-1), data.length === 0 ? undefined : 5500);
	}

	t.is(registry.requests('PUT', /digest=/).length, 2);
	t.is(registry.requests('PUT', /state=x&digest=/).length, 2, 'what the registry put into the address stays');
	t.is(registry.requests('PATCH', /./).length, 0);
});

test('content that is not what its digest says is refused by the registry, and not sent again', async t => {
	const registry = await fakeRegistry(t);
	const {uploader} = await open(t, registry);
	const error = await t.throwsAsync(uploader.upload({...source(Buffer.from('x')), digest: noDigest}), {instanceOf: EngineError});
	t.is(error.code, 'DIGEST_INVALID');
	t.is(registry.requests('PUT', /./).length, 1);
});

test('a refusal before all was sent ends the sending', async t => {
	const registry = await fakeRegistry(t);
	const {uploader} = await open(t, registry);
	registry.intercept(({method}, response) => method === 'POST' && fail(response, 403, 'DENIED', 'quota exceeded'));
	const reads: number[] = [];
	const error = await t.throwsAsync(uploader.upload(source(Buffer.alloc(10), reads)), {instanceOf: EngineError});
	t.is(error.message, 'denied: quota exceeded');
	t.deepEqual(reads, []);
});

test('ctrl-c ends an upload', async t => {
	const registry = await fakeRegistry(t);
	const {uploader} = await open(t, registry);
	const controller = new AbortController();
	const endless = {
		...source(Buffer.alloc(0)),
		sizeBytes: 1e9,
		async * read() {
			for (;;) {
				yield Buffer.alloc(100_000);
				setImmediate(() => {
					controller.abort(new Error('enough'));
				});
			}
		},
	};
	await t.throwsAsync(uploader.upload(endless, {signal: controller.signal}), {message: 'enough'});
	t.is(registry.blobs.size, 0);
});

test('a manifest goes up with its type, under a tag or a digest', async t => {
	const registry = await fakeRegistry(t);
	const {uploader} = await open(t, registry);
	const data = Buffer.from('{"schemaVersion":2}');
	await uploader.putManifest('1', {mediaType: types.index, data});
	await uploader.putManifest(`sha256:${hex(data)}`, {mediaType: types.index, data});
	t.deepEqual(registry.manifests.get('team/app/1'), {mediaType: types.index, data});
	t.deepEqual(registry.requests('PUT', /./).map(({path}) => path), ['/v2/team/app/manifests/1', `/v2/team/app/manifests/sha256:${hex(data)}`]);
});
