import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import type {DiffId, Digest} from '../../engine/oci/digest.js';
import {commitLayer, createLayerFolder, hasLayer, listLayers, readLayer, type LayerRecord} from '../../engine/store/layer-store.js';
import {createHashedFile} from '../../engine/store/hashed-file.js';
import {createScratch, readLease, withScratch} from '../../engine/store/scratch.js';
import {hex, testStore} from '../helpers/image-lab.js';

const diffId = `sha256:${'d'.repeat(64)}` as DiffId;
const record: LayerRecord = {version: 1, diffId, sizeBytes: 5, entries: 1, squash: true, blob: {mediaType: 'x', digest: `sha256:${'e'.repeat(64)}` as Digest, size: 9}};

test('a layer appears with its record, all at once', async t => {
	const store = testStore(t);
	await withScratch(store, async scratch => {
		const layer = createLayerFolder(scratch);
		fs.mkdirSync(layer.tree);
		fs.writeFileSync(path.join(layer.tree, 'file'), 'hello');
		t.false(hasLayer(store, diffId));
		t.is(readLayer(store, diffId), undefined);
		commitLayer(store, scratch, layer, record);
		t.deepEqual(readLease(scratch.folder).layers, ['d'.repeat(64)]);
	});
	t.true(hasLayer(store, diffId));
	t.deepEqual(readLayer(store, diffId), record);
	t.deepEqual(listLayers(store), [diffId]);
	t.is(fs.readFileSync(path.join(store.layout.layerTree(diffId), 'file'), 'utf8'), 'hello');
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('a damaged record is an error', t => {
	const store = testStore(t);
	fs.mkdirSync(store.layout.layer(diffId));
	for (const text of ['', '{', '[]', '{"version":2}', '{"version":1,"diffId":"x"}', JSON.stringify({...record, sizeBytes: -1}), JSON.stringify({...record, blob: {digest: 'x'}})]) {
		fs.writeFileSync(store.layout.layerRecord(diffId), text);
		const error = t.throws(() => readLayer(store, diffId), undefined, text);
		t.true(isEngineError(error));
	}
});

test('folders that are no layers are not listed', t => {
	const store = testStore(t);
	fs.mkdirSync(path.join(store.layout.layers, 'x'));
	fs.mkdirSync(path.join(store.layout.layers, 'D'.repeat(64)));
	t.deepEqual(listLayers(store), []);
});

test('scratch folders are apart, and gone when the work fails', async t => {
	const store = testStore(t);
	const [one, two] = [createScratch(store), createScratch(store)];
	t.not(one.folder, two.folder);
	t.not(one.path('x'), one.path('x'));
	one.remove();
	one.remove();
	two.remove();
	await t.throwsAsync(withScratch(store, async scratch => {
		fs.writeFileSync(scratch.path('x'), '');
		throw new Error('no');
	}), {message: 'no'});
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('a lease half written is read as far as it goes', t => {
	const store = testStore(t);
	const scratch = createScratch(store);
	t.deepEqual(readLease(scratch.folder), {blobs: [], layers: []});
	fs.writeFileSync(path.join(scratch.folder, 'lease'), 'blob aa\nlayer bb\nblo');
	t.deepEqual(readLease(scratch.folder), {blobs: ['aa'], layers: ['bb']});
	scratch.remove();
});

test('a hashed file knows its size and digest, and fails with what it was for', async t => {
	const store = testStore(t);
	const scratch = createScratch(store);
	const file = createHashedFile(scratch.path('x'), 'layer one');
	await file.write(Buffer.from('hel'));
	await file.write(Buffer.from('lo'));
	await file.sync();
	t.is(file.sizeBytes, 5);
	t.is(file.digest(), `sha256:${hex('hello')}` as Digest);
	t.is(file.digest(), file.digest());
	file.close();
	file.close();
	t.throws(() => createHashedFile('/no/such/folder/x', 'layer two'), {message: /storing layer two/});
	if (fs.existsSync('/dev/full') && process.getuid!() === 0) {
		const link = scratch.path('full');
		fs.symlinkSync('/dev/full', link);
		t.throws(() => createHashedFile(link, 'x')); // Never follows a link: the file must be new.
	}

	scratch.remove();
});
