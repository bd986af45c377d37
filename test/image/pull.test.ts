import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import zlib from 'node:zlib';
import test from 'ava';
import {EngineError} from '../../engine/errors.js';
import type {Digest} from '../../engine/oci/digest.js';
import {assertSound, configOf, hasProgram, hex, idOf, layerWith, tarOf, type TestImage} from '../helpers/image-lab.js';
import {fakeRegistry, fail, sendBlob, types, type PutOptions} from '../helpers/fake-registry.js';
import {registryLab, statuses} from '../helpers/registry-lab.js';

const gzip: PutOptions = {encode: layer => zlib.gzipSync(layer), layerType: types.layerGzip};
const short = (data: Buffer) => hex(data).slice(0, 12);
const image: TestImage = {layers: [layerWith('base', 'one'), layerWith('top', 'two')], tags: null};

test('pulls an image, says it in docker\'s words, and knows it by tag and digest', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const digest = registry.put('team/app', 'latest', image, gzip);
	const name = `${registry.host}/team/app`;
	const [base, top] = image.layers.map(layer => short(zlib.gzipSync(layer)));
	const lines = statuses(await lab.pull(name));
	t.deepEqual(lines.slice(0, 3), ['latest: Pulling from team/app', `${base!}: Pulling fs layer`, `${top!}: Pulling fs layer`]);
	t.deepEqual(lines.filter(line => line.startsWith(base!)), [`${base!}: Pulling fs layer`, `${base!}: Download complete`, `${base!}: Pull complete`]);
	t.deepEqual(lines.slice(-2), [`Digest: ${digest}`, `Status: Downloaded newer image for ${name}:latest`]);
	const [pulled] = lab.images.list();
	t.is(pulled!.id, idOf(image));
	t.deepEqual(pulled!.references.map(reference => reference.digest ?? reference.tag), ['latest', digest as Digest]);
	t.is(lab.images.inspect(`${name}@${digest}`).id, idOf(image));
	t.is(fs.readFileSync(`${lab.store.layout.layerTree(pulled!.config.diffIds[1]!)}/top`, 'utf8'), 'two');
	t.deepEqual(lab.events.map(({action, id}) => [action, id]), [['pull', `${name}:latest`]]);
	assertSound(t, lab.store);
});

test('a second pull asks for the digest only', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const digest = registry.put('app', '1', image, gzip);
	await lab.pull(`${registry.host}/app:1`);
	registry.seen.length = 0;
	const lines = statuses(await lab.pull(`${registry.host}/app:1`));
	t.deepEqual(lines, ['1: Pulling from app', `Digest: ${digest}`, `Status: Image is up to date for ${registry.host}/app:1`]);
	t.deepEqual(registry.seen.map(({method, path}) => `${method} ${path}`), ['HEAD /v2/app/manifests/1']);
	await lab.pull(`${registry.host}/app@${digest}`);
	t.is(registry.seen.length, 1);
});

test('layers that are there are not fetched again, also under another name and compression', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('one', 'latest', image, gzip);
	const other: TestImage = {layers: [image.layers[0]!, layerWith('other')], tags: null};
	registry.put('two', 'latest', other, gzip);
	await lab.pull(`${registry.host}/one`);
	registry.seen.length = 0;
	const lines = statuses(await lab.pull(`${registry.host}/two`));
	t.true(lines.includes(`${short(zlib.gzipSync(image.layers[0]!))}: Already exists`));
	t.is(registry.requests('GET', /blobs/).length, 2); // The config and the new layer
	assertSound(t, lab.store);
});

test('a tag that moved is pulled, and the old image stays without a name', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, gzip);
	await lab.pull(`${registry.host}/app`);
	const newer: TestImage = {layers: [...image.layers, layerWith('newer')], tags: null};
	const digest = registry.put('app', 'latest', newer, gzip);
	const lines = statuses(await lab.pull(`${registry.host}/app`));
	t.is(lines.at(-1), `Status: Downloaded newer image for ${registry.host}/app:latest`);
	t.is(lab.images.inspect(`${registry.host}/app`).id, idOf(newer));
	t.is(lab.images.list().length, 2);
	t.true(lab.images.list().find(({id}) => id === idOf(image))!.references.every(reference => reference.tag === undefined));
	t.is(lab.images.inspect(`${registry.host}/app@${digest}`).id, idOf(newer));
	assertSound(t, lab.store);
});

const encodings: ReadonlyArray<readonly [string, PutOptions, string | undefined]> = [
	['a plain tar', {}, undefined],
	['docker\'s types', {...gzip, layerType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', manifestType: 'application/vnd.docker.distribution.manifest.v2+json', configType: 'application/vnd.docker.container.image.v1+json'}, undefined],
	['zstd', {layerType: 'application/vnd.oci.image.layer.v1.tar+zstd'}, 'zstd'],
];

for (const [name, options, program] of encodings) {
	test(`pulls layers as ${name}, and keeps manifest and blobs as they came`, async t => {
		const lab = await registryLab(t);
		if (lab === undefined) {
			return;
		}

		if (program !== undefined && !hasProgram(program)) {
			t.log(`skipped: no ${program} on this machine`);
			t.pass();
			return;
		}

		const {spawnSync} = await import('node:child_process');
		const registry = await fakeRegistry(t);
		const encode = program === undefined ? options.encode : (layer: Buffer) => spawnSync(program, ['-q', '-c'], {input: layer}).stdout;
		const digest = registry.put('app', 'latest', image, {...options, ...(encode === undefined ? {} : {encode})});
		await lab.pull(`${registry.host}/app`);
		const pulled = lab.images.inspect(`${registry.host}/app`);
		t.is(pulled.id, idOf(image));
		t.is(String(pulled.manifest.digest), digest);
		for (const {blob} of pulled.layers) {
			t.deepEqual(fs.readFileSync(lab.store.layout.blob(blob.digest)), registry.blobs.get(blob.digest)!);
		}

		assertSound(t, lab.store);
	});
}

const platformOf = (architecture: string, variant?: string) => ({os: 'linux', architecture, ...(variant === undefined ? {} : {variant})});

test('of a list the manifest for this machine is taken, or the one asked for', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const arm: TestImage = {layers: [layerWith('arm')], tags: null, architecture: 'arm64'};
	const members = [['amd64', image], ['arm64', arm]] as const;
	const manifests = members.map(([architecture, member]) => {
		const digest = registry.put('app', '', member, gzip);
		return {mediaType: types.manifest, digest, size: registry.manifests.get(`app/${digest}`)!.data.length, platform: platformOf(architecture)};
	});
	const noise = {mediaType: types.manifest, digest: `sha256:${'0'.repeat(64)}`, size: 1, platform: {os: 'unknown', architecture: 'unknown'}};
	const index = registry.putIndex('app', 'latest', [noise, ...manifests]);
	const here = process.arch === 'arm64' ? arm : image;
	t.true(statuses(await lab.pull(`${registry.host}/app`)).includes(`Digest: ${index}`));
	t.is(lab.images.inspect(`${registry.host}/app`).id, idOf(here));
	t.true(lab.images.inspect(`${registry.host}/app`).references.some(reference => reference.digest === index));
	await lab.pull(`${registry.host}/app`, {platform: 'linux/arm64'});
	t.is(lab.images.inspect(`${registry.host}/app`).id, idOf(arm));
	await lab.pull(`${registry.host}/app`, {platform: 'amd64'});
	t.is(lab.images.inspect(`${registry.host}/app`).id, idOf(image));
	const error = await t.throwsAsync(lab.pull(`${registry.host}/app`, {platform: 'linux/s390x'}), {instanceOf: EngineError});
	t.is(error.message, 'no matching manifest for linux/s390x in the manifest list entries');
	t.is(error.hint, 'There is: linux/amd64, linux/arm64. Name one with --platform.');
	await t.throwsAsync(lab.pull(`${registry.host}/app`, {platform: 'a/b/c/d'}), {message: /platform specifier/});
	assertSound(t, lab.store);
});

test('an older variant will do, the newest fitting one is taken', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const variants = ['v5', 'v6', 'v8'].map(variant => ({variant, member: {layers: [layerWith(variant)], tags: null, architecture: 'arm'}}));
	registry.putIndex('app', 'latest', variants.map(({variant, member}) => {
		const digest = registry.put('app', '', member, gzip);
		return {mediaType: types.manifest, digest, size: registry.manifests.get(`app/${digest}`)!.data.length, platform: platformOf('arm', variant)};
	}), 'application/vnd.docker.distribution.manifest.list.v2+json');
	await lab.pull(`${registry.host}/app`, {platform: 'linux/arm/v7'});
	t.is(lab.images.inspect(`${registry.host}/app`).id, idOf(variants[1]!.member));
});

test('an image for another platform comes with a warning when one was asked for', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, gzip);
	const lines = statuses(await lab.pull(`${registry.host}/app`, {platform: 'linux/arm64'}));
	t.is(lines.at(-1), `WARNING: image with reference ${registry.host}/app:latest was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)`);
});

test('all tags of a repository', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', '1', image, gzip);
	const other: TestImage = {layers: [layerWith('two')], tags: null};
	registry.put('app', '2', other, gzip);
	registry.intercept(({path}, response) => {
		// Two pages
		if (path === '/v2/app/tags/list') {
			response.writeHead(200, {link: '</v2/app/tags/list?n=1&last=1>; rel="next"'}).end('{"tags":["1"]}');
			return true;
		}

		if (path === '/v2/app/tags/list?n=1&last=1') {
			response.end('{"tags":["2"]}');
			return true;
		}

		return false;
	});
	const lines = statuses(await lab.pull(`${registry.host}/app`, {allTags: true}));
	t.true(lines.includes('1: Pulling from app') && lines.includes('2: Pulling from app'));
	t.deepEqual(lab.images.list().flatMap(({references}) => references.map(({tag}) => tag)).filter(tag => tag !== undefined).sort(), ['1', '2']);
	await t.throwsAsync(lab.pull(`${registry.host}/app:1`, {allTags: true}), {message: 'tag can\'t be used with --all-tags/-a'});
	const error = await t.throwsAsync(lab.pull(`${registry.host}/nothing`, {allTags: true}), {instanceOf: EngineError});
	t.is(error.message, `repository ${registry.host}/nothing not found: name unknown: repository name not known to registry`);
});

const refusals: ReadonlyArray<readonly [status: number, code: string, message: string, kind: string, expected: RegExp]> = [
	[404, 'MANIFEST_UNKNOWN', 'manifest unknown', 'notFound', /^manifest for HOST\/app:latest not found: manifest unknown: manifest unknown$/],
	[404, 'NAME_UNKNOWN', 'repository name not known to registry', 'notFound', /^repository HOST\/app not found: name unknown: repository name not known to registry$/],
	[403, 'DENIED', 'requested access to the resource is denied', 'notFound', /^pull access denied for HOST\/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied$/],
	[400, 'TAG_INVALID', 'bad \u001B[31m tag\n', 'invalidParameter', /^tag invalid: bad {2}\[31m tag$/],
	[418, 'TEAPOT', '', 'system', /^teapot: teapot$/],
];

for (const [status, code, message, kind, expected] of refusals) {
	test(`a refusal with ${code} is told in docker's words`, async t => {
		const lab = await registryLab(t);
		if (lab === undefined) {
			return;
		}

		const registry = await fakeRegistry(t);
		registry.intercept((_, response) => fail(response, status, code, message));
		const error = await t.throwsAsync(lab.pull(`${registry.host}/app`), {instanceOf: EngineError});
		t.is(error.kind, kind as never);
		t.is(error.code, code);
		t.regex(error.message.replace(registry.host, 'HOST'), expected);
		t.truthy(error.hint);
		assertSound(t, lab.store);
	});
}

test('names that can\'t be', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	await t.throwsAsync(lab.pull('Bad Name'), {message: 'invalid reference format: repository name (library/Bad Name) must be lowercase'});
	await t.throwsAsync(lab.pull('a//b'), {message: 'invalid reference format'});
	await t.throwsAsync(lab.pull('0'.repeat(64)), {message: /cannot specify 64-byte hexadecimal strings/});
	const error = await t.throwsAsync(lab.pull('127.0.0.1:1/x'), {instanceOf: EngineError});
	t.is(error.message, 'Get "http://127.0.0.1:1/v2/x/manifests/latest": connection refused');
	t.is(error.kind, 'unavailable');
});

const badImages: ReadonlyArray<readonly [string, (registry: Awaited<ReturnType<typeof fakeRegistry>>) => void, RegExp]> = [
	['a foreign layer', registry => registry.put('app', 'latest', image, {...gzip, layerType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'}), /has a layer that its registry must not hold/],
	['a layer of an unknown type', registry => registry.put('app', 'latest', image, {layerType: 'application/x-secret'}), /has a layer of the unknown type "application\/x-secret"/],
	['a chart', registry => registry.put('app', 'latest', image, {configType: 'application/vnd.cncf.helm.config.v1+json'}), /is no image that can run/],
	['more layers in the manifest than in the config', registry => {
		registry.put('app', 'latest', image);
		const entry = registry.manifests.get('app/latest')!;
		const document = JSON.parse(entry.data.toString()) as {layers: unknown[]};
		document.layers.push(document.layers[0]);
		registry.manifests.set('app/latest', {...entry, data: Buffer.from(JSON.stringify(document))});
	}, /has 3 layers in its manifest and 2 in its config/],
	['Windows', registry => {
		const config = Buffer.from(configOf(image).toString().replace('"linux"', '"windows"'));
		registry.blobs.set(`sha256:${hex(config)}`, config);
		registry.put('app', 'latest', image);
		const entry = registry.manifests.get('app/latest')!;
		const document = JSON.parse(entry.data.toString()) as {config: object};
		registry.manifests.set('app/latest', {...entry, data: Buffer.from(JSON.stringify({...document, config: {...document.config, digest: `sha256:${hex(config)}`, size: config.length}}))});
	}, /image operating system "windows" cannot be used on this platform/],
	['lists in lists without end', registry => {
		let digest = registry.put('app', '', image);
		for (let depth = 0; depth < 6; depth++) {
			const size = registry.manifests.get(`app/${digest}`)!.data.length;
			digest = registry.putIndex('app', 'latest', [{mediaType: depth === 0 ? types.manifest : types.index, digest, size, platform: platformOf('amd64')}]);
		}
	}, /nested more than 4 deep|no matching manifest/],
];

for (const [name, prepare, expected] of badImages) {
	test(`refuses ${name}, and nothing is left of it`, async t => {
		const lab = await registryLab(t);
		if (lab === undefined) {
			return;
		}

		const registry = await fakeRegistry(t);
		prepare(registry);
		const error = await t.throwsAsync(lab.pull(`${registry.host}/app`, {platform: 'linux/amd64'}), {instanceOf: EngineError});
		t.regex(error.message, expected);
		t.deepEqual(lab.images.list(), []);
		assertSound(t, lab.store);
	});
}

test('a layer that is one file twice in an image is fetched once', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const twice: TestImage = {layers: [layerWith('same'), layerWith('between'), layerWith('same')], tags: null};
	registry.put('app', 'latest', twice, gzip);
	await lab.pull(`${registry.host}/app`);
	t.is(registry.requests('GET', new RegExp(hex(zlib.gzipSync(twice.layers[0]!)))).length, 1);
	t.is(lab.images.inspect(`${registry.host}/app`).layers.length, 3);
	assertSound(t, lab.store);
});

test('big layers come in parts, several at once, and are whole in the end', async t => {
	const lab = await registryLab(t, {download: {partBytes: 256 * 1024, atOnce: 3}});
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const big: TestImage = {layers: [tarOf([{name: 'noise', data: randomBytes(3_000_000)}])], tags: null};
	registry.put('app', 'latest', big);
	await lab.pull(`${registry.host}/app`);
	const ranges = registry.requests('GET', new RegExp(`blobs/sha256:${hex(big.layers[0]!)}`)).map(({headers}) => headers.range);
	t.true(ranges.length > 8, ranges.join(' '));
	t.is(ranges[0], 'bytes=0-262143');
	assertSound(t, lab.store);
});

test('a registry that gives no parts gives the whole', async t => {
	const lab = await registryLab(t, {download: {partBytes: 100_000, atOnce: 3}});
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	const big: TestImage = {layers: [tarOf([{name: 'noise', data: randomBytes(1_000_000)}])], tags: null};
	registry.put('app', 'latest', big);
	registry.intercept(({path}, response) => {
		const content = registry.blobs.get(path.split('/').at(-1)!);
		return path.includes('/blobs/') && content !== undefined && sendBlob(response, content, undefined);
	});
	await lab.pull(`${registry.host}/app`);
	assertSound(t, lab.store);
	t.is(lab.images.list().length, 1);
});

test('ctrl-c ends a pull quietly and leaves nothing with a name', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', {layers: [tarOf([{name: 'noise', data: randomBytes(2_000_000)}])], tags: null});
	const controller = new AbortController();
	registry.intercept(({path}, response) => {
		const content = registry.blobs.get(path.split('/').at(-1)!);
		if (content === undefined || content.length < 1_000_000) {
			return false;
		}

		response.writeHead(200, {'content-length': content.length});
		response.write(content.subarray(0, 600_000), () => {
			setImmediate(() => {
				controller.abort();
			});
		});
		return true;
	});
	await t.notThrowsAsync(lab.pull(`${registry.host}/app`, {signal: controller.signal}));
	t.deepEqual(lab.images.list(), []);
	t.deepEqual(fs.readdirSync(lab.store.layout.blobs), []);
	t.deepEqual(fs.readdirSync(lab.store.layout.layers), []);
});
