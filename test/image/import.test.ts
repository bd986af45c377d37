import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import zlib from 'node:zlib';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import type {Digest, DiffId} from '../../engine/oci/digest.js';
import {hostPlatform} from '../../engine/oci/platform.js';
import {assertSound, dockerArchive, hasProgram, hex, idOf, imageLab, layerWith, load, tarOf, temporaryFolder, type TestImage} from '../helpers/image-lab.js';

const rootfs = tarOf([{name: './bin', directory: true}, {name: './bin/sh', data: 'x'.repeat(70_000)}, {name: './etc/os-release', data: 'ID=test\n'}]);

const forms: ReadonlyArray<readonly [string, (data: Buffer) => Buffer, string]> = [
	['plain', data => data, 'sh'],
	['gzip', data => zlib.gzipSync(data), 'sh'],
	['zstd', data => execFileSync('zstd', ['-c', '-q'], {input: data}), 'zstd'],
	['xz', data => execFileSync('xz', ['-c'], {input: data}), 'xz'],
	['bzip2', data => execFileSync('bzip2', ['-c'], {input: data}), 'bzip2'],
];

for (const [name, compress, program] of forms) {
	test(`a ${name} root filesystem becomes an image, from a file and from a stream`, async t => {
		const lab = imageLab(t);
		if (lab === undefined) {
			return;
		}

		if (!hasProgram(program)) {
			t.log(`skipped: ${program} is not installed`);
			t.pass();
			return;
		}

		const file = path.join(temporaryFolder(t), 'rootfs.tar');
		fs.writeFileSync(file, compress(rootfs));
		for (const source of [{path: file}, Readable.from([compress(rootfs)], {objectMode: false})]) {
			const id = await lab.images.import(source, {reference: 'imported', changes: ['CMD ["/bin/sh"]', 'ENV A=1'], message: 'from a test'});
			const image = lab.images.inspect('imported:latest');
			t.is(image.id, id);
			t.deepEqual(image.config.diffIds.map(String), [`sha256:${hex(rootfs)}`]);
			t.deepEqual(image.config.platform, hostPlatform());
			t.deepEqual(image.config.defaults, {Cmd: ['/bin/sh'], Env: ['A=1']});
			t.is(image.config.history[0]!.comment, 'from a test');
			t.is(image.sizeBytes, 70_000 + 8);
			t.is(fs.readFileSync(path.join(lab.store.layout.layerTree(`sha256:${hex(rootfs)}` as DiffId), 'etc/os-release'), 'utf8'), 'ID=test\n');
		}

		assertSound(t, lab.store);
		t.deepEqual(lab.events.map(event => event.action), ['import', 'import']);
	});
}

test('without a name the image is nameless, and docker\'s words are in its history', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const id = await lab.images.import(Readable.from([rootfs], {objectMode: false}));
	t.deepEqual(lab.images.inspect(id).references, []);
	t.is(lab.images.history(id)[0]!.comment, 'Imported from -');
});

const bad = test.macro({
	async exec(t, data: Buffer, message: RegExp) {
		const lab = imageLab(t);
		if (lab === undefined) {
			return;
		}

		const error = await t.throwsAsync(lab.images.import(Readable.from([data], {objectMode: false}), {reference: 'x'}), {message});
		t.true(isEngineError(error, 'invalidParameter'), String(error?.stack));
		t.deepEqual(lab.images.list(), []);
		await lab.images.prune();
		assertSound(t, lab.store);
	},
	title: (title = '') => `${title} is refused, and nothing of it stays`,
});

test('nothing at all', bad, Buffer.alloc(0), /is empty/);
test('something else', bad, Buffer.alloc(3000, 'text '), /is not a tar archive/);
test('a tar cut off', bad, rootfs.subarray(0, 40_000), /unpacking|cut off|end of archive|truncated/i);
test('compressed data cut off', bad, zlib.gzipSync(rootfs).subarray(0, 100), /compressed data is cut off/);

test('a bad name or change is refused before anything is read', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const source = Readable.from([rootfs], {objectMode: false});
	await t.throwsAsync(lab.images.import(source, {reference: 'BAD'}), {message: /lowercase/});
	await t.throwsAsync(lab.images.import(source, {changes: ['RUN x']}), {message: /RUN is not a valid change command/});
	t.false(source.readableDidRead);
	await t.throwsAsync(lab.images.import({path: '/no/such'}), {message: /no such file/});
});

const base: TestImage = {layers: [layerWith('base')], tags: ['base:1'], config: {Cmd: ['sh'], Env: ['A=1'], Labels: {a: 'b'}}};

test('a commit puts a layer on an image, with history, parent and changes', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'base.tar');
	fs.writeFileSync(file, dockerArchive(base));
	await load(lab.images, {path: file});
	const parent = lab.images.inspect('base:1');
	const upper = layerWith('new', 'content');
	const id = await lab.images.commit({
		imageId: parent.id,
		layers: parent.config.diffIds,
		tar: Readable.from([upper], {objectMode: false}),
		defaults: {...parent.config.defaults, Hostname: 'c0ffee', User: 'app'},
		createdBy: 'sh -c work',
		comment: 'why',
		author: 'me',
		changes: ['ENV B=2'],
		reference: 'made:1',
	});
	const made = lab.images.inspect('made:1');
	t.is(made.id, id);
	t.is(made.parent, parent.id);
	t.deepEqual(made.config.diffIds.map(String), [...parent.config.diffIds.map(String), `sha256:${hex(upper)}`]);
	t.deepEqual(made.config.defaults, {Cmd: ['sh'], Env: ['A=1', 'B=2'], Labels: {a: 'b'}, User: 'app'});
	t.is(made.config.author, 'me');
	t.deepEqual(lab.images.history('made:1').map(entry => [entry.createdBy, entry.comment, entry.sizeBytes]), [['sh -c work', 'why', 7], ['step 0', '', 4]]);
	assertSound(t, lab.store);

	// The parent may go: what the new image is made of stays.
	await lab.images.remove('base:1');
	assertSound(t, lab.store);
	t.is(lab.images.inspect('made:1').sizeBytes, 11);
	await lab.images.remove('made:1');
	t.deepEqual(fs.readdirSync(lab.store.layout.layers), []);
	t.deepEqual(fs.readdirSync(lab.store.layout.blobs), []);
});

test('a container whose image was removed by force can still be committed', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'base.tar');
	fs.writeFileSync(file, dockerArchive(base));
	await load(lab.images, {path: file});
	const {id, config: {diffIds}} = lab.images.inspect('base:1');
	const record = lab.store.layout.container('c'.repeat(64));
	fs.mkdirSync(record);
	fs.writeFileSync(path.join(record, 'config.json'), JSON.stringify({imageId: id, layers: diffIds}));
	await lab.images.remove('base:1', {force: true});
	const made = await lab.images.commitLayer({imageId: id, layers: diffIds, defaults: {}, command: 'sh'}, Readable.from([layerWith('new')], {objectMode: false}), {});
	t.is(lab.images.inspect(made).layers.length, 2);
	assertSound(t, lab.store);
});

test('a nameless parent goes with the last image made from it, unless it is to stay', async t => {
	for (const noPrune of [false, true]) {
		const lab = imageLab(t);
		if (lab === undefined) {
			return;
		}

		const file = path.join(temporaryFolder(t), 'base.tar');
		fs.writeFileSync(file, dockerArchive({...base, tags: null}));
		await load(lab.images, {path: file});
		const {id, config} = lab.images.inspect(idOf(base));
		await lab.images.commit({imageId: id, layers: config.diffIds, tar: Readable.from([layerWith('new')], {objectMode: false}), defaults: {}, createdBy: '', reference: 'made'});
		const removed = await lab.images.remove('made', {noPrune});
		t.is(removed.some(item => item.name === id), !noPrune);
		t.is(lab.images.list().length, noPrune ? 1 : 0);
		assertSound(t, lab.store);
	}
});

test('what a container needs of an image is found, and missing layers are unpacked from their blobs', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const image: TestImage = {layers: [layerWith('one'), layerWith('two')], tags: ['two-layers:1']};
	const file = path.join(temporaryFolder(t), 'base.tar');
	fs.writeFileSync(file, dockerArchive(image));
	await load(lab.images, {path: file});
	const found = await lab.images.find('two-layers:1');
	t.is(found.reference, 'two-layers:1');
	t.deepEqual(found.layerPaths, [...found.diffIds].reverse().map(diffId => lab.store.layout.layerTree(diffId)));
	t.is((await lab.images.find(found.id)).reference, undefined);
	await lab.images.ensureLayers(found.diffIds);
	fs.rmSync(lab.store.layout.layer(found.diffIds[0]!), {recursive: true});
	await Promise.all([lab.images.ensureLayers(found.diffIds), lab.images.ensureLayers(found.diffIds)]);
	t.is(fs.readFileSync(path.join(found.layerPaths[1]!, 'one'), 'utf8'), 'one');
	assertSound(t, lab.store);

	fs.rmSync(lab.store.layout.layer(found.diffIds[1]!), {recursive: true});
	fs.rmSync(lab.store.layout.blob(found.diffIds[1]! as string as Digest));
	const error = await t.throwsAsync(lab.images.ensureLayers(found.diffIds), {message: /layer sha256:\w+ is not in the store/});
	t.true(isEngineError(error, 'notFound') && error.code === 'LAYER_UNKNOWN');
	await t.throwsAsync(lab.images.find('nosuch'), {message: 'No such image: nosuch:latest'});
});

test('a blob that rotted is not unpacked', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const image: TestImage = {layers: [layerWith('one')], tags: ['x:1']};
	const file = path.join(temporaryFolder(t), 'base.tar');
	fs.writeFileSync(file, dockerArchive(image));
	await load(lab.images, {path: file});
	const {diffIds} = await lab.images.find('x:1');
	fs.rmSync(lab.store.layout.layer(diffIds[0]!), {recursive: true});
	const blob = lab.store.layout.blob(diffIds[0]! as string as Digest);
	const data = fs.readFileSync(blob);
	data[600]! ^= 1;
	fs.writeFileSync(blob, data);
	const error = await t.throwsAsync(lab.images.ensureLayers(diffIds), {message: /has digest|unpacks to/});
	t.true(isEngineError(error) && error.code === 'EINTEGRITY');
	t.false(fs.existsSync(lab.store.layout.layer(diffIds[0]!)));
});
