import fs from 'node:fs';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import type {Digest} from '../../engine/oci/digest.js';
import {adoptBlob, blobSize, createBlobWriter, hasBlob, openBlob, readBlob, sha256, writeBlob} from '../../engine/store/content-store.js';
import {createScratch, readLease, withScratch} from '../../engine/store/scratch.js';
import {hex, testStore} from '../helpers/image-lab.js';

test('a document is stored under its digest, once, and leased', async t => {
	const store = testStore(t);
	await withScratch(store, async scratch => {
		const descriptor = writeBlob(store, scratch, 'x/y', Buffer.from('hello'));
		t.deepEqual(descriptor, {mediaType: 'x/y', digest: `sha256:${hex('hello')}` as Digest, size: 5});
		const inode = fs.statSync(store.layout.blob(descriptor.digest)).ino;
		writeBlob(store, scratch, 'x/y', Buffer.from('hello'));
		t.is(fs.statSync(store.layout.blob(descriptor.digest)).ino, inode);
		t.is(String(readBlob(store, descriptor.digest)), 'hello');
		t.deepEqual(readLease(scratch.folder).blobs, [hex('hello'), hex('hello')]);
	});
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
	t.deepEqual(fs.readdirSync(store.layout.trash), []);
});

test('a blob written in pieces has no name until it is committed', async t => {
	const store = testStore(t);
	const scratch = createScratch(store);
	const writer = createBlobWriter(store, scratch, 'x');
	await writer.write(Buffer.from('hel'));
	await writer.write(Buffer.from('lo'));
	t.deepEqual(fs.readdirSync(store.layout.blobs), []);
	t.deepEqual(await writer.commit({digest: sha256('hello'), size: 5}), {digest: sha256('hello'), size: 5});
	t.is(blobSize(store, sha256('hello')), 5);
	writer.abort();
	t.true(hasBlob(store, sha256('hello')));
	scratch.remove();
});

test('what has another digest or size than announced is not stored', async t => {
	const store = testStore(t);
	await withScratch(store, async scratch => {
		for (const expected of [{digest: sha256('other')}, {size: 4}]) {
			const writer = createBlobWriter(store, scratch, 'layer one');
			await writer.write(Buffer.from('hello'));
			const error = await t.throwsAsync(writer.commit(expected), {message: /layer one has (digest|5 bytes)/});
			t.true(isEngineError(error, 'invalidParameter') && error.code === 'EINTEGRITY');
			writer.abort();
		}
	});
	t.deepEqual(fs.readdirSync(store.layout.blobs), []);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('a file of the scratch folder becomes a blob without being copied', async t => {
	const store = testStore(t);
	await withScratch(store, async scratch => {
		const file = scratch.path('spool');
		fs.writeFileSync(file, 'spooled');
		const inode = fs.statSync(file).ino;
		adoptBlob(store, scratch, file, sha256('spooled'));
		t.is(fs.statSync(store.layout.blob(sha256('spooled'))).ino, inode);
		fs.writeFileSync(file, 'spooled');
		adoptBlob(store, scratch, file, sha256('spooled'));
		t.is(fs.statSync(store.layout.blob(sha256('spooled'))).ino, inode);
	});
});

test('a document that rotted on disk is not believed', async t => {
	const store = testStore(t);
	await withScratch(store, async scratch => {
		const {digest} = writeBlob(store, scratch, 'x', Buffer.from('hello'));
		fs.writeFileSync(store.layout.blob(digest), 'hellO');
		const error = t.throws(() => readBlob(store, digest), {message: /is damaged/});
		t.true(isEngineError(error, 'system') && error.code === 'EINTEGRITY');
	});
});

test('a blob that is not there is not found', t => {
	const store = testStore(t);
	for (const read of [() => readBlob(store, sha256('x')), () => openBlob(store, sha256('x'))]) {
		const error = t.throws(read);
		t.true(isEngineError(error, 'notFound') && error.code === 'BLOB_UNKNOWN');
	}
});

test('a blob too large for a document is not read into memory', t => {
	const store = testStore(t);
	fs.writeFileSync(store.layout.blob(sha256('x')), '');
	fs.truncateSync(store.layout.blob(sha256('x')), 20 * 1024 * 1024);
	t.throws(() => readBlob(store, sha256('x')), {message: /too large/});
});
