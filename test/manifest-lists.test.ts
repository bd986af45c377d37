import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {EngineError} from '../engine/errors.js';
import {openManifestLists} from '../engine/manifest-lists.js';
import {hex, layerWith, type TestImage} from './helpers/image-lab.js';
import {fakeRegistry, types, type FakeRegistry} from './helpers/fake-registry.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

const images: Readonly<Record<string, TestImage>> = {
	amd: {layers: [layerWith('amd')], tags: null},
	arm: {layers: [layerWith('arm')], tags: null, architecture: 'arm64'},
};

type Document = {readonly mediaType: string; readonly manifests: ReadonlyArray<{readonly mediaType: string; readonly digest: string; readonly size: number; readonly platform: Readonly<Record<string, unknown>>}>};

function filled(registry: FakeRegistry, options = {}): Record<string, string> {
	return Object.fromEntries(Object.entries(images).map(([name, image]) => [name, registry.put(`team/${name}`, '1', image, options)]));
}

test('a list is begun, added to, shown, pushed and forgotten', async t => {
	const registry = await fakeRegistry(t);
	const digests = filled(registry);
	const root = temporaryFolder(t);
	const lists = openManifestLists({root});
	const name = `${registry.host}/team/all`;
	t.is(await lists.create(name, [`${registry.host}/team/amd:1`]), `${name}:latest`);
	t.is((await t.throwsAsync(lists.create(name, [`${registry.host}/team/arm:1`]), {instanceOf: EngineError})).kind, 'conflict');
	await lists.create(name, [`${registry.host}/team/arm:1`, `${registry.host}/team/amd:1`], {amend: true});
	// Another process sees it.
	const shown = await openManifestLists({root}).inspect(name);
	const document = shown.document as Document;
	t.is(document.mediaType, types.index);
	t.deepEqual(document.manifests.map(({digest, platform}) => [digest, platform['architecture']]), [[digests['arm'], 'arm64'], [digests['amd'], 'amd64']]);
	t.is(shown.members.length, 2);
	const digest = await lists.push(name);
	t.is(digest, `sha256:${hex(registry.manifests.get('team/all/latest')!.data)}`);
	t.deepEqual(JSON.parse(registry.manifests.get('team/all/latest')!.data.toString()), document);
	for (const member of Object.values(digests)) {
		t.true(registry.manifests.has(`team/all/${member}`), 'the list\'s repository has its members');
	}

	lists.remove(name);
	t.is(fs.readdirSync(path.join(root, 'manifest-lists')).length, 0);
	t.throws(() => {
		lists.remove(name);
	}, {message: /^No such manifest: /});
	t.deepEqual((await lists.inspect(name)).document, document, 'now the registry is asked');
	t.is((await lists.inspect(`${registry.host}/team/amd:1`)).members.length, 0);
});

test('members of docker\'s kind make a list of docker\'s kind', async t => {
	const registry = await fakeRegistry(t);
	filled(registry, {manifestType: 'application/vnd.docker.distribution.manifest.v2+json', configType: 'application/vnd.docker.container.image.v1+json', layerType: 'application/vnd.docker.image.rootfs.diff.tar'});
	const lists = openManifestLists({root: temporaryFolder(t)});
	await lists.create(`${registry.host}/team/all:2`, Object.keys(images).map(name => `${registry.host}/team/${name}:1`));
	await lists.push(`${registry.host}/team/all:2`, {purge: true});
	t.is(registry.manifests.get('team/all/2')!.mediaType, 'application/vnd.docker.distribution.manifest.list.v2+json');
	t.throws(() => {
		lists.remove(`${registry.host}/team/all:2`);
	});
});

test('what a list says of a platform can be changed', async t => {
	const registry = await fakeRegistry(t);
	filled(registry);
	const lists = openManifestLists({root: temporaryFolder(t)});
	const [name, member] = [`${registry.host}/team/all`, `${registry.host}/team/arm:1`];
	await lists.create(name, [member]);
	await lists.annotate(name, member, {arch: 'arm', variant: 'v7', osVersion: '1', osFeatures: ['f']});
	await lists.annotate(name, member, {os: 'linux'});
	t.deepEqual((await lists.inspect(name)).document, {
		schemaVersion: 2,
		mediaType: types.index,
		manifests: [{...(await lists.inspect(member)).descriptor, platform: {os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1', 'os.features': ['f']}}],
	});
	await t.throwsAsync(lists.annotate(name, `${registry.host}/team/amd:1`, {}), {message: /does not exist in/});
	await t.throwsAsync(lists.annotate(`${registry.host}/none`, member, {}), {message: /^No such manifest/});
});

test('members that are not there, are lists themselves, or are elsewhere', async t => {
	const [registry, other] = [await fakeRegistry(t), await fakeRegistry(t)];
	filled(registry);
	filled(other);
	registry.putIndex('team/list', '1', []);
	const lists = openManifestLists({root: temporaryFolder(t)});
	const name = `${registry.host}/team/all`;
	await t.throwsAsync(lists.create(name, [`${registry.host}/team/none:1`]), {message: /manifest for .* not found/});
	await t.throwsAsync(lists.create(name, [`${registry.host}/team/list:1`]), {message: /is a manifest list/});
	await lists.create(name, [`${other.host}/team/amd:1`]);
	await t.throwsAsync(lists.push(name), {message: /cannot use source images from a different registry/});
	await t.throwsAsync(lists.push(`${registry.host}/team/none`), {message: /^No such manifest/});
	await t.throwsAsync(lists.create('Bad', []), {message: /must be lowercase/});
});

test('where mounting is not granted, blobs of members are carried over', async t => {
	const registry = await fakeRegistry(t);
	filled(registry);
	const kept = new Set<string>();
	registry.intercept(({method, path: place}, response) => {
		if (place.startsWith('/v2/team/all/blobs/sha256') && method === 'HEAD' && !kept.has(place)) {
			kept.add(place);
			response.writeHead(404).end();
			return true;
		}

		if (place.includes('mount=')) {
			response.writeHead(202, {location: '/v2/team/all/blobs/uploads/none'}).end();
			return true;
		}

		return false;
	});
	const lists = openManifestLists({root: temporaryFolder(t)});
	await lists.create(`${registry.host}/team/all`, [`${registry.host}/team/arm:1`]);
	await lists.push(`${registry.host}/team/all`);
	t.is(registry.requests('PUT', /team\/all\/blobs/).length, 2);
	t.true(registry.manifests.has('team/all/latest'));
});
