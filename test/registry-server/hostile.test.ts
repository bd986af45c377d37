/**
Clients that lie, overdo it, or mean harm.
*/
import fs from 'node:fs';
import path from 'node:path';
import {setImmediate as nextTurn} from 'node:timers/promises';
import test from 'ava';
import {parseReference} from '../../engine/oci/reference.js';
import {RegistryError} from '../../engine/registry-server/registry-error.js';
import {openStore} from '../../engine/store/open-store.js';
import {changeReferences, readReferences} from '../../engine/store/reference-store.js';
import {reopen, temporaryFolder, testStore} from '../helpers/image-lab.js';
import {codeOf, descriptor, digestOf, imageOf, indexOf, pushBlob, pushImage, putManifest, registryLab, types, type Ask, type Catalog, type Tags} from '../helpers/registry-server-lab.js';
import {verifyStore} from '../../engine/store/verify-store.js';
import {mountTmpfs} from '../helpers/small-disk.js';

function filesUnder(folder: string): string[] {
	return fs.readdirSync(folder, {recursive: true, withFileTypes: true}).filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
}

const badNames = [
	'../../etc', '..', 'a/../b', 'a/..', '.', './a', 'a//b', 'A', 'a/B', 'a_-b', '%2e%2e/%2e%2e/x', '..%2f..%2fx', 'a%00b', 'a\\b', 'a b', 'ä', 'x'.repeat(300), 'a:b', 'a@b', '*', '-a', 'a-', '.a',
];

for (const name of badNames) {
	test(`${JSON.stringify(name.slice(0, 40))} names no repository`, async t => {
		const {ask, store} = registryLab(t);
		const before = filesUnder(path.dirname(store.layout.root));
		const digest = digestOf('x');
		for (const [method, rest] of [['GET', 'tags/list'], ['GET', 'manifests/v1'], ['PUT', 'manifests/v1'], ['DELETE', 'manifests/v1'], ['GET', `blobs/${digest}`], ['HEAD', `blobs/${digest}`], ['DELETE', `blobs/${digest}`], ['POST', 'blobs/uploads/'], ['POST', `blobs/uploads/?digest=${digest}`], ['GET', `referrers/${digest}`]] as const) {
			const got = await ask(method, `/v2/${name}/${rest}`, {body: 'x', headers: {'content-type': types.manifest}});
			t.true(got.status === 400 || got.status === 404, `${method} ${rest}: ${got.status}`);
		}

		t.deepEqual(filesUnder(path.dirname(store.layout.root)), before);
	});
}

test('a path that is not encoded as it should be is refused', async t => {
	const {ask} = registryLab(t);
	for (const target of ['/v2/%', '/v2/%zz/tags/list', '/v2/a%E0%A4%A/tags/list']) {
		t.is((await ask('GET', target)).status, 400, target);
	}
});

test('an encoded path is the path', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'team/app', 'v1', ['one']);
	t.is((await ask('GET', `/v2/team%2Fapp/manifests/${encodeURIComponent(image.digest)}`)).status, 200);
});

test('names that are members of every object are names like any other', async t => {
	const {ask} = registryLab(t);
	for (const [name, tag] of [['constructor', '__proto__'], ['valueof', 'constructor'], ['a/prototype', 'toString']] as const) {
		t.is(codeOf(await ask('GET', `/v2/${name}/tags/list`)), 'NAME_UNKNOWN');
		t.is((await ask('GET', `/v2/${name}/manifests/${tag}`)).status, 404);
		await pushImage(ask, name, tag, ['one']);
		t.deepEqual((await ask('GET', `/v2/${name}/tags/list`)).json(), {name, tags: [tag]});
	}
});

test('a manifest beyond the limit is refused before it is read, and while it is', async t => {
	const {ask} = registryLab(t, {limits: {manifestBytes: 10_000}});
	const big = JSON.stringify({schemaVersion: 2, junk: 'x'.repeat(20_000)});
	const known = await ask('PUT', '/v2/app/manifests/v1', {headers: {'content-type': types.manifest}, body: big});
	t.is(known.status, 413);
	t.is(codeOf(known), 'SIZE_INVALID');
	let given = 0;
	async function* endless() {
		for (;;) {
			given += 1000;
			yield Buffer.alloc(1000, 'x');
		}
	}

	t.is((await ask('PUT', '/v2/app/manifests/v1', {headers: {'content-type': types.manifest}, body: endless()})).status, 413);
	t.true(given <= 12_000);
});

test('a blob beyond the limit is refused before it is read, and while it is', async t => {
	const {ask, store} = registryLab(t, {limits: {blobBytes: 100}});
	t.is((await ask('POST', `/v2/app/blobs/uploads/?digest=${digestOf('x'.repeat(101))}`, {body: 'x'.repeat(101)})).status, 413);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	t.is((await ask('PATCH', location!, {body: 'x'.repeat(60)})).status, 202);
	async function* more() {
		yield Buffer.alloc(60);
	}

	t.is((await ask('PATCH', location!, {body: more()})).status, 413);
	t.is((await ask('GET', location!)).status, 404);
	t.deepEqual(fs.readdirSync(store.layout.blobs), []);
});

test('bodies that are not as long as they say', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	t.is(codeOf(await ask('PATCH', location!, {body: '12345', headers: {'content-range': '0-9'}})), 'SIZE_INVALID');
	t.is(codeOf(await ask('PATCH', location!, {body: '12345', headers: {'content-range': 'x-y'}})), 'BLOB_UPLOAD_INVALID');
	async function* longer() {
		yield Buffer.from('1234');
		yield Buffer.from('567890');
	}

	t.is(codeOf(await ask('PATCH', location!, {body: longer(), headers: {'content-range': '0-4'}})), 'SIZE_INVALID');
	t.is((await ask('GET', location!)).headers['range'], '0-3'); // Whole pieces within the range were taken.
	t.is((await ask('PUT', `${location!}?digest=${digestOf('12345')}`, {body: '5', headers: {'content-range': '4-4'}})).status, 201);
});

test('a body that breaks off leaves what came, and the client can go on', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	async function* broken() {
		yield Buffer.from('half ');
		throw new RegistryError('BLOB_UPLOAD_INVALID', 'the body ended before its end');
	}

	t.is((await ask('PATCH', location!, {body: broken()})).status, 400);
	t.is((await ask('GET', location!)).headers['range'], '0-4');
	t.is((await ask('PATCH', location!, {body: 'a blob', headers: {'content-range': '5-10'}})).status, 202);
	t.is((await ask('PUT', `${location!}?digest=${digestOf('half a blob')}`)).status, 201);
});

test('a manifest that lies about sizes is refused', async t => {
	const {ask} = registryLab(t);
	const {config} = imageOf(['one']);
	await pushBlob(ask, 'app', config);
	await pushBlob(ask, 'app', 'one');
	for (const [configSize, layerSize] of [[1, 3], [Buffer.byteLength(config), 4], [Buffer.byteLength(config), 0]]) {
		const manifest = JSON.stringify({schemaVersion: 2, config: {...descriptor(types.config, config), size: configSize}, layers: [{...descriptor(types.layer, 'one'), size: layerSize}]});
		t.is(codeOf(await ask('PUT', '/v2/app/manifests/v1', {headers: {'content-type': types.manifest}, body: manifest})), 'SIZE_INVALID');
	}
});

test('an index that lies about its manifests is refused', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', undefined, ['one']);
	for (const mediaType of [types.index, types.dockerManifest, 'application/x', '']) {
		const got = await ask('PUT', '/v2/app/manifests/v1', {headers: {'content-type': types.index}, body: indexOf([{manifest: image, mediaType}])});
		t.is(codeOf(got), 'MANIFEST_INVALID', mediaType);
	}

	t.is((await putManifest(ask, 'app', 'v1', indexOf([{manifest: image}]), types.index)).status, 201);
});

test('indexes of indexes end somewhere', async t => {
	const {ask, content} = registryLab(t);
	const image = await pushImage(ask, 'app', undefined, ['one']);
	let below = {manifest: image.data, mediaType: types.manifest as string};
	let levels = 0;
	for (; levels < 20; levels++) {
		const index = indexOf([below, below]);
		const got = await ask('PUT', `/v2/app/manifests/level${levels}`, {headers: {'content-type': types.index}, body: index});
		if (got.status !== 201) {
			t.is(codeOf(got), 'MANIFEST_INVALID');
			break;
		}

		below = {manifest: index, mediaType: types.index};
	}

	t.is(levels, 8);
	await content.collect(0);
	t.is((await ask('GET', '/v2/app/manifests/level7')).status, 200);
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('one')}`)).status, 200);
});

test('configurations that are none are kept, and everything goes on', async t => {
	const {ask, content, store} = registryLab(t);
	for (const [index, config] of ['not json', '[]', '{"rootfs":{"diff_ids":["x"]}}', '{"rootfs":5}', '\u0000', ' '.repeat(9_000_000)].entries()) {
		await pushBlob(ask, 'app', config);
		await putManifest(ask, 'app', `v${index}`, Buffer.from(JSON.stringify({schemaVersion: 2, config: descriptor(types.config, config), layers: []})), types.manifest);
	}

	const good = await pushImage(ask, 'app', 'good', ['one']);
	await content.collect(0);
	t.is((await ask('GET', '/v2/app/tags/list')).json<Tags>().tags.length, 7);
	t.is((await ask('GET', `/v2/app/blobs/${good.layers.map(layer => digestOf(layer))[0]!}`)).status, 200);
	t.is(readReferences(store).length, 7);
});

test('ten thousand tags are listed in pages, found, added to and deleted', async t => {
	const {ask, store} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v0', ['one']);
	const [entry] = readReferences(store);
	changeReferences(store, () => ({
		entries: Array.from({length: 10_000}, (_, index) => ({...entry!, annotations: {'io.containerd.image.name': `docker.io/library/app:v${index}`, 'org.opencontainers.image.ref.name': `v${index}`}})),
		result: undefined,
	}));
	const seen = new Set<string>();
	for (let target: string | undefined = '/v2/app/tags/list?n=999'; target !== undefined;) {
		const page = await ask('GET', target);
		page.json<Tags>().tags.forEach(tag => seen.add(tag));
		target = /^<([^>]+)>/.exec(page.headers['link'] ?? '')?.[1];
	}

	t.is(seen.size, 10_000);
	t.is((await ask('GET', '/v2/app/tags/list')).json<Tags>().tags.length, 10_000);
	t.is((await ask('HEAD', '/v2/app/manifests/v9999')).headers['docker-content-digest'], image.digest);
	await pushImage(ask, 'app', 'latest', ['two']);
	t.is((await ask('DELETE', '/v2/app/manifests/v5000')).status, 202);
	t.is((await ask('GET', '/v2/app/manifests/v5000')).status, 404);
	t.is(readReferences(store).length, 10_000);
});

test('an index file beyond any document\'s limit is still read', t => {
	const store = testStore(t);
	const manifest = {mediaType: types.manifest, digest: digestOf('x'), size: 1} as never;
	changeReferences(store, () => ({
		entries: Array.from({length: 40_000}, (_, index) => ({...(manifest as object), annotations: {'io.containerd.image.name': `docker.io/library/app:v${index}`, filler: 'x'.repeat(100)}}) as never),
		result: undefined,
	}));
	t.true(fs.statSync(store.layout.index).size > 8 * 1024 * 1024);
	t.is(readReferences(store).length, 40_000);
	t.is(parseReference('app:v1').tag, 'v1');
});

test('more uploads than allowed are put off', async t => {
	const {ask} = registryLab(t, {limits: {uploadsAtOnce: 1, openUploads: 2}});
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	let release: (() => void) | undefined;
	const held = new Promise<void>(resolve => {
		release = resolve;
	});
	let begun: (() => void) | undefined;
	const beginning = new Promise<void>(resolve => {
		begun = resolve;
	});
	async function* slow() {
		begun!();
		await held;
		yield Buffer.from('x');
	}

	const first = ask('PATCH', location!, {body: slow()});
	await beginning;
	const second = await ask('POST', `/v2/app/blobs/uploads/?digest=${digestOf('y')}`, {body: 'y'});
	t.is(second.status, 429);
	t.is(codeOf(second), 'TOOMANYREQUESTS');
	t.is(second.headers['retry-after'], '1');
	release!();
	t.is((await first).status, 202);
	const third = await ask('POST', '/v2/app/blobs/uploads/');
	t.is(third.status, 429); // The one that was put off is open, too.
	t.is((await ask('PUT', `${location!}?digest=${digestOf('x')}`)).status, 201);
	t.is((await ask('POST', '/v2/app/blobs/uploads/')).status, 202);
});

test('a read-only registry changes nothing, whatever it is asked', async t => {
	const {ask, store} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	const readOnly = registryLab(t, {store: reopen(store), isReadOnly: true}).ask;
	const before = filesUnder(store.layout.root).map(file => [file, fs.statSync(file).mtimeMs]);
	const digest = digestOf('one');
	for (const [method, target] of [
		['POST', '/v2/app/blobs/uploads/'], ['POST', `/v2/app/blobs/uploads/?digest=${digest}`], ['POST', `/v2/other/blobs/uploads/?mount=${digest}&from=app`], ['PUT', '/v2/app/manifests/v2'],
		['DELETE', '/v2/app/manifests/v1'], ['DELETE', `/v2/app/blobs/${digest}`], ['PATCH', '/v2/app/blobs/uploads/x'], ['PUT', '/v2/app/blobs/uploads/x'], ['DELETE', '/v2/app/blobs/uploads/x'],
	] as const) {
		const got = await readOnly(method, target, {body: image.data, headers: {'content-type': types.manifest}});
		t.is(got.status, 405, `${method} ${target}`);
		t.is(codeOf(got), 'UNSUPPORTED');
	}

	t.is((await readOnly('GET', '/v2/app/manifests/v1')).status, 200);
	t.is((await readOnly('HEAD', `/v2/app/blobs/${digest}`)).status, 200);
	t.is((await readOnly('GET', `/v2/app/blobs/${digest}`)).body.toString(), 'one');
	t.deepEqual(filesUnder(store.layout.root).map(file => [file, fs.statSync(file).mtimeMs]), before);
});

test('servers of one store take pushes of the same blobs and tags at once', async t => {
	const store = testStore(t);
	const servers: Ask[] = Array.from({length: 3}, () => registryLab(t, {store: reopen(store)}).ask);
	const images = await Promise.all(Array.from({length: 12}, async (_, index) => pushImage(servers[index % 3]!, 'app', index % 2 === 0 ? 'latest' : `v${index}`, ['shared', `own ${index % 4}`])));
	const {ask} = registryLab(t, {store: reopen(store)});
	t.deepEqual((await ask('GET', '/v2/app/tags/list')).json<Tags>().tags, ['latest', 'v1', 'v11', 'v3', 'v5', 'v7', 'v9']);
	for (const {digest} of images) {
		t.is((await ask('GET', `/v2/app/manifests/${digest}`)).status, 200);
	}

	t.deepEqual(fs.readdirSync(store.layout.uploads), []);
	t.deepEqual(verifyStore(store, {tidy: true, packed: true}), []);
});

test('an upload is begun at one server, continued at another, finished at a third', async t => {
	const store = testStore(t);
	const [one, two, three] = [registryLab(t, {store}).ask, registryLab(t, {store: reopen(store)}).ask, registryLab(t, {store: reopen(store)}).ask];
	const {headers: {location}} = await one('POST', '/v2/app/blobs/uploads/');
	t.is((await two('PATCH', location!, {body: 'from ', headers: {'content-range': '0-4'}})).headers['range'], '0-4');
	t.is((await one('GET', location!)).headers['range'], '0-4');
	t.is((await three('PUT', `${location!}?digest=${digestOf('from three')}`, {body: 'three', headers: {'content-range': '5-9'}})).status, 201);
	t.is((await two('GET', location!)).status, 404);
	t.is((await one('GET', `/v2/app/blobs/${digestOf('from three')}`)).body.toString(), 'from three');
});

test('nothing a client is about to name is collected', async t => {
	const {ask, content} = registryLab(t);
	const state = {isDone: false};
	let collections = 0;
	const collecting = (async () => {
		while (!state.isDone) {
			await content.collect(60_000);
			collections++;
			await nextTurn();
		}
	})();
	for (let round = 0; round < 12; round++) {
		const layers = [`layer ${round % 3}`, `another ${round % 4}`];
		const {config, manifest} = imageOf(layers);
		for (const blob of [config, ...layers]) {
			// As clients do: only what is not there is sent.
			if ((await ask('HEAD', `/v2/app/blobs/${digestOf(blob)}`)).status === 404) {
				await pushBlob(ask, 'app', blob);
			}
		}

		await putManifest(ask, 'app', 'v1', manifest, types.manifest);
		await ask('DELETE', `/v2/app/manifests/${digestOf(manifest)}`);
	}

	state.isDone = true;
	await collecting;
	t.true(collections > 0);
});

test('what was deleted gives its space back, what others use stays', async t => {
	const {ask, content, store} = registryLab(t);
	const gone = await pushImage(ask, 'app', 'v1', ['shared', 'only here']);
	await pushImage(ask, 'app', 'v2', ['shared']);
	await ask('DELETE', `/v2/app/manifests/${gone.digest}`);
	await ask('DELETE', `/v2/app/blobs/${digestOf('only here')}`);
	await ask('DELETE', `/v2/app/blobs/${digestOf(gone.config)}`);
	await content.collect(60_000);
	t.false(fs.existsSync(path.join(store.layout.blobs, digestOf('only here').slice(7))));
	t.false(fs.existsSync(path.join(store.layout.blobs, gone.digest.slice(7))));
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('shared')}`)).body.toString(), 'shared');
	await content.collect(0);
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('shared')}`)).body.toString(), 'shared');
	t.deepEqual(verifyStore(store, {tidy: true, packed: true}), []);
});

test('uploads and blobs that nobody names are collected in time', async t => {
	const {ask, content, store} = registryLab(t);
	await pushBlob(ask, 'app', 'never named');
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	await ask('PATCH', location!, {body: 'left behind'});
	await content.collect(60_000);
	t.is((await ask('HEAD', `/v2/app/blobs/${digestOf('never named')}`)).status, 200);
	t.is((await ask('GET', location!)).status, 204);
	await content.collect(0);
	t.is((await ask('HEAD', `/v2/app/blobs/${digestOf('never named')}`)).status, 404);
	t.is((await ask('GET', location!)).status, 404);
	t.deepEqual(fs.readdirSync(store.layout.blobs), []);
	t.deepEqual(fs.readdirSync(store.layout.uploads), []);
});

test('a damaged document is an error of this side, told without its place', async t => {
	const {ask, store, failures} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	fs.writeFileSync(path.join(store.layout.blobs, image.digest.slice(7)), 'damaged');
	const got = await ask('GET', '/v2/app/manifests/v1');
	t.is(got.status, 500);
	t.false(got.body.toString().includes(store.layout.root));
	t.true(failures.some(message => message.includes('damaged')));
	t.deepEqual((await ask('GET', '/v2/_catalog')).json<Catalog>().repositories, ['app']);
});

test('a full disk fails the push, not the registry', async t => {
	const disk = mountTmpfs(t, 6 * 1024 * 1024);
	if (disk === undefined) {
		return;
	}

	const store = openStore({root: path.join(disk, 'root'), run: path.join(temporaryFolder(t), 'run')});
	const {ask} = registryLab(t, {store});
	await pushImage(ask, 'app', 'v1', ['small']);
	const big = Buffer.alloc(8 * 1024 * 1024, 7);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	const streamed = await ask('PATCH', location!, {body: big});
	t.is(streamed.status, 507);
	t.regex(streamed.body.toString(), /no space left/);
	t.is((await ask('POST', `/v2/app/blobs/uploads/?digest=${digestOf(big)}`, {body: big})).status, 507);
	t.is((await ask('GET', '/v2/app/manifests/v1')).status, 200);
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('small')}`)).body.toString(), 'small');
	fs.writeFileSync(path.join(disk, 'filler'), Buffer.alloc(fs.statfsSync(disk).bavail * 4096));
	const full = await ask('POST', '/v2/app/blobs/uploads/');
	t.true(full.status === 507 || full.status === 202);
	const {config, manifest} = imageOf(['small'], {architecture: 'arm64'});
	t.is((await ask('POST', `/v2/app/blobs/uploads/?digest=${digestOf(config)}`, {body: config})).status, 507);
	t.is((await ask('GET', '/v2/app/manifests/v1')).status, 200);
	t.is((await ask('HEAD', `/v2/app/blobs/${digestOf('small')}`)).status, 200); // Its lease can't be taken; the answer is true.
	fs.rmSync(path.join(disk, 'filler'));
	await pushBlob(ask, 'app', config);
	await putManifest(ask, 'app', 'v2', manifest, types.manifest);
	t.is((await ask('GET', '/v2/app/manifests/v2')).status, 200);
	t.deepEqual(verifyStore(store, {packed: true}), []);
});
