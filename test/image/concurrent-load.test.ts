import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import type {EngineError} from '../../engine/errors.js';
import {imageService} from '../../engine/image/image-service.js';
import {openStore, type Store} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {assertSound, dockerArchive, idOf, imageLab, layerWith, load, reopen, tarOf, temporaryFolder, type TestImage} from '../helpers/image-lab.js';
import {mountTmpfs} from '../helpers/small-disk.js';

const script = fileURLToPath(new URL('../helpers/load-archive.js', import.meta.url));

function startLoad(t: ExecutionContext, store: Store, files: readonly string[]): ChildProcess {
	const child = spawn(process.execPath, [script, store.layout.root, JSON.stringify(store.native), ...files], {stdio: ['ignore', 'ignore', 'inherit']});
	t.teardown(() => child.kill('SIGKILL'));
	return child;
}

const many = (prefix: string, count: number) => tarOf(Array.from({length: count}, (_, index) => ({name: `${prefix}/${index}`, data: `${prefix}${index}`})));
const shared = many('shared', 500);
const makeImage = (name: string): TestImage => ({layers: [shared, many(name, 300), layerWith(`${name}-big`, randomBytes(2_000_000))], tags: [`${name}:1`]});

function write(folder: string, ...images: readonly TestImage[]): string[] {
	return images.map((image, index) => {
		const file = path.join(folder, `${index}.tar`);
		fs.writeFileSync(file, dockerArchive(image));
		return file;
	});
}

test('processes that load the same and different archives at once store everything once', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const images = ['a', 'b', 'c'].map(name => makeImage(name));
	const files = write(temporaryFolder(t), ...images);
	const children = [files, files, [...files].reverse(), [files[1]!]].map(list => startLoad(t, lab.store, list));
	const codes = await Promise.all(children.map(async child => (await once(child, 'close'))[0] as number));
	t.deepEqual(codes, [0, 0, 0, 0]);
	t.deepEqual(lab.images.list().map(image => image.id as string).sort(), images.map(image => idOf(image)).sort());
	t.is(fs.readdirSync(lab.store.layout.layers).length, 7);
	assertSound(t, lab.store);
});

test('loading and removing at once never leaves an image without its layers', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const images = ['a', 'b'].map(name => makeImage(name));
	const [first, second] = write(temporaryFolder(t), ...images) as [string, string];
	const loader = startLoad(t, lab.store, [first, second, first, second, first]);
	const closed = once(loader, 'close');
	const other = imageService(reopen(lab.store));
	while (loader.exitCode === null) {
		for (const image of lab.images.list()) {
			await other.remove(image.id, {force: true}).catch(() => {}); // The other may have been quicker.
		}

		await other.prune();
		await new Promise(resolve => {
			setTimeout(resolve, 3);
		});
	}

	t.is((await closed)[0], 0);
	assertSound(t, lab.store);
});

test('two at once in one process share what they load', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const [file] = write(temporaryFolder(t), makeImage('a')) as [string];
	await Promise.all([load(lab.images, {path: file}), load(lab.images, {path: file}), load(imageService(reopen(lab.store)), {path: file})]);
	t.is(lab.images.list().length, 1);
	assertSound(t, lab.store);
});

test.serial('a load that is killed at any moment leaves a store that the next start puts in order', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const images = ['a', 'b'].map(name => makeImage(name));
	const files = write(temporaryFolder(t), ...images);
	const started = performance.now();
	await once(startLoad(t, lab.store, files), 'close');
	const wholeMs = performance.now() - started;
	await lab.images.prune({filters: {dangling: ['false']}});
	assertSound(t, lab.store);

	const rounds = 20;
	const seen = new Set<number>();
	for (let round = 0; round < rounds; round++) {
		const child = startLoad(t, lab.store, files);
		const closed = once(child, 'close');
		// A sweep over the whole run, past node's own start.
		await new Promise(resolve => {
			setTimeout(resolve, wholeMs * (0.15 + ((1.1 * round) / rounds)));
		});
		child.kill('SIGKILL');
		await closed;

		// Readable at once, even before anything is put in order.
		const store = reopen(lab.store);
		const found = imageService(store).list();
		seen.add(found.length);
		assertSound(t, store, false);
		await reconcile(store);
		assertSound(t, store);
		t.deepEqual(imageService(store).list().map(image => image.id), found.map(image => image.id));
		await imageService(store).prune({filters: {dangling: ['false']}});
		t.deepEqual(fs.readdirSync(store.layout.layers), []);
		t.deepEqual(fs.readdirSync(store.layout.blobs), []);
	}

	t.log(`images there when it was killed: ${[...seen].sort((a, b) => a - b).join(', ')}`);
	// And it still works.
	t.is(await load(lab.images, {path: files[0]!}), 'Loaded image: a:1\n');
	assertSound(t, lab.store);
});

test('a full disk is a clear error, and the store is whole', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	const small: TestImage = {layers: [layerWith('small')], tags: ['small:1']};
	const big: TestImage = {layers: [layerWith('big', randomBytes(12_000_000))], tags: ['big:1']};
	const files = write(folder, small, big);
	for (const megabytes of [7, 19]) { // Full while the blob is written; full while the tree is.
		const disk = mountTmpfs(t, megabytes * 1024 * 1024);
		if (disk === undefined) {
			return;
		}

		const store = openStore({root: path.join(disk, 'root'), run: path.join(disk, 'run'), native: lab.store.native, mapping: lab.store.mapping});
		const images = imageService(store);
		await load(images, {path: files[0]!});
		const error = await t.throwsAsync<EngineError>(load(images, {path: files[1]!}));
		t.is(error?.code, 'ENOSPC', error?.message);
		t.regex(error.hint!, /disk is full/);
		t.regex(error.message, /1\.tar/);
		await images.prune();
		t.deepEqual(images.list().map(image => image.references[0]!.path), ['library/small']);
		assertSound(t, store);
	}
});
