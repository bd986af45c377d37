import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {unixSeconds} from '../../engine/image/image.js';
import {mediaTypes} from '../../engine/oci/media-type.js';
import {hostPlatform} from '../../engine/oci/platform.js';
import {parseReference} from '../../engine/oci/reference.js';
import {collectGarbage} from '../../engine/store/garbage-collect.js';
import {changeReferences, makeEntry, readReferences, withReference} from '../../engine/store/reference-store.js';
import {writeBlob} from '../../engine/store/content-store.js';
import {withScratch} from '../../engine/store/scratch.js';
import {assertSound, dockerArchive, idOf, imageLab, layerWith, load, temporaryFolder, type ImageLab, type TestImage} from '../helpers/image-lab.js';

const one: TestImage = {layers: [layerWith('one')], tags: ['one:1']};
const two: TestImage = {layers: [layerWith('two')], tags: ['two:1']};

async function lab(t: Parameters<typeof imageLab>[0]): Promise<ImageLab | undefined> {
	const made = imageLab(t);
	if (made !== undefined) {
		const file = path.join(temporaryFolder(t), 'in.tar');
		fs.writeFileSync(file, dockerArchive(one, two));
		await load(made.images, {path: file});
	}

	return made;
}

test('an image is found by every way to name it', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const {images, store} = made;
	const {id, manifest} = images.inspect('one:1');
	changeReferences(store, entries => ({entries: withReference(entries, manifest, parseReference(`localhost:5000/x@${manifest.digest}`)), result: undefined}));
	for (const name of ['one:1', 'docker.io/library/one:1', 'library/one:1', id, id.slice(7), id.slice(7, 19), id.slice(0, 20), manifest.digest, `one@${manifest.digest}`, `one:1@${manifest.digest}`, `localhost:5000/x@${manifest.digest}`]) {
		t.is(images.inspect(name).id, id, name);
	}

	for (const name of ['one', 'one:2', `two@${manifest.digest}`, 'sha256:', `sha256:${'0'.repeat(64)}`, 'x'.repeat(64), '']) {
		const error = t.throws(() => images.inspect(name), undefined, name);
		t.true(isEngineError(error, 'notFound'), `${name}: ${error.message}`);
	}
});

test('digest references go with the last tag of their repository', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const {images, store} = made;
	const {manifest} = images.inspect('one:1');
	changeReferences(store, entries => ({entries: withReference(entries, manifest, parseReference(`one@${manifest.digest}`)), result: undefined}));
	t.is(images.inspect('one:1').references.length, 2);
	t.deepEqual((await images.remove('one:1')).map(item => item.name).slice(0, 3), ['one:1', `one@${manifest.digest}`, idOf(one)]);
	assertSound(t, store);
});

test('an index in the store stands for its image for this machine', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const {images, store} = made;
	const [first, second] = readReferences(store) as [ReturnType<typeof makeEntry>, ReturnType<typeof makeEntry>];
	await withScratch(store, async scratch => {
		const index = writeBlob(store, scratch, mediaTypes.index, Buffer.from(JSON.stringify({schemaVersion: 2, manifests: [
			{mediaType: first.mediaType, digest: first.digest, size: first.size, platform: hostPlatform()},
			{mediaType: second.mediaType, digest: second.digest, size: second.size, platform: {os: 'linux', architecture: 'other'}},
		]})));
		changeReferences(store, () => ({entries: [makeEntry(index, parseReference('multi:1'))], result: undefined}));
	});
	t.is(images.inspect('multi:1').id, idOf(one));
	t.is(collectGarbage(store).layers.length, 0); // The other platform's image is kept with its index.
	assertSound(t, store);
	await images.remove('multi:1');
	t.deepEqual(fs.readdirSync(store.layout.layers), []);
});

test('an index without an image for this machine is listed nowhere and can be removed', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const {images, store} = made;
	await withScratch(store, async scratch => {
		const index = writeBlob(store, scratch, mediaTypes.index, Buffer.from('{"schemaVersion":2,"manifests":[]}'));
		changeReferences(store, entries => ({entries: withReference(entries, index, parseReference('none:1')), result: undefined}));
	});
	t.is(images.list().length, 2);
	t.throws(() => images.inspect('none:1'), {message: /has no image for this machine/});
	await images.remove('none:1');
	assertSound(t, store);
});

test('the list is newest first', async t => {
	const made = imageLab(t);
	if (made === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'in.tar');
	fs.writeFileSync(file, dockerArchive({layers: [], tags: ['old:1'], created: '2001-01-01T00:00:00Z'}, {layers: [], tags: ['new:1'], created: '2026-01-01T00:00:00.123456789Z'}, {layers: [], tags: ['never:1'], created: '0001-01-01T00:00:00Z'}));
	await load(made.images, {path: file});
	t.deepEqual(made.images.list().map(image => [image.references[0]!.path, image.createdAt]), [['library/new', 1_767_225_600], ['library/old', 978_307_200], ['library/never', 0]]);
	t.is(unixSeconds(undefined), 0);
	t.is(unixSeconds('nonsense'), 0);
});
