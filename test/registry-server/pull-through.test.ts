/**
A cache of another registry, with that one played by a registry of our own, and by one that fails.
*/
import test, {type ExecutionContext} from 'ava';
import {EngineError} from '../../engine/errors.js';
import {namesOf} from '../../engine/image/repositories.js';
import {parseDigest, type Digest} from '../../engine/oci/digest.js';
import {registryMetrics} from '../../engine/registry-server/metrics.js';
import {pullThrough} from '../../engine/registry-server/pull-through.js';
import type {UpstreamBlob, UpstreamClient} from '../../engine/registry-server/upstream.js';
import {storeContent} from '../../engine/registry-host/store-content.js';
import {readReferences, entryReference} from '../../engine/store/reference-store.js';
import {testStore} from '../helpers/image-lab.js';
import {codeOf, digestOf, indexOf, pushImage, putManifest, registryLab, types, type Ask, type RegistryLab} from '../helpers/registry-server-lab.js';

type Behind = UpstreamClient & {readonly asked: string[]; isAway: boolean; tamper: (blob: UpstreamBlob, from: number) => UpstreamBlob};

/** The client of a registry that is asked in this process, and can be made to fail. */
function clientOf(ask: Ask): Behind {
	const accept = Object.values(types).join(', ');
	const asked: string[] = [];
	const question = (text: string) => {
		asked.push(text);
		if (behind.isAway) {
			throw new EngineError('unavailable', 'connection refused');
		}
	};

	const behind: Behind = {
		asked,
		isAway: false,
		tamper: blob => blob,
		async manifest(path, reference, known) {
			question(`manifest ${reference.slice(0, 12)}`);
			const got = await ask('GET', `/v2/${path}/manifests/${reference}`, {headers: {accept}});
			if (got.status !== 200) {
				return undefined;
			}

			const digest = got.headers['docker-content-digest'] as Digest;
			return digest === known ? 'same' : {mediaType: got.headers['content-type']!, digest, data: got.body};
		},
		async blob(path, digest, from) {
			question(`blob ${from}`);
			const got = await ask('GET', `/v2/${path}/blobs/${digest}`, from === 0 ? {} : {headers: {range: `bytes=${from}-`}});
			if (got.status >= 300) {
				return undefined;
			}

			async function* data() {
				for (let offset = 0; offset < got.body.length; offset += 1000) {
					yield got.body.subarray(offset, offset + 1000);
				}
			}

			return behind.tamper({from, sizeBytes: from + got.body.length, data: data(), close() {}}, from);
		},
		async blobSize(path, digest) {
			question('size');
			const got = await ask('HEAD', `/v2/${path}/blobs/${digest}`);
			return got.status === 200 ? got.length : undefined;
		},
	};
	return behind;
}

type Lab = {readonly behind: Behind; readonly origin: RegistryLab; readonly cache: RegistryLab; readonly clock: {nowMs: number}; readonly failures: unknown[]};

function lab(t: ExecutionContext): Lab {
	const origin = registryLab(t);
	const behind = clientOf(origin.ask);
	const store = testStore(t);
	const content = storeContent(store, {names: namesOf('docker.io')});
	const clock = {nowMs: 1e12};
	const failures: unknown[] = [];
	const upstream = pullThrough({content, client: behind, maxBlobBytes: 1e7, metrics: registryMetrics(), now: () => clock.nowMs, onFailure: (_message, error) => failures.push(error)});
	return {behind, origin, cache: registryLab(t, {store, content, upstream}), clock, failures};
}

const layer = 'layer '.repeat(10_000);

test('what is asked for is fetched, kept, and given from here the next time', async t => {
	const {behind, origin, cache} = lab(t);
	const image = await pushImage(origin.ask, 'library/busybox', 'latest', [layer]);
	for (let round = 0; round < 2; round++) {
		const got = await cache.ask('GET', '/v2/library/busybox/manifests/latest');
		t.deepEqual(got.body, image.data);
		t.is((await cache.ask('GET', `/v2/library/busybox/blobs/${digestOf(image.config)}`)).body.toString(), image.config);
		t.is((await cache.ask('GET', `/v2/library/busybox/blobs/${digestOf(layer)}`)).body.toString(), layer);
		t.is((await cache.ask('GET', `/v2/library/busybox/manifests/${image.digest}`)).status, 200);
	}

	t.deepEqual(behind.asked, ['manifest latest', 'blob 0', 'blob 0']);
	t.deepEqual(readReferences(cache.store).map(entry => entryReference(entry)), ['docker.io/library/busybox:latest']);
	await cache.content.collect(0);
	t.is((await cache.ask('GET', `/v2/library/busybox/blobs/${digestOf(layer)}`)).status, 200);
});

test('everybody who asks for a blob reads along with one fetch', async t => {
	const {behind, origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', [layer]);
	await cache.ask('GET', '/v2/app/manifests/v1');
	const all = await Promise.all(Array.from({length: 8}, async () => cache.ask('GET', `/v2/app/blobs/${digestOf(layer)}`)));
	t.true(all.every(({body, status}) => status === 200 && body.toString() === layer));
	t.is(behind.asked.filter(text => text === 'blob 0').length, 1);
});

test('a reader gets what is there before the rest has come, and the last byte only once all is verified', async t => {
	const {behind, origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', [layer]);
	await cache.ask('GET', '/v2/app/manifests/v1');
	let release: (() => void) | undefined;
	const held = new Promise<void>(resolve => {
		release = resolve;
	});
	behind.tamper = blob => ({
		...blob,
		data: (async function * () {
			for await (const piece of blob.data) {
				yield piece;
				await held;
			}
		})(),
	});
	const {reply} = await cache.registry.handle({method: 'GET', target: `/v2/app/blobs/${digestOf(layer)}`, headers: {}, async* body() {}, remoteAddress: '', isSecure: false});
	const body = (reply.body as {read(): AsyncIterable<Buffer>}).read()[Symbol.asyncIterator]();
	const waiting = body.next();
	release!();
	const first = await waiting;
	t.true(first.done !== true && first.value.length > 0);
	let received = first.value as Buffer;
	for (let next = await body.next(); next.done !== true; next = await body.next()) {
		received = Buffer.concat([received, next.value]);
	}

	t.is(received.toString(), layer);
});

test('a connection that breaks is taken up where it broke', async t => {
	const {behind, origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', [layer]);
	await cache.ask('GET', '/v2/app/manifests/v1');
	let breaks = 2;
	behind.tamper = blob => ({
		...blob,
		data: (async function * () {
			let pieces = 0;
			for await (const piece of blob.data) {
				if (breaks > 0 && ++pieces > 3) {
					breaks--;
					throw new Error('reset');
				}

				yield piece;
			}
		})(),
	});
	t.is((await cache.ask('GET', `/v2/app/blobs/${digestOf(layer)}`)).body.toString(), layer);
	t.deepEqual(behind.asked.filter(text => text.startsWith('blob')), ['blob 0', 'blob 3000', 'blob 6000']);
});

test('a registry that begins again from the start, or stops early, is coped with', async t => {
	const {behind, origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', [layer]);
	await cache.ask('GET', '/v2/app/manifests/v1');
	const whole = Buffer.from(layer);
	let attempt = 0;
	behind.tamper = () => ({
		from: 0, // No ranges
		sizeBytes: whole.length,
		close() {},
		data: (async function * () {
			attempt++;
			yield whole.subarray(0, 7777);
			if (attempt > 1) {
				yield whole.subarray(7777);
			}
		})(),
	});
	t.is((await cache.ask('GET', `/v2/app/blobs/${digestOf(layer)}`)).body.toString(), layer);
	t.is(attempt, 2);
});

test('bytes that are not the blob never go out whole, and are not kept', async t => {
	const {behind, origin, cache, failures} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', [layer]);
	await cache.ask('GET', '/v2/app/manifests/v1');
	behind.tamper = blob => ({
		...blob,
		data: (async function * () {
			for await (const piece of blob.data) {
				yield Buffer.from(piece.map(byte => byte ^ 1));
			}
		})(),
	});
	const digest = digestOf(layer);
	await t.throwsAsync(async () => cache.ask('GET', `/v2/app/blobs/${digest}`), {message: /gave no proper answer/});
	t.true(failures.length > 0);
	t.is(cache.content.blobSize(parseDigest(digest)!), undefined);
	behind.tamper = blob => blob;
	t.is((await cache.ask('GET', `/v2/app/blobs/${digest}`)).body.toString(), layer);
});

test('a registry that breaks off again and again is given up on', async t => {
	const {behind, origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', [layer]);
	await cache.ask('GET', '/v2/app/manifests/v1');
	behind.tamper = blob => ({
		...blob,
		data: (async function * () {
			yield Buffer.from('la');
			throw new Error('reset');
		})(),
	});
	await t.throwsAsync(async () => cache.ask('GET', `/v2/app/blobs/${digestOf(layer)}`));
	t.is(behind.asked.filter(text => text.startsWith('blob')).length, 4);
});

test('a tag is looked up once a minute, and moves when it moved there', async t => {
	const {behind, origin, cache, clock} = lab(t);
	const first = await pushImage(origin.ask, 'app', 'latest', ['one']);
	const digest = async () => (await cache.ask('HEAD', '/v2/app/manifests/latest')).headers['docker-content-digest'];
	t.is(await digest(), first.digest);
	const second = await pushImage(origin.ask, 'app', 'latest', ['two']);
	t.is(await digest(), first.digest);
	clock.nowMs += 61_000;
	t.is(await digest(), second.digest);
	t.is(behind.asked.length, 2);
	clock.nowMs += 61_000;
	t.is(await digest(), second.digest);
	t.is(behind.asked.length, 3);
});

test('while the registry behind is away, what is here is served; what is not is unavailable', async t => {
	const {behind, origin, cache, clock} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', ['one']);
	await cache.ask('GET', '/v2/app/manifests/v1');
	await cache.ask('GET', `/v2/app/blobs/${digestOf('one')}`);
	behind.isAway = true;
	clock.nowMs += 3_600_000;
	t.is((await cache.ask('GET', '/v2/app/manifests/v1')).status, 200);
	t.is((await cache.ask('GET', `/v2/app/blobs/${digestOf('one')}`)).body.toString(), 'one');
	for (const target of ['/v2/app/manifests/v2', '/v2/other/manifests/v1', `/v2/app/blobs/${digestOf('two')}`]) {
		for (const method of ['GET', 'HEAD']) {
			t.is((await cache.ask(method, target)).status, 503, target);
		}
	}

	t.is(codeOf(await cache.ask('GET', '/v2/app/manifests/v2')), 'UNAVAILABLE');
});

test('what the registry behind has not got is not there', async t => {
	const {origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', ['one']);
	t.is((await cache.ask('GET', '/v2/app/manifests/v2')).status, 404);
	t.is((await cache.ask('GET', `/v2/app/blobs/${digestOf('nothing')}`)).status, 404);
	t.is((await cache.ask('HEAD', `/v2/app/blobs/${digestOf('nothing')}`)).status, 404);
	t.is((await cache.ask('HEAD', `/v2/app/blobs/${digestOf('one')}`)).length, 3);
});

test('of an index, only the manifests that are asked for are fetched', async t => {
	const {behind, origin, cache} = lab(t);
	const amd = await pushImage(origin.ask, 'app', undefined, ['amd'], {architecture: 'amd64'});
	const arm = await pushImage(origin.ask, 'app', undefined, ['arm'], {architecture: 'arm64'});
	await putManifest(origin.ask, 'app', 'v1', indexOf([{manifest: amd, architecture: 'amd64'}, {manifest: arm, architecture: 'arm64'}]), types.index);
	t.is((await cache.ask('GET', '/v2/app/manifests/v1')).headers['content-type'], types.index);
	t.is((await cache.ask('GET', `/v2/app/manifests/${arm.digest}`)).status, 200);
	t.is((await cache.ask('GET', '/v2/app/manifests/v1', {headers: {accept: types.manifest}})).headers['docker-content-digest'], amd.digest);
	t.is(behind.asked.length, 3);
});

test('a cache takes no pushes and no deletes', async t => {
	const {cache} = lab(t);
	for (const [method, target] of [['POST', '/v2/app/blobs/uploads/'], ['PUT', '/v2/app/manifests/v1'], ['DELETE', '/v2/app/manifests/v1']] as const) {
		const got = await cache.ask(method, target);
		t.is(got.status, 405);
		t.regex(got.body.toString(), /cache of another one/);
	}
});

test('a blob beyond the limit is not fetched', async t => {
	const {behind, origin, cache} = lab(t);
	await pushImage(origin.ask, 'app', 'v1', ['one']);
	await cache.ask('GET', '/v2/app/manifests/v1');
	let isClosed = false;
	behind.tamper = blob => ({...blob, sizeBytes: 1e12, close() {
		isClosed = true;
	}});
	t.is((await cache.ask('GET', `/v2/app/blobs/${digestOf('one')}`)).status, 502);
	t.true(isClosed);
});

test('nonsense from the registry behind is not kept', async t => {
	const {behind, cache} = lab(t);
	behind.manifest = async () => ({mediaType: types.manifest, digest: digestOf('<html>') as Digest, data: Buffer.from('<html>')});
	const got = await cache.ask('GET', '/v2/app/manifests/v1');
	t.is(got.status, 503);
	t.deepEqual(readReferences(cache.store), []);
});
