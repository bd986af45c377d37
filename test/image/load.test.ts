import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {PassThrough, Readable} from 'node:stream';
import zlib from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import type {DiffId} from '../../engine/oci/digest.js';
import {isEngineError, type EngineError} from '../../engine/errors.js';
import {assertSound, configOf, dockerArchive, hasProgram, hex, idOf, imageLab, layerWith, load, ociLayout, tarOf, tarOfFiles, temporaryFolder, type ImageLab, type TarEntry, type TestImage} from '../helpers/image-lab.js';

const base = tarOf([{name: 'etc', directory: true}, {name: 'etc/passwd', data: 'root:x:0:0::/root:/bin/sh\n'}, {name: 'bin/tool', data: randomBytes(300_000)}]);
const top = layerWith('srv/app', 'v1');
const image: TestImage = {layers: [base, top], tags: ['app:1']};

function save(t: ExecutionContext, data: Buffer): string {
	const file = path.join(temporaryFolder(t), 'archive.tar');
	fs.writeFileSync(file, data);
	return file;
}

/** Loads from the path, then from a stream into another store: both have to give the same. */
async function loadBothWays(t: ExecutionContext, data: Buffer, check: (lab: ImageLab, output: string) => void): Promise<void> {
	for (const source of [{path: save(t, data)}, Readable.from([data.subarray(0, 700), data.subarray(700)], {objectMode: false})]) {
		const lab = imageLab(t);
		if (lab === undefined) {
			return;
		}

		const output = await load(lab.images, source);
		check(lab, output);
		assertSound(t, lab.store);
	}
}

function assertApp(t: ExecutionContext, {images, store}: ImageLab, output: string, expected = image): void {
	t.is(output, 'Loaded image: app:1\n');
	const found = images.inspect('app:1');
	t.is(found.id, idOf(expected));
	t.is(found.layers.length, expected.layers.length);
	t.is(fs.readFileSync(path.join(store.layout.layerTree(`sha256:${hex(top)}` as DiffId), 'srv/app'), 'utf8'), 'v1');
	t.is(fs.statSync(path.join(store.layout.layerTree(`sha256:${hex(base)}` as DiffId), 'bin/tool')).size, 300_000);
	t.is(found.sizeBytes, 300_000 + 26 + 2);
}

test('a docker archive with a folder for each layer (docker to 24, podman) is loaded', async t => {
	await loadBothWays(t, dockerArchive(image), (lab, output) => {
		assertApp(t, lab, output);
		t.deepEqual(lab.events, [{action: 'load', id: idOf(image), attributes: {name: 'app:1'}}]);
	});
});

test('a docker archive that is an OCI layout too (docker since 25) is loaded', async t => {
	const files = ociLayout(image, {annotations: {'io.containerd.image.name': 'docker.io/library/other:1'}});
	files.set('manifest.json', Buffer.from(JSON.stringify([{Config: `blobs/sha256/${hex(configOf(image))}`, RepoTags: ['app:1'], Layers: image.layers.map(layer => `blobs/sha256/${hex(layer)}`)}])));
	files.set('repositories', Buffer.from('{}'));
	await loadBothWays(t, tarOfFiles(files), (lab, output) => {
		assertApp(t, lab, output);
	});
});

const named = (entries: readonly TarEntry[], config: string, layers: readonly string[]) => tarOf([...entries, {name: 'manifest.json', data: JSON.stringify([{Config: config, RepoTags: ['app:1'], Layers: layers}])}]);

test('layers that are symbolic links to others (old docker save) are loaded', async t => {
	await loadBothWays(t, named([{name: 'a/layer.tar', data: base}, {name: 'b/layer.tar', symlink: '../a/layer.tar'}, {name: 'c/layer.tar', data: top}, {name: 'config.json', data: configOf({layers: [base, base, top]})}], 'config.json', ['a/layer.tar', 'b/layer.tar', 'c/layer.tar']), (lab, output) => {
		t.is(output, 'Loaded image: app:1\n');
		t.is(lab.images.inspect('app:1').layers.length, 3);
	});
});

test('layers that are hard links, names with ./ before them (bazel, kaniko, jib) are loaded', async t => {
	const config = configOf(image);
	await loadBothWays(t, named([{name: './one.tar', data: base}, {name: './two.tar', hardlink: './one.tar'}, {name: `./sha256:${hex(config)}`, data: config}, {name: './app.tar', data: top}], `sha256:${hex(config)}`, ['two.tar', 'app.tar']), (lab, output) => {
		assertApp(t, lab, output);
	});
});

test('compressed layers inside a docker archive (kaniko, buildkit) are kept as they came', async t => {
	const compressed = [zlib.gzipSync(base), zlib.gzipSync(top)] as const;
	await loadBothWays(t, named([{name: 'config.json', data: configOf(image)}, {name: '1.tar.gz', data: compressed[0]}, {name: '2.tar.gz', data: compressed[1]}], 'config.json', ['1.tar.gz', '2.tar.gz']), (lab, output) => {
		assertApp(t, lab, output);
		t.deepEqual(lab.images.inspect('app:1').layers.map(layer => layer.blob.digest as string), compressed.map(data => `sha256:${hex(data)}`));
	});
});

test('several images and tags, shared layers and one without a name are loaded', async t => {
	const other: TestImage = {layers: [base], tags: ['b:1', 'localhost:5000/b:2']};
	const nameless: TestImage = {layers: [top], tags: null};
	await loadBothWays(t, dockerArchive(image, other, nameless), ({images, store}, output) => {
		t.is(output, `Loaded image: app:1\nLoaded image: b:1\nLoaded image: localhost:5000/b:2\nLoaded image ID: ${idOf(nameless)}\n`);
		t.is(images.list().length, 3);
		t.is(images.list({filters: {dangling: ['true']}})[0]?.id as string, idOf(nameless));
		t.is(fs.readdirSync(store.layout.layers).length, 2);
	});
});

test('an image without layers is loaded', async t => {
	await loadBothWays(t, dockerArchive({layers: [], tags: ['empty:1']}), ({images}) => {
		t.is(images.inspect('empty:1').sizeBytes, 0);
	});
});

for (const [name, compress, program] of [['gzip', (data: Buffer) => zlib.gzipSync(data), 'sh'], ['zstd', (data: Buffer) => execFileSync('zstd', ['-c', '-q'], {input: data, maxBuffer: 1e9}), 'zstd'], ['xz', (data: Buffer) => execFileSync('xz', ['-c', '-0'], {input: data, maxBuffer: 1e9}), 'xz']] as const) {
	test(`an archive compressed with ${name} is loaded`, async t => {
		if (!hasProgram(program)) {
			t.log(`skipped: ${program} is not installed`);
			t.pass();
			return;
		}

		await loadBothWays(t, compress(dockerArchive(image)), (lab, output) => {
			assertApp(t, lab, output);
		});
	});
}

const layerForms = [
	['plain', (data: Buffer) => data, 'application/vnd.oci.image.layer.v1.tar', 'sh'],
	['gzip', (data: Buffer) => zlib.gzipSync(data), 'application/vnd.oci.image.layer.v1.tar+gzip', 'sh'],
	['zstd', (data: Buffer) => execFileSync('zstd', ['-c', '-q'], {input: data, maxBuffer: 1e9}), 'application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
] as const;
for (const [name, encode, layerType, program] of layerForms) {
	test(`an OCI archive and an OCI folder with ${name} layers are loaded`, async t => {
		if (!hasProgram(program)) {
			t.log(`skipped: ${program} is not installed`);
			t.pass();
			return;
		}

		const files = ociLayout(image, {encode, layerType, annotations: {'org.opencontainers.image.ref.name': 'docker.io/library/app:1'}});
		await loadBothWays(t, tarOfFiles(files), (lab, output) => {
			assertApp(t, lab, output);
			t.is(lab.images.inspect('app:1').layers[0]!.blob.mediaType, layerType);
		});
		const lab = imageLab(t);
		if (lab === undefined) {
			return;
		}

		const folder = temporaryFolder(t);
		for (const [file, data] of files) {
			fs.mkdirSync(path.dirname(path.join(folder, file)), {recursive: true});
			fs.writeFileSync(path.join(folder, file), data);
		}

		assertApp(t, lab, await load(lab.images, {path: folder}));
		assertSound(t, lab.store);
		// What came in is what lies in the store: the manifest keeps its digest.
		t.true(files.has(`blobs/sha256/${lab.images.inspect('app:1').manifest.digest.slice(7)}`));
	});
}

test('of an index of platforms the one for this machine is taken', async t => {
	const files = ociLayout(image);
	const [entry] = (JSON.parse(String(files.get('index.json'))) as {manifests: Array<Record<string, unknown>>}).manifests as [Record<string, unknown>];
	const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
	const index = Buffer.from(JSON.stringify({schemaVersion: 2, manifests: [
		{...entry, digest: `sha256:${'0'.repeat(64)}`, platform: {os: 'linux', architecture: 'mips'}},
		{...entry, platform: {os: 'linux', architecture}},
		{...entry, digest: `sha256:${'1'.repeat(64)}`, platform: {os: 'unknown', architecture: 'unknown'}},
	]}));
	files.set(`blobs/sha256/${hex(index)}`, index);
	files.set('index.json', Buffer.from(JSON.stringify({schemaVersion: 2, manifests: [{mediaType: 'application/vnd.oci.image.index.v1+json', digest: `sha256:${hex(index)}`, size: index.length, annotations: {'io.containerd.image.name': 'docker.io/library/app:1'}}]})));
	await loadBothWays(t, tarOfFiles(files), (lab, output) => {
		assertApp(t, lab, output);
	});
});

test('a ref.name that is a mere tag names nothing', async t => {
	await loadBothWays(t, tarOfFiles(ociLayout(image, {annotations: {'org.opencontainers.image.ref.name': 'latest'}})), (_, output) => {
		t.is(output, `Loaded image ID: ${idOf(image)}\n`);
	});
});

test('loading again changes nothing and reads no layer', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const file = save(t, dockerArchive(image));
	await load(lab.images, {path: file});
	const inode = fs.statSync(lab.store.layout.index).ino;
	t.is(await load(lab.images, {path: file}), 'Loaded image: app:1\n');
	t.is(fs.statSync(lab.store.layout.index).ino, inode);
	assertSound(t, lab.store);
});

test('a name that moves to the new image is told, the old image stays', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const other: TestImage = {layers: [top], tags: ['app:1']};
	await load(lab.images, {path: save(t, dockerArchive(image))});
	t.regex(await load(lab.images, {path: save(t, dockerArchive(other))}), /^The image app:1 already exists, renaming the old one with ID sha256:[\da-f]{64} to empty string\nLoaded image: app:1\n$/);
	t.is(lab.images.inspect('app:1').id, idOf(other));
	t.deepEqual(lab.images.inspect(idOf(image)).references, []);
	assertSound(t, lab.store);
});

async function failure(t: ExecutionContext, data: Buffer): Promise<readonly EngineError[]> {
	const errors: EngineError[] = [];
	for (const source of [{path: save(t, data)}, Readable.from([data], {objectMode: false})]) {
		const lab = imageLab(t);
		if (lab === undefined) {
			return [];
		}

		const error = await t.throwsAsync(load(lab.images, source));
		t.true(isEngineError(error), String(error?.stack));
		errors.push(error as EngineError);
		t.deepEqual(lab.images.list(), []);
		// What the failed attempt had put in place is nobody's: the next collection takes it.
		await lab.images.prune();
		assertSound(t, lab.store);
	}

	return errors;
}

const bad = test.macro({
	async exec(t, make: () => Buffer, message: RegExp, hint?: RegExp) {
		for (const error of await failure(t, make())) {
			t.is(error.kind, 'invalidParameter');
			t.regex(error.message, message);
			if (hint !== undefined) {
				t.regex(error.hint ?? '', hint);
			}
		}
	},
	title: (title = '') => `${title} is refused, and nothing of it stays`,
});

const flipped = (data: Buffer, needle: Buffer | string, offset = 0) => {
	const copy = Buffer.from(data);
	copy[copy.indexOf(needle) + offset]! ^= 1;
	return copy;
};

test('an empty file', bad, () => Buffer.alloc(0), /is empty/);
test('something else', bad, () => Buffer.from('hello '.repeat(500)), /is not an image archive/, /docker save/);
test('a short something', bad, () => Buffer.from('x'), /is not an image archive/);
test('an empty tar', bad, () => Buffer.alloc(1024), /is not an image archive: it has neither|holds no files/);
test('a root filesystem', bad, () => base, /neither manifest\.json nor index\.json/, /use `import`/);
test('a docker archive from before 1.10', bad, () => tarOf([{name: 'repositories', data: '{}'}, {name: 'x/json', data: '{}'}]), /neither manifest\.json nor index\.json/, /before 1\.10/);
test('an archive cut off', bad, () => dockerArchive(image).subarray(0, 200_000), /cut off inside/, /again/);
test('a compressed archive cut off', bad, () => zlib.gzipSync(dockerArchive(image)).subarray(0, 200_000), /compressed data is cut off/);
test('a compressed archive with a damaged middle', bad, () => {
	const data = zlib.gzipSync(dockerArchive(image));
	return Buffer.concat([data.subarray(0, 100_000), Buffer.alloc(500, 0xAA), data.subarray(100_500)]);
}, /compressed data is damaged|damaged/);
test('a bit flipped in a layer', bad, () => flipped(dockerArchive(image), base.subarray(250_000, 250_040), 3), /layer\.tar unpacks to sha256:\w+ instead of sha256:/);
test('a bit flipped in the config', bad, () => flipped(dockerArchive(image), '"sh"', 1), /has digest sha256/);
test('a bit flipped in a layer of an OCI archive', bad, () => flipped(tarOfFiles(ociLayout(image)), base.subarray(250_000, 250_040), 3), /has digest sha256:\w+ instead of/);
test('a bit flipped in a compressed layer', bad, () => flipped(tarOfFiles(ociLayout(image, {encode: layer => zlib.gzipSync(layer), layerType: 'application/vnd.oci.image.layer.v1.tar+gzip'})), zlib.gzipSync(base).subarray(100_000, 100_040), 3), /has digest|damaged/);
test('a flipped bit in the manifest of an OCI archive', bad, () => flipped(tarOfFiles(ociLayout(image)), '"layers"', 1), /has digest/);
test('a manifest that is no JSON', bad, () => tarOf([{name: 'manifest.json', data: '[{'}]), /manifest\.json is not valid JSON/);
test('a manifest that is no list', bad, () => tarOf([{name: 'manifest.json', data: '{}'}]), /manifest\.json is not a list/);
test('a manifest without images', bad, () => tarOf([{name: 'manifest.json', data: '[]'}]), /lists no images/);
test('a missing config', bad, () => named([], 'gone.json', []), /lacks gone\.json/, /incomplete/);
test('a missing layer', bad, () => named([{name: 'c.json', data: configOf(image)}, {name: 'a', data: base}], 'c.json', ['a', 'gone.tar']), /lacks gone\.tar/);
test('a layer outside of the archive', bad, () => named([{name: 'c.json', data: configOf(image)}, {name: 'a', data: base}], 'c.json', ['a', '../../etc/passwd']), /lacks \.\.\/\.\.\/etc\/passwd/);
test('a layer that links out of the archive', bad, () => named([{name: 'c.json', data: configOf(image)}, {name: 'a', data: base}, {name: 'b', symlink: '/etc/passwd'}], 'c.json', ['a', 'b']), /lacks b/);
test('links in a circle', bad, () => named([{name: 'c.json', data: configOf(image)}, {name: 'a', symlink: 'b'}, {name: 'b', symlink: 'a'}], 'c.json', ['a', 'b']), /lacks a/);
test('fewer layers than the config has', bad, () => named([{name: 'c.json', data: configOf(image)}, {name: 'a', data: base}], 'c.json', ['a']), /lists 1 layers, the image config 2/);
test('an invalid tag', bad, () => dockerArchive({...image, tags: ['UPPER:1']}), /invalid tag "UPPER:1"/);
test('a layer that is no tar', bad, () => dockerArchive({layers: [Buffer.from('not a tar '.repeat(200))], tags: ['x:1']}), /unpacking .*layer\.tar/);
test('a layer compressed with xz', bad, () => named([{name: 'c.json', data: configOf({layers: [base]})}, {name: 'a', data: Buffer.concat([Buffer.from([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), base])}], 'c.json', ['a']), /compressed with xz, which no image format allows/);
test('a huge manifest', bad, () => tarOf([{name: 'manifest.json', data: Buffer.alloc((8 * 1024 * 1024) + 1, ' ')}]), /too large/);
test('an OCI index that names a missing manifest', bad, () => {
	const files = ociLayout(image);
	const [manifest] = (JSON.parse(String(files.get('index.json'))) as {manifests: Array<{digest: string}>}).manifests as [{digest: string}];
	files.delete(`blobs/sha256/${manifest.digest.slice(7)}`);
	return tarOfFiles(files);
}, /lacks blobs\/sha256/);
test('an OCI archive for another machine', bad, () => {
	const files = ociLayout(image);
	files.set('index.json', Buffer.from(JSON.stringify({schemaVersion: 2, manifests: [{mediaType: 'application/vnd.oci.image.index.v1+json', digest: `sha256:${hex('{"schemaVersion":2,"manifests":[]}')}`, size: 34}]})));
	files.set(`blobs/sha256/${hex('{"schemaVersion":2,"manifests":[]}')}`, Buffer.from('{"schemaVersion":2,"manifests":[]}'));
	return tarOfFiles(files);
}, /holds no image for linux\//);

test('a layer that tries to escape its folder does not', async t => {
	const evil = tarOf([{name: 'link', symlink: '/'}, {name: 'link/tug-escaped', data: 'x'}, {name: '../../tug-escaped', data: 'x'}]);
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	try {
		await load(lab.images, {path: save(t, dockerArchive({layers: [evil], tags: ['evil:1']}))});
	} catch (error) {
		t.true(isEngineError(error, 'invalidParameter'));
	}

	t.false(fs.existsSync('/tug-escaped'));
	const outside = fs.readdirSync(path.dirname(lab.store.layout.root));
	t.deepEqual(outside.sort(), ['root', 'run']);
	t.deepEqual(fs.readdirSync(lab.store.layout.root).filter(name => name.includes('escaped')), []);
});

test('a path that is not there is not found', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const error = await t.throwsAsync(load(lab.images, {path: '/no/such.tar'}), {message: 'open /no/such.tar: no such file or directory'});
	t.true(isEngineError(error, 'notFound'));
	assertSound(t, lab.store);
});

test('loading can be given up, also while waiting for input', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const input = new PassThrough();
	input.write(dockerArchive(image).subarray(0, 100_000));
	const controller = new AbortController();
	setTimeout(() => {
		controller.abort();
	}, 50);
	for await (const message of lab.images.load(input, {signal: controller.signal})) {
		t.log(JSON.stringify(message));
	}

	t.true(input.destroyed);
	t.deepEqual(lab.images.list(), []);
	assertSound(t, lab.store);
});

test('whoever stops listening stops the load', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const messages = lab.images.load({path: save(t, dockerArchive(image))});
	t.truthy((await messages.next()).value);
	await messages.return(undefined);

	await lab.images.prune({filters: {dangling: ['false']}});
	assertSound(t, lab.store);
});

for (const name of ['busybox', 'debian']) {
	test(`docker's own archive of ${name} is loaded, and its OCI folder`, async t => {
		const files = [`/srv/lab/img/${name}.docker.tar`, `/srv/lab/img/${name}.oci`];
		if (!files.every(file => fs.existsSync(file))) {
			t.log(`skipped: ${files[0]!} is not here`);
			t.pass();
			return;
		}

		const lab = imageLab(t);
		if (lab === undefined) {
			return;
		}

		t.is(await load(lab.images, {path: files[0]!}), `Loaded image: ${name}:latest\n`);
		t.regex(await load(lab.images, {path: files[1]!}), /^Loaded image ID: sha256:/);
		// Both have the same layer, once as it is and once compressed.
		t.is(fs.readdirSync(lab.store.layout.layers).length, 1);
		assertSound(t, lab.store);
	});
}
