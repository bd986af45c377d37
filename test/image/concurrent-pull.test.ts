/** Several processes at one store, and processes that are killed. */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import zlib from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {sweepDownloads, withDownloadLock} from '../../engine/image/blob-download.js';
import type {Digest} from '../../engine/oci/digest.js';
import type {Store} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {assertSound, hex, idOf, layerWith, reopen, tarOf, type TestImage} from '../helpers/image-lab.js';
import {fakeRegistry, sendBlob, types, type FakeRegistry} from '../helpers/fake-registry.js';
import {registryLab} from '../helpers/registry-lab.js';

const script = fileURLToPath(new URL('../helpers/pull-image.js', import.meta.url));
const gzip = {encode: (layer: Buffer) => zlib.gzipSync(layer), layerType: types.layerGzip};
const image: TestImage = {
	layers: [layerWith('base'), tarOf([{name: 'noise', data: randomBytes(1_400_000)}]), tarOf(Array.from({length: 200}, (_, index) => ({name: `many/${index}`, data: `${index}`})))],
	tags: null,
};

function startPull(t: ExecutionContext, store: Store, ...names: readonly string[]): ChildProcess & {readonly text: () => string} {
	const child = spawn(process.execPath, [script, store.layout.root, JSON.stringify(store.native), ...names], {stdio: ['ignore', 'pipe', 'inherit']});
	let text = '';
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		text += chunk;
	});
	t.teardown(() => child.kill('SIGKILL'));
	return Object.assign(child, {text: () => text});
}

const blobGets = (registry: FakeRegistry) => registry.requests('GET', /blobs\/sha256/);

test('processes that pull the same image share the work', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, gzip);
	const children = Array.from({length: 3}, () => startPull(t, lab.store, `${registry.host}/app`));
	t.deepEqual(await Promise.all(children.map(async child => (await once(child, 'close'))[0] as number)), [0, 0, 0]);
	t.is(lab.images.list()[0]!.id, idOf(image));
	for (const layer of image.layers) {
		const bytes = blobGets(registry).filter(({path: place}) => place.endsWith(hex(zlib.gzipSync(layer))));
		const ranges = new Set(bytes.map(({headers}) => headers.range));
		t.is(ranges.size, bytes.length, 'a part was fetched twice');
	}

	assertSound(t, lab.store);
});

test('two pulls in one process share it too', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, gzip);
	registry.put('other', 'latest', {layers: [image.layers[0]!, layerWith('own')], tags: null}, gzip);
	await Promise.all([lab.pull(`${registry.host}/app`), lab.pull(`${registry.host}/app`), lab.pull(`${registry.host}/other`)]);
	t.is(blobGets(registry).filter(({path: place}) => place.endsWith(hex(zlib.gzipSync(image.layers[0]!)))).length, 1);
	assertSound(t, lab.store);
});

test('one that waits goes on where a killed one stopped', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, gzip);
	const big = zlib.gzipSync(image.layers[1]!);
	let isHeld = true;
	let held = 0;
	registry.intercept(({path: place, headers}) => {
		const start = Number(/=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
		if (isHeld && place.endsWith(hex(big)) && start >= 600_000) {
			held++;
			return true; // Never answered
		}

		return false;
	});
	const first = startPull(t, lab.store, `${registry.host}/app`);
	const journal = () => fs.existsSync(`${lab.store.layout.download(`sha256:${hex(big)}` as Digest)}.parts`) && fs.readFileSync(`${lab.store.layout.download(`sha256:${hex(big)}` as Digest)}.parts`, 'utf8').split('\n').length > 2;
	// eslint-disable-next-line no-unmodified-loop-condition -- the registry counts it
	while (held === 0 || !journal()) {
		await new Promise(resolve => {
			setTimeout(resolve, 5);
		});
	}

	const second = startPull(t, lab.store, `${registry.host}/app`);
	while (!second.text().includes('Pulling fs layer')) {
		await once(second.stdout!, 'data');
	}

	isHeld = false;
	registry.seen.length = 0;
	first.kill('SIGKILL');
	t.is((await once(second, 'close'))[0], 0);
	const starts = blobGets(registry).filter(({path: place}) => place.endsWith(hex(big))).map(({headers}) => Number(/=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0));
	t.true(starts.length > 0 && starts.every(start => start >= 600_000), starts.join(' '));
	t.is(lab.images.list()[0]!.id, idOf(image));
	await reconcile(lab.store);
	assertSound(t, lab.store);
});

/** Kills when so many requests were seen, or so many bytes of blobs sent, or a little later. */
const moments: ReadonlyArray<readonly [string, {readonly request?: number; readonly bytes?: number; readonly delayMs?: number}]> = [
	['at the first request', {request: 1}],
	['at the config', {request: 2}],
	['at the first layer', {request: 3}],
	['at the second layer', {request: 4}],
	['in the middle of a layer', {bytes: 500_000}],
	['at the last bytes', {bytes: 1_400_000}],
	...[0, 5, 15, 30, 60, 100].map(delayMs => [`${delayMs} ms after the last byte`, {bytes: 1_400_000, delayMs}] as const),
];

for (const [name, moment] of moments) {
	test(`killed ${name}, the store is sound and the next pull completes the image`, async t => {
		const lab = await registryLab(t);
		if (lab === undefined) {
			return;
		}

		const registry = await fakeRegistry(t);
		registry.put('app', 'latest', image, gzip);
		let bytes = 0;
		let isArmed = true;
		let kill = () => {};
		registry.intercept(({path: place, headers}, response) => {
			const blob = registry.blobs.get(/sha256:\w+$/.exec(place)?.[0] ?? '');
			const [, start = '0', end = String((blob?.length ?? 1) - 1)] = /=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [];
			bytes += blob === undefined ? 0 : Number(end) - Number(start) + 1;
			if (isArmed && (registry.seen.length === moment.request || bytes >= (moment.bytes ?? Number.POSITIVE_INFINITY))) {
				isArmed = false;
				if (blob !== undefined) {
					sendBlob(response, blob, headers.range);
				}

				setTimeout(kill, moment.delayMs ?? 0);
				return blob !== undefined;
			}

			return false;
		});
		const child = startPull(t, lab.store, `${registry.host}/app`);
		kill = () => {
			child.kill('SIGKILL');
		};

		await once(child, 'close');
		await reconcile(lab.store);
		for (const blob of fs.readdirSync(lab.store.layout.blobs)) {
			t.is(hex(fs.readFileSync(path.join(lab.store.layout.blobs, blob))), blob);
		}

		await lab.pull(`${registry.host}/app`);
		t.is(lab.images.list()[0]!.id, idOf(image));
		await reconcile(lab.store);
		assertSound(t, lab.store);
	});
}

test('removing and pulling at once never leaves an image without its layers', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, gzip);
	registry.put('other', 'latest', {layers: [...image.layers.slice(0, 2), layerWith('else')], tags: null}, gzip);
	const names = Array.from({length: 4}, () => [`${registry.host}/app`, `${registry.host}/other`]).flat();
	const child = startPull(t, lab.store, ...names);
	const closed = once(child, 'close');
	while (child.exitCode === null) {
		for (const found of lab.images.list()) {
			await lab.images.remove(found.id, {force: true}).catch(() => {}); // The other may have been quicker.
		}

		await lab.images.prune();
		await new Promise(resolve => {
			setTimeout(resolve, 5);
		});
	}

	t.is((await closed)[0], 0);
	await reconcile(lab.store);
	assertSound(t, lab.store);
});

test('downloads nobody comes back for go after some days', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const {downloads} = lab.store.layout;
	fs.mkdirSync(downloads, {recursive: true});
	const old = Date.now() - 4 * 86_400_000;
	for (const [name, time] of [['old', old], ['old.parts', old], ['young', Date.now()]] as const) {
		fs.writeFileSync(path.join(downloads, name), 'x');
		fs.utimesSync(path.join(downloads, name), time / 1000, time / 1000);
	}

	await reconcile(lab.store);
	sweepDownloads(lab.store, Date.now());
	t.deepEqual(fs.readdirSync(downloads), ['young']);
});

test('the lock of a download is held by one at a time, and waiting for it can be ended', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const digest = `sha256:${'a'.repeat(64)}` as Digest;
	let inside = 0;
	await Promise.all(Array.from({length: 5}, async () => withDownloadLock(reopen(lab.store), digest, new AbortController().signal, async () => {
		t.is(++inside, 1);
		await new Promise(resolve => {
			setImmediate(resolve);
		});
		inside--;
	})));
	const controller = new AbortController();
	await withDownloadLock(lab.store, digest, controller.signal, async () => {
		const waiting = withDownloadLock(lab.store, digest, controller.signal, async () => t.fail());
		controller.abort(new Error('enough'));
		await t.throwsAsync(waiting, {message: 'enough'});
	});
	t.deepEqual(fs.readdirSync(lab.store.layout.downloads), []);
});
