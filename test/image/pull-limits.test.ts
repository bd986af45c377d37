/** Full disks, credentials on the way, progress that adds up, and answers made of noise. */
import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import zlib from 'node:zlib';
import fc from 'fast-check';
import test from 'ava';
import {EngineError} from '../../engine/errors.js';
import {imageCatalog} from '../../engine/image/image-catalog.js';
import {pullImages} from '../../engine/image/pull.js';
import {imageService} from '../../engine/image/image-service.js';
import {openStore} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {assertSound, hex, idOf, layerWith, nativeProgram, tarOf, temporaryFolder, type TestImage} from '../helpers/image-lab.js';
import {fail, fakeRegistry, types} from '../helpers/fake-registry.js';
import {collect, registryLab, testAccess} from '../helpers/registry-lab.js';

const gzip = {encode: (layer: Buffer) => zlib.gzipSync(layer), layerType: types.layerGzip};

test('a disk that fills while layers are unpacked: the pull fails, says so, and goes through once there is room', async t => {
	const native = nativeProgram(t);
	if (native === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	const root = path.join(folder, 'root');
	fs.mkdirSync(root);
	if (process.getuid!() !== 0 || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=700', 'tmpfs', root]).status !== 0) {
		t.log('skipped: no small file system can be mounted here');
		t.pass();
		return;
	}

	t.teardown(() => spawnSync('umount', ['-l', root]));
	const registry = await fakeRegistry(t);
	// Two megabytes on the way, twelve when unpacked.
	const image: TestImage = {layers: [layerWith('base'), tarOf([{name: 'noise', data: randomBytes(2_000_000)}, {name: 'zeros', data: Buffer.alloc(10_000_000, 'x')}])], tags: null};
	registry.put('app', 'latest', image, gzip);
	const store = openStore({root, run: path.join(folder, 'run'), native, mapping: {single: false}});
	const access = await testAccess(t);
	const context = {store, catalog: imageCatalog(store), hooks: {}, registries: async () => access};
	const error = await t.throwsAsync(collect(pullImages(context, `${registry.host}/app`)), {instanceOf: EngineError});
	t.is(error.code, 'ENOSPC');
	t.regex(error.hint ?? '', /disk is full|Free some space/);
	t.deepEqual(imageService(store).list(), []);
	t.is(spawnSync('mount', ['-o', 'remount,size=64m', root]).status, 0);
	await reconcile(store);
	await collect(pullImages(context, `${registry.host}/app`));
	t.is(imageService(store).list()[0]!.id, idOf(image));
	assertSound(t, store);
});

test('who one is comes from docker\'s config.json of the person, and from what is given before that', async t => {
	const home = temporaryFolder(t);
	const registry = await fakeRegistry(t);
	const image: TestImage = {layers: [layerWith('a')], tags: null};
	registry.put('app', '1', image);
	registry.put('app', '2', {layers: [layerWith('b')], tags: null});
	const basic = (user: string) => `Basic ${Buffer.from(`${user}:pass`).toString('base64')}`;
	registry.intercept(({headers}, response) => headers.authorization === undefined && fail(response, 401, 'UNAUTHORIZED', 'who', {'www-authenticate': 'Basic realm="x"'}));
	fs.mkdirSync(path.join(home, '.docker'));
	fs.writeFileSync(path.join(home, '.docker', 'config.json'), JSON.stringify({auths: {[`https://${registry.host}/v1/`]: {auth: Buffer.from('kept:pass').toString('base64')}}}));
	const lab = await registryLab(t, {home});
	if (lab === undefined) {
		return;
	}

	await lab.pull(`${registry.host}/app:1`);
	t.is(registry.seen.at(-1)!.headers.authorization, basic('kept'));
	await lab.pull(`${registry.host}/app:2`, {credentials: {username: 'given', password: 'pass'}});
	t.is(registry.seen.at(-1)!.headers.authorization, basic('given'));
	await t.throwsAsync(lab.pull(`${registry.host}/app:3`, {credentials: {}}), {message: 'no basic auth credentials'});
});

test('a config.json that is damaged is named, whatever is pulled', async t => {
	const home = temporaryFolder(t);
	fs.mkdirSync(path.join(home, '.docker'));
	fs.writeFileSync(path.join(home, '.docker', 'config.json'), '{');
	const lab = await registryLab(t, {home});
	if (lab === undefined) {
		return;
	}

	await t.throwsAsync(lab.pull('127.0.0.1:1/app'), {message: /\.docker\/config\.json is not valid JSON/});
	await t.throwsAsync(lab.pull('127.0.0.1:1/app', {credentials: {}}), {message: /connection refused/});
});

test('the progress of a layer rises to its size, and every layer comes to its end', async t => {
	const registry = await fakeRegistry(t);
	const image: TestImage = {layers: [tarOf([{name: 'noise', data: randomBytes(3_000_000)}]), layerWith('small')], tags: null};
	registry.put('app', 'latest', image);
	const lab = await registryLab(t, {download: {partBytes: 400_000}});
	if (lab === undefined) {
		return;
	}

	const messages = await lab.pull(`${registry.host}/app`);
	for (const layer of image.layers) {
		const own = messages.filter(({id}) => id === hex(layer).slice(0, 12));
		t.is(own[0]!.status, 'Pulling fs layer');
		t.is(own.at(-1)!.status, 'Pull complete');
		for (const phase of ['Downloading', 'Extracting']) {
			const steps = own.filter(({status}) => status === phase).map(({progressDetail}) => progressDetail!);
			t.true(steps.length <= 110);
			t.is(steps.at(-1)!.current, layer.length, phase);
			t.true(steps.every(({current, total}, index) => total === layer.length && current! <= total && (index === 0 || current! > steps[index - 1]!.current!)), phase);
		}
	}
});

test('answers made of noise end in an error with a kind, never in an image', async t => {
	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', {layers: [layerWith('a')], tags: null});
	let answer: {status: number; type: string; body: Buffer; headers: Record<string, string>} | undefined;
	registry.intercept((_, response) => {
		if (answer === undefined) {
			return false;
		}

		response.writeHead(answer.status, {'content-type': answer.type, ...answer.headers}).end(answer.body);
		return true;
	});
	const lab = await registryLab(t, {policy: {attempts: 2, firstPauseMs: 0, maxPauseMs: 0, maxAskedPauseMs: 0}});
	if (lab === undefined) {
		return;
	}

	const body = fc.oneof(
		fc.uint8Array({maxLength: 200}).map(bytes => Buffer.from(bytes)),
		fc.json().map(text => Buffer.from(text)),
		fc.record({schemaVersion: fc.constantFrom(1, 2, '2'), mediaType: fc.constantFrom(types.manifest, types.index, 'x'), config: fc.anything(), layers: fc.anything(), manifests: fc.anything()}).map(document => Buffer.from(JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))),
	);
	const headers = fc.constantFrom<Record<string, string>>({}, {'www-authenticate': 'Bearer realm="nonsense"'}, {'www-authenticate': 'Basic'}, {'docker-content-digest': 'sha256:x'}, {'retry-after': 'never'}, {location: '//'});
	await fc.assert(fc.asyncProperty(fc.constantFrom(200, 200, 200, 204, 301, 307, 400, 401, 403, 404, 416, 429, 500, 599), fc.constantFrom(types.manifest, types.index, 'application/json', 'text/html', ''), body, headers, async (status, type, data, more) => {
		answer = {status, type, body: data, headers: more};
		const error = await t.throwsAsync(lab.pull(`${registry.host}/app`));
		t.true(error instanceof EngineError, error.stack);
		t.deepEqual(lab.images.list(), []);
	}), {numRuns: 120});
	answer = undefined;
	await lab.pull(`${registry.host}/app`);
	assertSound(t, lab.store);
});
