import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {isLeasedFor} from '../../engine/store/blob-lease.js';
import {blobSize, hasBlob, readBlob, sha256} from '../../engine/store/content-store.js';
import {collectGarbage} from '../../engine/store/garbage-collect.js';
import {openStore, type Store} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {uploadStore} from '../../engine/store/upload-store.js';
import {reopen, temporaryFolder, testStore} from '../helpers/image-lab.js';
import {mountTmpfs} from '../helpers/small-disk.js';
import {repositoryRoot} from '../helpers/repository-root.js';
import {until} from '../helpers/tug-cli.js';

const maxBytes = 1e9;

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
	for (const text of texts) {
		yield Buffer.from(text);
	}
}

/** Gives these, then fails, as when a client goes away. */
async function* broken(...texts: readonly string[]): AsyncGenerator<Buffer> {
	yield* pieces(...texts);
	throw new Error('gone');
}

function uploadsOf(store: Store): string[] {
	return fs.existsSync(store.layout.uploads) ? fs.readdirSync(store.layout.uploads) : [];
}

test('an upload is begun, filled and finished; then the blob is there and leased', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	t.is((await uploads.append('app', id, {data: pieces('one ', 'two '), maxBytes})).sizeBytes, 8);
	t.deepEqual(uploads.status('app', id), {id, repository: 'app', sizeBytes: 8});
	const digest = sha256('one two three');
	t.deepEqual(await uploads.finish('app', id, digest, {data: pieces('three'), maxBytes}), {sizeBytes: 13});
	t.is(readBlob(store, digest).toString(), 'one two three');
	t.true(isLeasedFor(store, 'app', digest));
	t.false(isLeasedFor(store, 'other', digest));
	t.is(uploads.status('app', id), undefined);
	t.deepEqual(uploadsOf(store), []);
});

test('an empty blob is a blob', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	await uploads.finish('app', id, sha256(''), {data: pieces(), maxBytes});
	t.is(blobSize(store, sha256('')), 0);
});

test('an upload begun by one server is continued and finished by others', async t => {
	const store = testStore(t);
	const [one, two, three] = [uploadStore(store), uploadStore(reopen(store)), uploadStore(reopen(store))];
	const {id} = one.start('app', 10);
	await one.append('app', id, {data: pieces('first '), maxBytes});
	await two.append('app', id, {data: pieces('second '), at: 6, maxBytes});
	await one.append('app', id, {data: pieces('third '), at: 13, maxBytes}); // What it remembers of the hash is old by now.
	const digest = sha256('first second third last');
	t.is((await three.finish('app', id, digest, {data: pieces('last'), maxBytes})).sizeBytes, 23);
	t.is(readBlob(store, digest).toString(), 'first second third last');
	t.is(one.status('app', id), undefined);
});

test('a piece in the wrong place changes nothing', async t => {
	const uploads = uploadStore(testStore(t));
	const {id} = uploads.start('app', 10);
	await uploads.append('app', id, {data: pieces('12345'), at: 0, maxBytes});
	for (const at of [0, 4, 6, 1e12]) {
		const error = await t.throwsAsync(async () => uploads.append('app', id, {data: pieces('x'), at, maxBytes}));
		t.true(isEngineError(error, 'invalidParameter') && error.code === 'RANGE', String(at));
	}

	t.is(uploads.status('app', id)?.sizeBytes, 5);
});

test('what was written before a client went away stays, and the next piece begins there', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	await t.throwsAsync(async () => uploads.append('app', id, {data: broken('kept '), maxBytes}), {message: 'gone'});
	t.is(uploads.status('app', id)?.sizeBytes, 5);
	await t.throwsAsync(async () => uploads.finish('app', id, sha256('kept and more'), {data: broken('and '), maxBytes}), {message: 'gone'});
	t.is(uploads.status('app', id)?.sizeBytes, 9);
	await uploads.finish('app', id, sha256('kept and more'), {data: pieces('more'), at: 9, maxBytes});
	t.true(hasBlob(store, sha256('kept and more')));
});

test('a wrong digest ends the upload, and no blob appears', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	const error = await t.throwsAsync(async () => uploads.finish('app', id, sha256('right'), {data: pieces('wrong'), maxBytes}));
	t.true(isEngineError(error) && error.code === 'DIGEST');
	t.deepEqual(uploadsOf(store), []);
	t.deepEqual(fs.readdirSync(store.layout.blobs), []);
});

test('an upload beyond the limit ends', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	await uploads.append('app', id, {data: pieces('12345678'), maxBytes: 10});
	const error = await t.throwsAsync(async () => uploads.append('app', id, {data: pieces('9', '0', 'x'), maxBytes: 10}));
	t.true(isEngineError(error) && error.code === 'TOO_LARGE');
	t.deepEqual(uploadsOf(store), []);
});

test('only so many may be open', t => {
	const uploads = uploadStore(testStore(t));
	uploads.start('app', 2);
	const second = uploads.start('app', 2);
	const error = t.throws(() => uploads.start('app', 2));
	t.true(isEngineError(error, 'unavailable') && error.code === 'TOO_MANY');
	uploads.cancel('app', second.id);
	t.notThrows(() => uploads.start('app', 2));
});

test('ids that are none name nothing, wherever they point', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	for (const unsafe of ['..', '.', '', '../leases', `${id}/`, `./${id}`, `../uploads/${id}`, id.toUpperCase(), `.${id}`, `${id}\n`, 'x'.repeat(5000), '\0']) {
		t.is(uploads.status('app', unsafe), undefined, unsafe);
		t.false(uploads.cancel('app', unsafe));
		const error = await t.throwsAsync(async () => uploads.append('app', unsafe, {data: pieces('x'), maxBytes}));
		t.true(isEngineError(error, 'notFound'));
	}

	t.is(uploads.status('other', id), undefined);
	t.false(uploads.cancel('other', id));
	t.deepEqual(uploadsOf(store), [id]);
});

test('two requests never write to one upload at once', async t => {
	const store = testStore(t);
	const uploads = [uploadStore(store), uploadStore(reopen(store))] as const;
	const {id} = uploads[0].start('app', 10);
	let release: (() => void) | undefined;
	const held = new Promise<void>(resolve => {
		release = resolve;
	});
	let begun: (() => void) | undefined;
	const beginning = new Promise<void>(resolve => {
		begun = resolve;
	});
	async function* slow(): AsyncGenerator<Buffer> {
		yield Buffer.from('slow ');
		begun!();
		await held;
		yield Buffer.from('end');
	}

	const first = uploads[0].append('app', id, {data: slow(), at: 0, maxBytes});
	await beginning;
	const second = uploads[1].append('app', id, {data: pieces('overlap'), at: 5, maxBytes});
	release!();
	t.is((await first).sizeBytes, 8);
	const error = await t.throwsAsync(second);
	t.true(isEngineError(error) && error.code === 'RANGE'); // It waited, and then its place was taken.
	await uploads[1].finish('app', id, sha256('slow end'), {data: pieces(), maxBytes});
	t.true(hasBlob(store, sha256('slow end')));
});

test('a blob that several upload at once is there once, whoever is first', async t => {
	const store = testStore(t);
	const digest = sha256('the same');
	await Promise.all(Array.from({length: 8}, async (_, index) => {
		const uploads = uploadStore(reopen(store));
		const {id} = uploads.start(`app${index}`, 100);
		await uploads.append(`app${index}`, id, {data: pieces('the '), maxBytes});
		await uploads.finish(`app${index}`, id, digest, {data: pieces('same'), maxBytes});
		t.true(isLeasedFor(store, `app${index}`, digest));
	}));
	t.deepEqual(fs.readdirSync(store.layout.blobs), [digest.slice(7)]);
	t.deepEqual(uploadsOf(store), []);
});

test('uploads left alone end, others stay', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const [old, fresh] = [uploads.start('app', 10), uploads.start('app', 10)];
	await uploads.append('app', old.id, {data: pieces('x'), maxBytes});
	const hourAgo = new Date(Date.now() - 3_600_000);
	fs.utimesSync(path.join(store.layout.upload(old.id), 'data'), hourAgo, hourAgo);
	t.is(uploads.sweep(1_800_000), 1);
	t.is(uploads.status('app', old.id), undefined);
	t.is(uploads.status('app', fresh.id)?.sizeBytes, 0);
	t.is(uploads.sweep(0), 1);
});

test('an upload whose start was cut short goes in time', t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	fs.mkdirSync(path.join(store.layout.uploads, '.half-made'), {recursive: true});
	t.is(uploads.sweep(60_000), 0);
	t.is(uploads.sweep(0), 1);
	t.deepEqual(uploadsOf(store), []);
});

test('a damaged upload is nobody\'s', t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	fs.writeFileSync(path.join(store.layout.upload(id), 'session.json'), '{"repository":');
	t.throws(() => uploads.status('app', id));
	t.is(uploads.sweep(0), 1);
});

test('cleaning up leaves uploads and what they became alone', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	await uploads.append('app', id, {data: pieces('half'), maxBytes});
	const other = uploads.start('app', 10);
	await uploads.finish('app', other.id, sha256('whole'), {data: pieces('whole'), maxBytes});
	await reconcile(store);
	t.deepEqual(collectGarbage(store).blobs, []);
	t.is(uploads.status('app', id)?.sizeBytes, 4);
	t.true(hasBlob(store, sha256('whole')));
});

test('a finished blob is safe from a collection at any moment', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const state = {isDone: false};
	const collecting = (async () => {
		while (!state.isDone) {
			collectGarbage(store);
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		}
	})();
	for (let round = 0; round < 20; round++) {
		const text = `blob ${round % 5}`; // Some are there already.
		const {id} = uploads.start('app', 100);
		await uploads.append('app', id, {data: pieces(text), maxBytes});
		await uploads.finish('app', id, sha256(text), {data: pieces(), maxBytes});
		t.true(hasBlob(store, sha256(text)));
	}

	state.isDone = true;
	await collecting;
	t.is(fs.readdirSync(store.layout.blobs).length, 5);
});

const writer = path.join(repositoryRoot, 'build', 'test', 'fixtures', 'upload-writer.js');

test('a server killed in the middle of a piece leaves what it had written; another goes on', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	const child = spawn(process.execPath, [writer, store.layout.root, store.layout.run, 'app', id], {stdio: ['pipe', 'pipe', 'inherit']});
	child.stdin.write('a'.repeat(1000));
	await once(child.stdout, 'data');
	child.kill('SIGKILL');
	await once(child, 'close');
	t.is(uploads.status('app', id)?.sizeBytes, 1000);
	t.true(fs.readdirSync(store.layout.upload(id)).includes('lock.owner')); // Its lock is taken over.
	await uploads.append('app', id, {data: pieces('b'), at: 1000, maxBytes});
	const whole = `${'a'.repeat(1000)}b`;
	await uploads.finish('app', id, sha256(whole), {data: pieces(), maxBytes});
	t.is(blobSize(store, sha256(whole)), 1001);
});

test('a server killed while finishing can be asked again', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	const child = spawn(process.execPath, [writer, store.layout.root, store.layout.run, 'app', id, sha256('whole')], {stdio: ['pipe', 'pipe', 'inherit']});
	child.stdin.write('who');
	await once(child.stdout, 'data');
	child.kill('SIGKILL');
	await once(child, 'close');
	await uploads.finish('app', id, sha256('whole'), {data: pieces('le'), at: 3, maxBytes});
	t.true(hasBlob(store, sha256('whole')));
});

test('a server killed after the blob got its name can be asked again', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	await uploads.append('app', id, {data: pieces('whole'), maxBytes});
	fs.renameSync(path.join(store.layout.upload(id), 'data'), store.layout.blob(sha256('whole')));
	t.deepEqual(await uploads.finish('app', id, sha256('whole'), {data: pieces(), maxBytes}), {sizeBytes: 5});
	t.deepEqual(uploadsOf(store), []);
	const another = uploads.start('app', 10);
	fs.rmSync(path.join(store.layout.upload(another.id), 'data'));
	const error = await t.throwsAsync(async () => uploads.finish('app', another.id, sha256('never'), {data: pieces(), maxBytes}));
	t.true(isEngineError(error, 'notFound'));
});

test('an upload that fills the disk ends and gives the space back', async t => {
	const disk = mountTmpfs(t, 4 * 1024 * 1024);
	if (disk === undefined) {
		return;
	}

	const store = openStore({root: path.join(disk, 'root'), run: path.join(temporaryFolder(t), 'run')});
	const uploads = uploadStore(store);
	async function* endless(): AsyncGenerator<Buffer> {
		for (;;) {
			yield Buffer.alloc(256 * 1024, 1);
		}
	}

	const {id} = uploads.start('app', 10);
	const error = await t.throwsAsync(async () => uploads.append('app', id, {data: endless(), maxBytes}));
	t.true(isEngineError(error) && error.code === 'ENOSPC');
	t.is(uploads.status('app', id), undefined);
	await until(() => fs.statfsSync(disk).bavail * 4096 > 3 * 1024 * 1024, 'the space to be free again');
	const small = uploads.start('app', 10);
	await uploads.finish('app', small.id, sha256('small'), {data: pieces('small'), maxBytes});
	t.true(hasBlob(store, sha256('small')));
});

test('reading along gives what is written, also after the end', async t => {
	const store = testStore(t);
	const uploads = uploadStore(store);
	const {id} = uploads.start('app', 10);
	await uploads.append('app', id, {data: pieces('12345'), maxBytes});
	const {descriptor, sizeBytes} = uploads.open('app', id);
	t.is(sizeBytes, 5);
	await uploads.finish('app', id, sha256('1234567'), {data: pieces('67'), maxBytes});
	const buffer = Buffer.alloc(10);
	t.is(fs.readSync(descriptor, buffer, 0, 10, 0), 7);
	fs.closeSync(descriptor);
	t.throws(() => uploads.open('app', id));
	t.is(buffer.subarray(0, 7).toString(), '1234567');
});
