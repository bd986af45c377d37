import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {buffer} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import zlib from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {assertSound, configOf, dockerArchive, hasProgram, hex, idOf, imageLab, layerWith, load, ociLayout, tarOfFiles, temporaryFolder, type ImageLab, type TestImage} from '../helpers/image-lab.js';

const base = layerWith('base', 'b'.repeat(100_000));
const one: TestImage = {layers: [base, layerWith('one')], tags: ['one:1', 'one:2']};
const two: TestImage = {layers: [base, layerWith('two')], tags: ['localhost:5000/two:1']};

async function labWith(t: ExecutionContext, ...images: readonly TestImage[]): Promise<ImageLab | undefined> {
	const lab = imageLab(t);
	if (lab !== undefined) {
		const file = path.join(temporaryFolder(t), 'in.tar');
		fs.writeFileSync(file, dockerArchive(...images));
		await load(lab.images, {path: file});
	}

	return lab;
}

function unpack(t: ExecutionContext, archive: Buffer): string {
	const folder = temporaryFolder(t);
	execFileSync('tar', ['-C', folder, '-xf', '-'], {input: archive});
	return folder;
}

/** The stream's end comes a moment after its last byte. */
async function settled({store}: ImageLab): Promise<void> {
	while (fs.readdirSync(store.layout.temporary).length > 0) {
		await delay(5);
	}
}

const readJson = (...parts: readonly string[]): unknown => JSON.parse(fs.readFileSync(path.join(...parts), 'utf8'));

test('a docker archive has everything that readers of all ages look for', async t => {
	const lab = await labWith(t, one, two);
	if (lab === undefined) {
		return;
	}

	const folder = unpack(t, await buffer(lab.images.save(['one:1', 'localhost:5000/two:1'])));
	const blob = (data: Buffer) => `blobs/sha256/${hex(data)}`;
	const manifest = readJson(folder, 'manifest.json') as Array<{Config: string; RepoTags: string[]; Layers: string[]}>;
	t.deepEqual(manifest.map(({Config, RepoTags, Layers}) => ({Config, RepoTags, Layers})), [
		{Config: blob(configOf(one)), RepoTags: ['one:1'], Layers: one.layers.map(layer => blob(layer))},
		{Config: blob(configOf(two)), RepoTags: ['localhost:5000/two:1'], Layers: two.layers.map(layer => blob(layer))},
	]);
	t.deepEqual(readJson(folder, 'repositories'), {one: {1: hex(one.layers[1]!)}, 'localhost:5000/two': {1: hex(two.layers[1]!)}});
	t.deepEqual(readJson(folder, 'oci-layout'), {imageLayoutVersion: '1.0.0'});
	for (const name of fs.readdirSync(path.join(folder, 'blobs/sha256'))) {
		t.is(hex(fs.readFileSync(path.join(folder, 'blobs/sha256', name))), name);
	}

	t.deepEqual(lab.events.slice(-2).map(event => event.action), ['save', 'save']);
	await settled(lab);
	assertSound(t, lab.store);
});

test('what was saved is loaded as the same image, in both forms', async t => {
	const lab = await labWith(t, one, two);
	if (lab === undefined) {
		return;
	}

	for (const format of ['docker-archive', 'oci-archive'] as const) {
		const other = imageLab(t)!;
		t.is(await load(other.images, lab.images.save(['one', 'localhost:5000/two:1'], {format})), 'Loaded image: one:1\nLoaded image: one:2\nLoaded image: localhost:5000/two:1\n');
		t.is(other.images.inspect('one:2').id, idOf(one));
		t.is(other.images.inspect('localhost:5000/two:1').manifest.digest, lab.images.inspect('localhost:5000/two:1').manifest.digest);
		assertSound(t, other.store);
	}
});

test('the same images give the same bytes', async t => {
	const lab = await labWith(t, one, two);
	const other = await labWith(t, two, one);
	if (lab === undefined || other === undefined) {
		return;
	}

	const names = ['one:1', 'localhost:5000/two:1'];
	t.is(hex(await buffer(lab.images.save(names))), hex(await buffer(other.images.save(names))));
});

test('an image saved by its id has no name', async t => {
	const lab = await labWith(t, one);
	if (lab === undefined) {
		return;
	}

	const folder = unpack(t, await buffer(lab.images.save([idOf(one).slice(7, 19)])));
	t.is((readJson(folder, 'manifest.json') as Array<{RepoTags: unknown}>)[0]!.RepoTags, null);
	t.false(fs.existsSync(path.join(folder, 'repositories')));
});

test('compressed layers go out as they came', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const files = ociLayout(one, {encode: layer => zlib.gzipSync(layer), layerType: 'application/vnd.oci.image.layer.v1.tar+gzip', annotations: {'io.containerd.image.name': 'docker.io/library/one:1'}});
	const file = path.join(temporaryFolder(t), 'in.tar');
	fs.writeFileSync(file, tarOfFiles(files));
	await load(lab.images, {path: file});
	const folder = unpack(t, await buffer(lab.images.save(['one:1'])));
	const other = imageLab(t)!;
	for (const name of [...files.keys()].filter(name => name.startsWith('blobs/'))) {
		t.deepEqual(fs.readFileSync(path.join(folder, name)), files.get(name));
	}

	await load(other.images, lab.images.save(['one:1']));
	t.is(other.images.inspect('one:1').id, idOf(one));
});

test('an unknown name is an error before the first byte, and leaves nothing', async t => {
	const lab = await labWith(t, one);
	if (lab === undefined) {
		return;
	}

	const error = t.throws(() => lab.images.save(['one:1', 'nosuch']), {message: 'No such image: nosuch:latest'});
	t.true(isEngineError(error, 'notFound'));
	t.throws(() => lab.images.save([]), {message: 'no images to save'});
	assertSound(t, lab.store);
});

test('a blob that is gone is an error before the first byte', async t => {
	const lab = await labWith(t, one);
	if (lab === undefined) {
		return;
	}

	fs.rmSync(lab.store.layout.blob(lab.images.inspect('one:1').layers[0]!.blob.digest));
	const error = t.throws(() => lab.images.save(['one:1']), {message: /layer blob sha256:\w+ is not in the store/});
	t.true(isEngineError(error) && error.code === 'BLOB_UNKNOWN');
});

test('an image that is removed while it is saved comes out whole', async t => {
	const lab = await labWith(t, one);
	if (lab === undefined) {
		return;
	}

	const stream = lab.images.save(['one:1']);
	await lab.images.remove(idOf(one), {force: true});
	const other = imageLab(t)!;
	t.is(await load(other.images, stream), 'Loaded image: one:1\n');
	await settled(lab);

	await lab.images.prune();
	assertSound(t, lab.store);
});

test('a save that nobody reads to the end leaves nothing', async t => {
	const lab = await labWith(t, one);
	if (lab === undefined) {
		return;
	}

	const stream = lab.images.save(['one:1']);
	await stream[Symbol.asyncIterator]().next();
	stream.destroy();

	await settled(lab);
	assertSound(t, lab.store);
});

test('skopeo and umoci read what is saved, and find the same image', async t => {
	if (!hasProgram('skopeo')) {
		t.log('skipped: skopeo is not installed');
		t.pass();
		return;
	}

	const lab = await labWith(t, one, two);
	if (lab === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	const skopeo = (...arguments_: string[]) => execFileSync('skopeo', ['--tmpdir', folder, ...arguments_], {encoding: 'utf8', maxBuffer: 1e8});
	fs.writeFileSync(path.join(folder, 'docker.tar'), await buffer(lab.images.save(['one', 'localhost:5000/two:1'])));
	fs.writeFileSync(path.join(folder, 'oci.tar'), await buffer(lab.images.save(['two'].map(name => `localhost:5000/${name}`), {format: 'oci-archive'})));
	const config = (source: string) => skopeo('inspect', '--config', '--raw', source);
	t.is(config(`docker-archive:${folder}/docker.tar:one:2`), String(configOf(one)));
	t.is(config(`docker-archive:${folder}/docker.tar:localhost:5000/two:1`), String(configOf(two)));
	t.is(config(`oci-archive:${folder}/oci.tar`), String(configOf(two)));
	// Every layer is read, and its digest checked, by the copy.
	skopeo('copy', '--insecure-policy', '-q', `docker-archive:${folder}/docker.tar:one:1`, `oci:${folder}/layout:one`);
	skopeo('copy', '--insecure-policy', '-q', `oci-archive:${folder}/oci.tar`, `dir:${folder}/dir`);
	if (hasProgram('umoci') && process.getuid!() === 0) {
		execFileSync('umoci', ['unpack', '--image', `${folder}/layout:one`, `${folder}/bundle`], {stdio: 'ignore'});
		t.is(fs.readFileSync(`${folder}/bundle/rootfs/one`, 'utf8'), 'one');
	}

	// And back: what skopeo writes is loaded.
	skopeo('copy', '--insecure-policy', '-q', `oci:${folder}/layout:one`, `docker-archive:${folder}/again.tar:again:1`);
	skopeo('copy', '--insecure-policy', '-q', `oci:${folder}/layout:one`, `oci-archive:${folder}/again-oci.tar:again:2`);
	const other = imageLab(t)!;
	t.is(await load(other.images, {path: `${folder}/again.tar`}), 'Loaded image: again:1\n');
	t.is(await load(other.images, {path: `${folder}/again-oci.tar`}), 'Loaded image: again:2\n');
	t.deepEqual(other.images.inspect('again:2').config.diffIds.map(String), one.layers.map(layer => `sha256:${hex(layer)}`));
	assertSound(t, other.store);
});

test('skopeo reads the store itself: it is an OCI layout', async t => {
	if (!hasProgram('skopeo')) {
		t.log('skipped: skopeo is not installed');
		t.pass();
		return;
	}

	const lab = await labWith(t, one);
	if (lab === undefined) {
		return;
	}

	t.is(execFileSync('skopeo', ['inspect', '--config', '--raw', `oci:${lab.store.layout.root}:1`], {encoding: 'utf8'}), String(configOf(one)));
});
