import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {formatIdentity, ownIdentity} from '../../engine/files/process-identity.js';
import {digestHex, type DiffId, type Digest} from '../../engine/oci/digest.js';
import {serializeImageConfig} from '../../engine/oci/image-config.js';
import {serializeManifest} from '../../engine/oci/manifest.js';
import {mediaTypes} from '../../engine/oci/media-type.js';
import {parseReference} from '../../engine/oci/reference.js';
import {hasBlob, sha256, writeBlob} from '../../engine/store/content-store.js';
import {collectGarbage, emptyTrash} from '../../engine/store/garbage-collect.js';
import {commitLayer, createLayerFolder, hasLayer, listLayers, readLayer} from '../../engine/store/layer-store.js';
import type {Store} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {changeReferences, withReference} from '../../engine/store/reference-store.js';
import {createScratch, type Scratch} from '../../engine/store/scratch.js';
import {condemn} from '../../engine/store/trash.js';
import {verifyStore} from '../../engine/store/verify-store.js';
import {testStore} from '../helpers/image-lab.js';

/** A layer whose tree is made by hand: nothing here needs the native program. */
function putLayer(store: Store, scratch: Scratch, content: string): {diffId: DiffId; digest: Digest} {
	const {digest} = writeBlob(store, scratch, mediaTypes.layer, Buffer.from(content));
	const diffId = digest as string as DiffId;
	const layer = createLayerFolder(scratch);
	fs.mkdirSync(layer.tree);
	fs.writeFileSync(path.join(layer.tree, 'file'), content);
	commitLayer(store, scratch, layer, {version: 1, diffId, sizeBytes: content.length, entries: 1, blob: {mediaType: mediaTypes.layer, digest, size: content.length}});
	return {diffId, digest};
}

function putImage(store: Store, scratch: Scratch, name: string | undefined, ...contents: readonly string[]): {id: Digest; diffIds: DiffId[]} {
	const layers = contents.map(content => putLayer(store, scratch, content));
	const config = writeBlob(store, scratch, mediaTypes.config, serializeImageConfig({
		platform: {os: 'linux', architecture: 'amd64'},
		created: '2026-01-01T00:00:00Z',
		defaults: {},
		diffIds: layers.map(layer => layer.diffId),
		history: [],
	}));
	const manifest = writeBlob(store, scratch, mediaTypes.manifest, serializeManifest({config, layers: layers.map((layer, index) => ({mediaType: mediaTypes.layer, digest: layer.digest, size: contents[index]!.length}))}));
	changeReferences(store, entries => ({entries: withReference(entries, manifest, name === undefined ? undefined : parseReference(name)), result: undefined}));
	return {id: config.digest, diffIds: layers.map(layer => layer.diffId)};
}

function withImages(t: ExecutionContext): {store: Store; one: {id: Digest; diffIds: DiffId[]}; two: {id: Digest; diffIds: DiffId[]}} {
	const store = testStore(t);
	const scratch = createScratch(store);
	const one = putImage(store, scratch, 'one:1', 'shared', 'only one');
	const two = putImage(store, scratch, 'two:1', 'shared', 'only two');
	scratch.remove();
	t.deepEqual([...verifyStore(store, {tidy: true})], []);
	return {store, one, two};
}

function dropEntry(store: Store, name: string): void {
	changeReferences(store, entries => ({entries: entries.filter(entry => entry.annotations?.['io.containerd.image.name'] !== `docker.io/library/${name}`), result: undefined}));
}

function putContainer(store: Store, record: unknown): string {
	const id = 'c'.repeat(64);
	fs.mkdirSync(store.layout.container(id));
	const file = path.join(store.layout.container(id), 'config.json');
	fs.writeFileSync(file, typeof record === 'string' ? record : JSON.stringify(record));
	return file;
}

test('nothing is collected while everything is used', t => {
	const {store} = withImages(t);
	t.deepEqual(collectGarbage(store), {layers: [], blobs: [], reclaimedBytes: 0});
});

test('what an image alone had goes with it, what others share stays', t => {
	const {store, one, two} = withImages(t);
	dropEntry(store, 'one:1');
	const collected = collectGarbage(store);
	t.deepEqual(collected.layers, [one.diffIds[1]!]);
	t.is(collected.blobs.length, 3); // Config, manifest, layer
	t.true(collected.reclaimedBytes > 2 * 'only one'.length);
	t.false(hasBlob(store, one.id));
	t.true(two.diffIds.every(diffId => hasLayer(store, diffId)));
	t.deepEqual([...verifyStore(store, {tidy: true})], []);
	dropEntry(store, 'two:1');
	collectGarbage(store);
	t.deepEqual(listLayers(store), []);
	t.deepEqual(fs.readdirSync(store.layout.blobs), []);
});

test('a container keeps its layers, their blobs and the config of its image', t => {
	const {store, one} = withImages(t);
	const file = putContainer(store, {imageId: one.id, layers: one.diffIds});
	dropEntry(store, 'one:1');
	const collected = collectGarbage(store);
	t.deepEqual(collected.layers, []);
	t.is(collected.blobs.length, 1); // The manifest
	t.true(hasBlob(store, one.id));
	t.true(hasBlob(store, readLayer(store, one.diffIds[1]!)!.blob!.digest));
	fs.rmSync(file);
	t.deepEqual(collectGarbage(store).layers, [one.diffIds[1]!]);
});

test('a lease keeps what work in progress relies on', t => {
	const {store, one} = withImages(t);
	const scratch = createScratch(store);
	scratch.leaseLayer(one.diffIds[1]!);
	scratch.leaseBlob(one.id);
	dropEntry(store, 'one:1');
	collectGarbage(store);
	t.true(hasLayer(store, one.diffIds[1]!));
	t.true(hasBlob(store, one.id));
	scratch.remove();
	collectGarbage(store);
	t.false(hasLayer(store, one.diffIds[1]!));
});

test('a damaged container record stops the collection: what it uses is not known', t => {
	const {store, one} = withImages(t);
	putContainer(store, '{"layers":[');
	dropEntry(store, 'one:1');
	const error = t.throws(() => collectGarbage(store), {message: /config\.json is damaged, so nothing can be cleaned up/});
	t.true(isEngineError(error) && error.code === 'EDAMAGED');
	t.true(hasLayer(store, one.diffIds[1]!));
});

test('a container made between the two looks gets its layers back', t => {
	const {store, one} = withImages(t);
	dropEntry(store, 'one:1');
	// As if killed, or overtaken, after the first look: the layer is in the trash, undecided.
	const [diffId] = one.diffIds.slice(1) as [DiffId];
	fs.renameSync(store.layout.layer(diffId), path.join(store.layout.trash, `layer-${digestHex(diffId)}`));
	fs.renameSync(store.layout.blob(one.id), path.join(store.layout.trash, `blob-${digestHex(one.id)}`));
	putContainer(store, {imageId: one.id, layers: one.diffIds});
	emptyTrash(store);
	t.true(hasLayer(store, diffId));
	t.true(hasBlob(store, one.id));
	t.deepEqual(fs.readdirSync(store.layout.trash).filter(name => !name.startsWith('dead-')), []);
});

test('a layer that was made again meanwhile is not overwritten by the old one', t => {
	const {store, one} = withImages(t);
	const [diffId] = one.diffIds.slice(1) as [DiffId];
	fs.renameSync(store.layout.layer(diffId), path.join(store.layout.trash, `layer-${digestHex(diffId)}`));
	const scratch = createScratch(store);
	putLayer(store, scratch, 'only one');
	const inode = fs.statSync(store.layout.layer(diffId)).ino;
	emptyTrash(store);
	scratch.remove();
	t.is(fs.statSync(store.layout.layer(diffId)).ino, inode);
});

test('a collection that was killed is finished by the next', t => {
	const {store, one} = withImages(t);
	dropEntry(store, 'one:1');
	const [diffId] = one.diffIds.slice(1) as [DiffId];
	fs.renameSync(store.layout.layer(diffId), path.join(store.layout.trash, `layer-${digestHex(diffId)}`));
	const scratch = createScratch(store);
	putLayer(store, scratch, 'only one');
	scratch.remove();
	// The same name is in the trash already.
	const collected = collectGarbage(store);
	t.deepEqual(collected.layers, [diffId]);
	t.deepEqual([...verifyStore(store, {tidy: true})], []);
});

test('something foreign among the blobs is cleared away', t => {
	const {store} = withImages(t);
	fs.writeFileSync(path.join(store.layout.blobs, 'stray.tmp'), 'x');
	fs.mkdirSync(path.join(store.layout.layers, 'half'));
	collectGarbage(store);
	t.false(fs.existsSync(path.join(store.layout.blobs, 'stray.tmp')));
	t.false(fs.existsSync(path.join(store.layout.layers, 'half')));
});

test('the second of two identical layers is dropped, the first stays', t => {
	const store = testStore(t);
	const scratch = createScratch(store);
	const {diffId} = putLayer(store, scratch, 'same');
	const inode = fs.statSync(store.layout.layer(diffId)).ino;
	putLayer(store, scratch, 'same');
	t.is(fs.statSync(store.layout.layer(diffId)).ino, inode);
	t.is(listLayers(store).length, 1);
	scratch.remove();
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

async function deadProcess(): Promise<string> {
	const child = spawn(process.execPath, ['-e', 'process.stdout.write("x"); setTimeout(() => {}, 60_000)'], {stdio: ['ignore', 'pipe', 'ignore']});
	await once(child.stdout, 'data');
	const stat = fs.readFileSync(`/proc/${child.pid!}/stat`, 'utf8');
	const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
	child.kill('SIGKILL');
	await once(child, 'close');
	return formatIdentity({...ownIdentity(), pid: child.pid!, startTicks});
}

test('reconciling sweeps what a dead process left, and collects what it had put in place', async t => {
	const {store} = withImages(t);
	const dead = path.join(store.layout.temporary, `${await deadProcess()}-1`);
	const scratch = createScratch(store);
	const {diffId} = putLayer(store, scratch, 'never referred to');
	fs.renameSync(scratch.folder, dead);
	fs.writeFileSync(path.join(dead, 'blob-9'), 'half');
	const living = createScratch(store);
	t.is((await reconcile(store)).sweptFolders, 1);
	t.false(hasLayer(store, diffId));
	t.deepEqual(fs.readdirSync(store.layout.temporary), [path.basename(living.folder)]);
	living.remove();
	t.deepEqual([...verifyStore(store, {tidy: true})], []);
	t.deepEqual(await reconcile(store), {sweptFolders: 0, reclaimedBytes: 0});
});

test('reconciling finishes deletions of dead processes and decides the undecided', async t => {
	const {store, one} = withImages(t);
	const dead = path.join(store.layout.trash, `dead-${formatIdentity({...ownIdentity(), boot: 'ffffffff'})}-1`);
	fs.writeFileSync(dead, 'x');
	const underWay = path.join(store.layout.trash, `dead-${await deadProcess()}-1`);
	fs.writeFileSync(underWay, 'x');
	fs.renameSync(store.layout.blob(one.id), path.join(store.layout.trash, `blob-${digestHex(one.id)}`));
	await reconcile(store);
	t.false(fs.existsSync(dead));
	t.true(fs.existsSync(underWay)); // Its maker is gone, its deleter may not be.
	t.true(hasBlob(store, one.id));
	t.deepEqual([...verifyStore(store, {tidy: true})], []);
});

test('reconciling goes on when a container record is damaged', async t => {
	const {store} = withImages(t);
	putContainer(store, 'x');
	const dead = path.join(store.layout.temporary, `${await deadProcess()}-1`);
	fs.mkdirSync(dead);
	fs.writeFileSync(path.join(dead, 'lease'), 'blob x\n');
	t.is((await reconcile(store)).sweptFolders, 1);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('scratch folders of another pid namespace are left alone for a day', async t => {
	const {store} = withImages(t);
	const foreign = path.join(store.layout.temporary, `${formatIdentity({...ownIdentity(), namespace: '1'})}-1`);
	fs.mkdirSync(foreign);
	t.is((await reconcile(store)).sweptFolders, 0);
	fs.utimesSync(foreign, 1, 1);
	t.is((await reconcile(store)).sweptFolders, 1);
});

test('a thing that is condemned is gone from its place at once', t => {
	const store = testStore(t);
	const scratch = createScratch(store);
	const grave = condemn(store, scratch.folder);
	t.false(fs.existsSync(scratch.folder));
	t.true(fs.existsSync(grave!));
	t.is(condemn(store, scratch.folder), undefined);
});

test('the checker finds what is wrong', t => {
	const {store, one} = withImages(t);
	fs.writeFileSync(store.layout.blob(sha256('shared')), 'rotten');
	fs.rmSync(store.layout.layerTree(one.diffIds[1]!), {recursive: true});
	fs.mkdirSync(path.join(store.layout.temporary, 'left'));
	const problems = verifyStore(store, {tidy: true}).join('\n');
	t.regex(problems, /does not match its digest/);
	t.regex(problems, /has no tree/);
	t.regex(problems, /tmp\/left is left over/);
	fs.rmSync(store.layout.blob(one.id));
	t.regex(verifyStore(store).join('\n'), /one:1: blob .* is not in the store/);
});
