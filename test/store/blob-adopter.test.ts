import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {createBlobAdopter} from '../../engine/store/blob-adopter.js';
import {createBlobWriter, hasBlob, readBlob, sha256} from '../../engine/store/content-store.js';
import {withScratch} from '../../engine/store/scratch.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {assertSound, testStore} from '../helpers/image-lab.js';

const content = Buffer.from('a blob that somebody else wrote into a file');

async function adopt(t: Parameters<typeof testStore>[0], expected: Parameters<ReturnType<typeof createBlobAdopter>['commit']>[0], pieces: readonly Buffer[] = [content.subarray(0, 7), content.subarray(7)]) {
	const store = testStore(t);
	const file = path.join(store.layout.root, 'tmp', 'landing');
	fs.writeFileSync(file, content);
	const outcome = await withScratch(store, async scratch => {
		const adopter = createBlobAdopter(store, scratch, file, 'the blob');
		for (const piece of pieces) {
			await adopter.write(piece);
		}

		return adopter.commit(expected);
	}).then(found => found, (error: unknown) => error as Error & {code?: string});
	return {store, file, outcome};
}

test('the file becomes the blob', async t => {
	const {store, file, outcome} = await adopt(t, {digest: sha256(content), size: content.length});
	t.deepEqual(outcome, {digest: sha256(content), size: content.length});
	t.false(fs.existsSync(file));
	t.deepEqual(readBlob(store, sha256(content)), content);
});

for (const [name, expected, pieces] of [
	['another digest', {digest: sha256('other')}, undefined],
	['another size', {size: 1}, undefined],
	['pieces that are not the announced content', {digest: sha256(content)}, [Buffer.from('wrong')]],
] as const) {
	test(`with ${name} nothing gets a name, and the file stays for who made it`, async t => {
		const {store, file, outcome} = await adopt(t, expected, pieces);
		t.is((outcome as {code?: string}).code, 'EINTEGRITY');
		t.true(fs.existsSync(file));
		t.deepEqual(fs.readdirSync(store.layout.blobs), []);
	});
}

test('a blob that is there by then stays, and so does the file', async t => {
	const store = testStore(t);
	const file = path.join(store.layout.root, 'tmp', 'landing');
	fs.writeFileSync(file, content);
	await withScratch(store, async scratch => {
		const adopter = createBlobAdopter(store, scratch, file, 'the blob');
		await adopter.write(content);
		const writer = createBlobWriter(store, scratch, 'the other');
		await writer.write(content);
		await writer.commit();
		const {ino} = fs.statSync(store.layout.blob(sha256(content)));
		await adopter.commit();
		t.is(fs.statSync(store.layout.blob(sha256(content))).ino, ino);
		adopter.abort();
		t.is(adopter.sizeBytes, content.length);
		t.is(adopter.digest(), sha256(content));
	});
	t.true(hasBlob(store, sha256(content)));
	t.true(fs.existsSync(file));
});

test('a file that is gone is an error, not a blob', async t => {
	const store = testStore(t);
	await withScratch(store, async scratch => {
		const adopter = createBlobAdopter(store, scratch, path.join(store.layout.root, 'nowhere'), 'the blob');
		await adopter.write(content);
		await t.throwsAsync(adopter.commit(), {message: /^storing the blob: open .*nowhere: no such file or directory/});
	});
	t.false(hasBlob(store, sha256(content)));
	await reconcile(store);
	assertSound(t, store);
});
