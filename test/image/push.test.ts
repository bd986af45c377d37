import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import zlib from 'node:zlib';
import {Readable} from 'node:stream';
import test from 'ava';
import {EngineError} from '../../engine/errors.js';
import {assertSound, dockerArchive, hex, idOf, layerWith, load, tarOf, type TestImage} from '../helpers/image-lab.js';
import {fail, fakeRegistry, types, type PutOptions} from '../helpers/fake-registry.js';
import {registryLab, statuses} from '../helpers/registry-lab.js';

const gzip: PutOptions = {encode: layer => zlib.gzipSync(layer), layerType: types.layerGzip};
const image: TestImage = {layers: [layerWith('base', 'one'), tarOf([{name: 'noise', data: randomBytes(1_500_000)}])], tags: ['app:1']};
const archive = () => Readable.from([dockerArchive(image)]);
const short = (data: Buffer) => hex(data).slice(0, 12);

test('what was pulled goes out as it came, byte for byte', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const [from, to] = [await fakeRegistry(t), await fakeRegistry(t)];
	const digest = from.put('app', '1', image, gzip);
	await lab.pull(`${from.host}/app:1`);
	await lab.images.tag(`${from.host}/app:1`, `${to.host}/copy/app:2`);
	const messages = await lab.push(`${to.host}/copy/app:2`);
	const [base, top] = image.layers.map(layer => short(layer));
	const lines = statuses(messages).filter(line => !line.includes('Pushing'));
	t.deepEqual(lines.slice(0, 3), [`The push refers to repository [${to.host}/copy/app]`, `${top!}: Preparing`, `${base!}: Preparing`]);
	t.deepEqual(lines.slice(3, 5).sort(), [`${base!}: Pushed`, `${top!}: Pushed`].sort());
	const size = to.manifests.get('copy/app/2')!.data.length;
	t.is(lines.at(-1), `2: digest: ${digest} size: ${size}`);
	t.deepEqual(messages.at(-1)!.aux, {Tag: '2', Digest: digest, Size: size});
	t.deepEqual(to.manifests.get('copy/app/2'), from.manifests.get('app/1'));
	t.deepEqual([...to.blobs.keys()].sort(), [...from.blobs.keys()].sort());
	t.true(lab.images.inspect(`${to.host}/copy/app:2`).references.some(reference => reference.digest === digest && reference.path === 'copy/app'));
	t.true(lab.events.some(({action, id}) => action === 'push' && id === `${to.host}/copy/app:2`));
	assertSound(t, lab.store);
});

test('what is there is not sent again; other repositories of the registry lend their layers', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', '1', image, gzip);
	await lab.pull(`${registry.host}/app:1`);
	const known = new Set(registry.blobs.keys());
	registry.intercept(({method, path}, response) => method === 'HEAD' && path.startsWith('/v2/other/') && path.includes('/blobs/') && fail(response, 404, 'BLOB_UNKNOWN', ''));
	await lab.images.tag(`${registry.host}/app:1`, `${registry.host}/other:1`);
	registry.seen.length = 0;
	const lines = statuses(await lab.push(`${registry.host}/other:1`));
	for (const layer of image.layers) {
		t.true(lines.includes(`${short(layer)}: Mounted from app`), lines.join('\n'));
	}

	t.is(registry.requests('PUT', /blobs\/uploads/).length, 1); // The config, which is small
	t.true([...registry.blobs.keys()].every(digest => known.has(digest)));
	registry.seen.length = 0;
	const again = statuses(await lab.push(`${registry.host}/app:1`));
	t.is(again.filter(line => line.includes('already exists')).length, 2);
	t.is(registry.requests('POST', /./).length, 0);
});

test('a mount that is not granted becomes an upload', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', '1', image, gzip);
	await lab.pull(`${registry.host}/app:1`);
	await lab.images.tag(`${registry.host}/app:1`, `${registry.host}/other:1`);
	registry.intercept(({method, path}, response) => {
		if (method === 'HEAD' && path.startsWith('/v2/other/')) {
			return fail(response, 404, 'BLOB_UNKNOWN', '');
		}

		return path.includes('mount=') && fail(response, 403, 'DENIED', 'not yours');
	});
	const lines = statuses(await lab.push(`${registry.host}/other:1`));
	t.is(lines.filter(line => line.endsWith(': Pushed')).length, 2);
	t.true(registry.manifests.has('other/1'));
});

test('plain layers are compressed on the way, and only once', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	await load(lab.images, archive());
	await lab.images.tag('app:1', `${registry.host}/app:1`);
	await lab.push(`${registry.host}/app:1`);
	const document = JSON.parse(registry.manifests.get('app/1')!.data.toString()) as {config: {digest: string}; layers: Array<{mediaType: string; digest: string; size: number}>};
	t.is(document.config.digest, idOf(image));
	t.deepEqual(document.layers.map(({digest, mediaType}) => [mediaType, hex(zlib.gunzipSync(registry.blobs.get(digest)!))]), image.layers.map(layer => [types.layerGzip, hex(layer)]));
	const pushed = registry.manifests.get('app/1')!.data;
	registry.seen.length = 0;
	const lines = statuses(await lab.push(`${registry.host}/app:1`));
	t.is(lines.filter(line => line.endsWith('Layer already exists')).length, 2);
	t.deepEqual(registry.manifests.get('app/1')!.data, pushed);
	t.false(lines.some(line => line.includes('Compressing')));
	t.is(registry.requests('PUT', /blobs/).length, 0);
	t.true(lab.images.inspect('app:1').references.some(reference => reference.digest === `sha256:${hex(pushed)}`));
	assertSound(t, lab.store);
	// Another store pulls it as the same image.
	const other = await registryLab(t);
	await other!.pull(`${registry.host}/app:1`);
	t.is(other!.images.inspect(`${registry.host}/app:1`).id, idOf(image));
});

test('all tags of a repository, or none', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	await load(lab.images, archive());
	for (const tag of ['1', '2']) {
		await lab.images.tag('app:1', `${registry.host}/app:${tag}`);
	}

	await lab.push(`${registry.host}/app`, {allTags: true});
	t.true(registry.manifests.has('app/1') && registry.manifests.has('app/2'));
	t.is(registry.requests('PUT', /blobs/).length, 3);
	await t.throwsAsync(lab.push(`${registry.host}/app:1`, {allTags: true}), {message: 'tag can\'t be used with --all-tags/-a'});
	await t.throwsAsync(lab.push(`${registry.host}/app`), {message: `tag does not exist: ${registry.host}/app:latest`});
	await t.throwsAsync(lab.push(`${registry.host}/none`), {message: `An image does not exist locally with the tag: ${registry.host}/none`});
	await t.throwsAsync(lab.push(`${registry.host}/app@${idOf(image)}`), {message: 'cannot push a digest reference'});
	await t.throwsAsync(lab.push(`${registry.host}/app:1`, {platform: 'linux/s390x'}), {message: /does not match the specified platform \(linux\/s390x\)/});
	await t.notThrowsAsync(lab.push(`${registry.host}/app:1`, {platform: 'linux/amd64'}));
});

test('an upload that breaks is gone on with, from what the registry has', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	await load(lab.images, archive());
	await lab.images.tag('app:1', `${registry.host}/app:1`);
	const kept = new Map<string, Buffer>();
	let breaks = 0;
	registry.intercept(({method, path, body, headers}, response) => {
		const id = path.replace(/\?.*/, '');
		if (method === 'PUT' && body.length > 1_000_000 && breaks++ === 0) {
			kept.set(id, body.subarray(0, 700_000)); // So much arrived before it broke.
			response.destroy();
			return true;
		}

		if (method === 'GET' && kept.has(id)) {
			response.writeHead(204, {location: id, range: `0-${kept.get(id)!.length - 1}`}).end();
			return true;
		}

		if (method === 'PATCH' && kept.has(id)) {
			t.is(headers['content-range'], `700000-${700_000 + body.length - 1}`);
			kept.set(id, Buffer.concat([kept.get(id)!, body]));
			response.writeHead(202, {location: id, range: `0-${kept.get(id)!.length - 1}`}).end();
			return true;
		}

		if (method === 'PUT' && kept.has(id)) {
			t.is(body.length, 0);
			registry.blobs.set(new URL(path, 'http://x').searchParams.get('digest')!, kept.get(id)!);
			response.writeHead(201).end();
			return true;
		}

		return false;
	});
	await lab.push(`${registry.host}/app:1`);
	const {layers} = JSON.parse(registry.manifests.get('app/1')!.data.toString()) as {layers: Array<{digest: string}>};
	for (const [index, {digest}] of layers.entries()) {
		t.is(hex(zlib.gunzipSync(registry.blobs.get(digest)!)), hex(image.layers[index]!));
	}

	t.is(breaks, 1);
});

test('an upload the registry has forgotten begins anew', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	await load(lab.images, archive());
	await lab.images.tag('app:1', `${registry.host}/app:1`);
	let breaks = 0;
	registry.intercept(({method, path, body}, response) => {
		if (method === 'PUT' && body.length > 1_000_000 && breaks++ < 2) {
			response.destroy();
			return true;
		}

		return method === 'GET' && path.includes('/uploads/') && fail(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'gone');
	});
	await lab.push(`${registry.host}/app:1`);
	t.true(registry.manifests.has('app/1'));
});

test('a registry that takes no long bodies gets chunks', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const big: TestImage = {layers: [tarOf([{name: 'noise', data: randomBytes(9_000_000)}])], tags: ['big:1']};
	await load(lab.images, Readable.from([dockerArchive(big)]));
	await lab.images.tag('big:1', `${registry.host}/big:1`);
	registry.intercept(({body}, response) => {
		if (body.length > 5_000_000) {
			response.writeHead(413, {'content-type': 'text/html'}).end('<html>Request Entity Too Large');
			return true;
		}

		return false;
	});
	await lab.push(`${registry.host}/big:1`);
	const chunks = registry.requests('PATCH', /uploads/).filter(({body}) => body.length <= 5_000_000);
	t.deepEqual(chunks.map(({headers}) => headers['content-range']?.split('-')[0]), ['0', '4194304', '8388608']);
	t.true(registry.manifests.has('big/1'));
});

for (const [status, code, message, kind] of [[403, 'DENIED', 'requested access to the resource is denied', 'forbidden'], [401, 'UNAUTHORIZED', 'authentication required', 'unauthorized'], [405, 'UNSUPPORTED', 'The operation is unsupported.', 'notImplemented']] as const) {
	test(`a registry that refuses to be written with ${code} is quoted`, async t => {
		const lab = await registryLab(t);
		if (lab === undefined) {
			return;
		}

		const registry = await fakeRegistry(t);
		await load(lab.images, archive());
		await lab.images.tag('app:1', `${registry.host}/app:1`);
		registry.intercept(({method}, response) => method === 'POST' && fail(response, status, code, message));
		const error = await t.throwsAsync(lab.push(`${registry.host}/app:1`), {instanceOf: EngineError});
		t.is(error.kind, kind);
		t.is(error.message, `${code.toLowerCase()}: ${message}`);
		t.false(registry.manifests.has('app/1'));
		assertSound(t, lab.store);
	});
}

test('a registry that says nothing about where to upload to is at fault', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	await load(lab.images, archive());
	await lab.images.tag('app:1', `${registry.host}/app:1`);
	registry.intercept(({method}, response) => {
		if (method === 'POST') {
			response.writeHead(202).end();
			return true;
		}

		return false;
	});
	await t.throwsAsync(lab.push(`${registry.host}/app:1`), {message: /did not say where to upload to/});
});

test('the manifest comes last, so that nobody sees half an image', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	await load(lab.images, archive());
	await lab.images.tag('app:1', `${registry.host}/app:1`);
	await lab.push(`${registry.host}/app:1`);
	const puts = registry.seen.filter(({method}) => method === 'PUT').map(({path}) => path);
	t.is(puts.at(-1), '/v2/app/manifests/1');
	t.is(puts.filter(path => path.includes('/manifests/')).length, 1);
});

test('removing the image while it is pushed does not take its layers away', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('from', '1', image, gzip);
	await lab.pull(`${registry.host}/from:1`);
	const other = await fakeRegistry(t);
	await lab.images.tag(`${registry.host}/from:1`, `${other.host}/app:1`);
	let isRemoved = false;
	other.intercept(async ({method}) => {
		if (method === 'POST' && !isRemoved) {
			isRemoved = true;
			await lab.images.remove(lab.images.list()[0]!.id, {force: true});
		}

		return false;
	});
	await lab.push(`${other.host}/app:1`);
	t.true(other.manifests.has('app/1'));
	t.deepEqual(lab.images.list(), []);
	await lab.images.prune();
	t.deepEqual(fs.readdirSync(lab.store.layout.blobs), []);
	assertSound(t, lab.store);
});
