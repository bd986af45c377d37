import fs from 'node:fs';
import test from 'ava';
import {imageCatalog} from '../../engine/image/image-catalog.js';
import type {ImageEvent} from '../../engine/image/image.js';
import {familiarNames, imageRepositories, namesOf, type Repositories} from '../../engine/image/repositories.js';
import type {Digest} from '../../engine/oci/digest.js';
import {parseReference} from '../../engine/oci/reference.js';
import {hasBlob, sha256, writeBlob} from '../../engine/store/content-store.js';
import {collectGarbage} from '../../engine/store/garbage-collect.js';
import type {Store} from '../../engine/store/open-store.js';
import {changeReferences, entryReference, readReferences, withReference} from '../../engine/store/reference-store.js';
import {withScratch} from '../../engine/store/scratch.js';
import {reopen, testStore} from '../helpers/image-lab.js';
import {imageOf, types} from '../helpers/registry-server-lab.js';

type Lab = {readonly store: Store; readonly repositories: Repositories; readonly events: ImageEvent[]};

function lab(store: Store): Lab {
	const events: ImageEvent[] = [];
	return {store, events, repositories: imageRepositories(store, {emit: event => events.push(event)}, familiarNames)};
}

async function put({store, repositories}: Lab, repository: string, tag: string | undefined, text: string): Promise<Digest> {
	const {config, manifest} = imageOf([text]);
	await withScratch(store, async scratch => {
		for (const blob of [config, text]) {
			writeBlob(store, scratch, 'application/octet-stream', Buffer.from(blob));
		}

		await repositories.put({repository, tag, mediaType: types.manifest, data: manifest, imageId: sha256(config), check() {}});
	});
	return sha256(manifest);
}

function names(store: Store): Array<string | undefined> {
	return readReferences(store).map(entry => entryReference(entry));
}

const canonical: ReadonlyArray<readonly [name: string, expected: string | undefined]> = [
	['busybox', 'busybox'],
	['library/busybox', 'busybox'],
	['docker.io/library/busybox', 'busybox'],
	['docker.io/busybox', 'busybox'],
	['team/app', 'team/app'],
	['team/deep/er/app', 'team/deep/er/app'],
	['ghcr.io/team/app', 'ghcr.io/team/app'],
	['localhost/app', 'localhost/app'],
	['a__b/c-d.e/f--g', 'a__b/c-d.e/f--g'],
	['0'.repeat(64), '0'.repeat(64)],
	['v2', 'v2'],
	['', undefined],
	['..', undefined],
	['../../etc/passwd', undefined],
	['a/../b', undefined],
	['a//b', undefined],
	['/a', undefined],
	['a/', undefined],
	['App', undefined],
	['GHCR.io/app', undefined],
	['localhost:5000/app', undefined],
	['[::1]/app', undefined],
	['app:tag', undefined],
	[`app@sha256:${'0'.repeat(64)}`, undefined],
	['a_-b', undefined],
	['a..b', undefined],
	['a___b', undefined],
	['-a', undefined],
	['a b', undefined],
	['a\nb', undefined],
	['a\0b', undefined],
	['ä', undefined],
	[`${'a/'.repeat(200)}a`, undefined],
];

for (const [name, expected] of canonical) {
	test(`repository ${JSON.stringify(name.slice(0, 60))} is ${expected ?? 'none'}`, t => {
		t.is(imageRepositories(testStore(t), {}, familiarNames).canonicalName(name), expected);
	});
}

test('what is pushed is an image here, with a tag and a size', async t => {
	const it = lab(testStore(t));
	const digest = await put(it, 'team/app', 'v1', 'twelve bytes');
	t.deepEqual(it.repositories.entries().map(({repository, tag, manifest}) => [repository, tag, manifest.digest]), [['team/app', 'v1', digest]]);
	const [image] = imageCatalog(it.store).list();
	t.deepEqual(image?.references, [{domain: 'docker.io', path: 'team/app', tag: 'v1'}]);
	t.is(image?.sizeBytes, 12); // Not unpacked yet: what the blob has
	t.deepEqual(it.events, [{action: 'tag', id: image!.id, attributes: {name: 'team/app:v1'}}]);
});

test('what is here can be found as a repository, unless a registry has no name for it', t => {
	const store = testStore(t);
	const manifest = {mediaType: types.manifest, digest: sha256('x'), size: 1};
	for (const reference of ['busybox:1', 'ghcr.io/a/b:2', 'localhost:5000/app:3', 'REGISTRY/app:4', `team/app@${sha256('x')}`]) {
		changeReferences(store, entries => ({entries: withReference(entries, manifest, parseReference(reference)), result: undefined}));
	}

	const found = imageRepositories(store, {}, familiarNames).entries();
	t.deepEqual(found.map(({repository, tag}) => [repository, tag]), [['busybox', '1'], ['ghcr.io/a/b', '2'], ['team/app', undefined]]);
	const ofHost = imageRepositories(store, {}, namesOf('localhost:5000')).entries();
	t.deepEqual(ofHost.map(({repository, tag}) => [repository, tag]), [['app', '3']]);
	const ofHub = imageRepositories(store, {}, namesOf('docker.io'));
	t.deepEqual(ofHub.entries().map(({repository}) => repository), ['library/busybox', 'team/app']);
	t.is(ofHub.canonicalName('library/busybox'), 'library/busybox');
});

test('events tell the names people here use', async t => {
	const events: ImageEvent[] = [];
	const store = testStore(t);
	const it: Lab = {store, events, repositories: imageRepositories(store, {emit: event => events.push(event)}, namesOf('docker.io'))};
	const digest = await put(it, 'library/busybox', 'latest', 'one');
	await put(it, 'team/app', undefined, 'one');
	await it.repositories.remove('library/busybox', {tag: 'latest'});
	t.deepEqual(events.map(({action, attributes}) => [action, attributes['name']]), [['tag', 'busybox:latest'], ['tag', `team/app@${digest}`], ['untag', 'busybox:latest']]);
});

test('an image without a name is in no repository', t => {
	const store = testStore(t);
	changeReferences(store, entries => ({entries: withReference(entries, {mediaType: types.manifest, digest: sha256('x'), size: 1}, undefined), result: undefined}));
	t.deepEqual(imageRepositories(store, {}, familiarNames).entries(), []);
});

test('the list is the same one until somebody changes it', async t => {
	const store = testStore(t);
	const [one, two] = [lab(store), lab(reopen(store))];
	await put(one, 'app', 'v1', 'one');
	const before = two.repositories.entries();
	t.is(two.repositories.entries(), before);
	await put(one, 'app', 'v2', 'two');
	t.not(two.repositories.entries(), before);
	t.is(two.repositories.entries().length, 2);
	t.is(one.repositories.entries().length, 2);
});

test('pushed by digest it has no tag; a tag more is one entry more', async t => {
	const it = lab(testStore(t));
	const digest = await put(it, 'app', undefined, 'one');
	t.deepEqual(names(it.store), [`docker.io/library/app@${digest}`]);
	await put(it, 'app', undefined, 'one');
	await put(it, 'app', 'v1', 'one');
	await put(it, 'app', 'v1', 'one');
	t.deepEqual(names(it.store), [`docker.io/library/app@${digest}`, 'docker.io/library/app:v1']);
});

test('pushed by digest after its tag, nothing is added', async t => {
	const it = lab(testStore(t));
	await put(it, 'app', 'v1', 'one');
	await put(it, 'app', undefined, 'one');
	t.deepEqual(names(it.store), ['docker.io/library/app:v1']);
	await put(it, 'app2', undefined, 'one'); // Another repository, though its name begins the same
	t.is(names(it.store).length, 2);
});

test('a manifest that loses its tag to another one stays by its digest', async t => {
	const it = lab(testStore(t));
	const [first, second] = [await put(it, 'app', 'latest', 'one'), await put(it, 'app', 'latest', 'two')];
	t.deepEqual(it.repositories.entries().map(({tag, manifest}) => [tag, manifest.digest]), [[undefined, first], ['latest', second]]);
	collectGarbage(it.store);
	t.true(hasBlob(it.store, first));
});

test('a tag is taken away; the manifest stays by its digest', async t => {
	const it = lab(testStore(t));
	const digest = await put(it, 'app', 'v1', 'one');
	const removed = await it.repositories.remove('app', {tag: 'v1'});
	t.deepEqual(removed.map(({tag, manifest}) => [tag, manifest.digest]), [['v1', digest]]);
	t.deepEqual(names(it.store), [`docker.io/library/app@${digest}`]);
	t.deepEqual(await it.repositories.remove('app', {tag: 'v1'}), []);
	t.deepEqual(it.events.map(({action}) => action), ['tag', 'untag']);
});

test('one of two tags is taken away, and no digest is entered', async t => {
	const it = lab(testStore(t));
	await put(it, 'app', 'v1', 'one');
	await put(it, 'app', 'v2', 'one');
	await it.repositories.remove('app', {tag: 'v1'});
	t.deepEqual(names(it.store), ['docker.io/library/app:v2']);
});

test('a manifest is taken away with its tags, in its repository only', async t => {
	const it = lab(testStore(t));
	const digest = await put(it, 'app', 'v1', 'one');
	await put(it, 'app', 'v2', 'one');
	await put(it, 'app', 'v3', 'other');
	await put(it, 'mirror/app', 'v1', 'one');
	t.is((await it.repositories.remove('app', {digest})).length, 2);
	t.deepEqual(names(it.store), ['docker.io/library/app:v3', 'docker.io/mirror/app:v1']);
	t.deepEqual(await it.repositories.remove('app', {digest}), []);
	collectGarbage(it.store);
	t.true(hasBlob(it.store, digest));
	await it.repositories.remove('mirror/app', {digest});
	collectGarbage(it.store);
	t.false(hasBlob(it.store, digest));
});

test('what the check throws stops the push, and leaves nothing', async t => {
	const it = lab(testStore(t));
	const {manifest} = imageOf(['missing']);
	await t.throwsAsync(async () => it.repositories.put({repository: 'app', tag: 'v1', mediaType: types.manifest, data: manifest, check() {
		throw new Error('no');
	}}), {message: 'no'});
	t.deepEqual(it.repositories.entries(), []);
	collectGarbage(it.store);
	t.false(hasBlob(it.store, sha256(manifest)));
	t.deepEqual(it.events, []);
});

test('of pushes entered together, one that is refused does not take the others with it', async t => {
	const it = lab(testStore(t));
	const {manifest} = imageOf(['missing']);
	const refused = it.repositories.put({repository: 'app', tag: 'bad', mediaType: types.manifest, data: manifest, check() {
		throw new Error('refused');
	}});
	const results = await Promise.allSettled([put(it, 'app', 'v1', 'one'), refused, put(it, 'app', 'v2', 'two'), put(it, 'app', 'v1', 'three')]);
	t.deepEqual(results.map(({status}) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
	t.deepEqual(it.repositories.entries().map(({tag}) => tag ?? '').sort(), ['', 'v1', 'v2']);
});

test('when the list can\'t be written, every push that waits is told, and the next one works', async t => {
	const it = lab(testStore(t));
	const content = fs.readFileSync(it.store.layout.index);
	fs.writeFileSync(it.store.layout.index, 'damaged');
	const results = await Promise.allSettled(['v1', 'v2', 'v3'].map(async tag => put(it, 'app', tag, tag)));
	t.true(results.every(({status}) => status === 'rejected'));
	fs.writeFileSync(it.store.layout.index, content);
	await put(it, 'app', 'v4', 'four');
	t.deepEqual(it.repositories.entries().map(({tag}) => tag), ['v4']);
});

test('many pushes at once, through several openings, all arrive', async t => {
	const store = testStore(t);
	const openings = Array.from({length: 4}, () => lab(reopen(store)));
	await Promise.all(Array.from({length: 24}, async (_, index) => put(openings[index % 4]!, 'app', `v${index}`, `image ${index % 3}`)));
	t.deepEqual(lab(store).repositories.entries().map(({tag}) => tag ?? '').sort(), Array.from({length: 24}, (_, index) => `v${index}`).sort());
});

test('pushes of one tag at once leave one of them there, and the others by their digests', async t => {
	const store = testStore(t);
	const openings = Array.from({length: 3}, () => lab(reopen(store)));
	const digests = await Promise.all(Array.from({length: 9}, async (_, index) => put(openings[index % 3]!, 'app', 'latest', `image ${index}`)));
	const entries = lab(store).repositories.entries();
	t.is(entries.filter(({tag}) => tag === 'latest').length, 1);
	t.deepEqual(entries.map(({manifest}) => manifest.digest).sort(), digests.sort());
});
