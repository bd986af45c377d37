import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {digestHex} from '../../engine/oci/digest.js';
import {endLeases, isLeasedFor, leaseBlobFor, leasedBlobs, releaseLeaseFor} from '../../engine/store/blob-lease.js';
import {hasBlob, sha256, writeBlob} from '../../engine/store/content-store.js';
import {collectGarbage, emptyTrash} from '../../engine/store/garbage-collect.js';
import type {Store} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {withScratch} from '../../engine/store/scratch.js';
import {reopen, testStore} from '../helpers/image-lab.js';

async function putBlob(store: Store, text: string) {
	return withScratch(store, async scratch => writeBlob(store, scratch, 'text/plain', Buffer.from(text)).digest);
}

test('a leased blob is kept, for whichever repository', async t => {
	const store = testStore(t);
	const [kept, lost] = [await putBlob(store, 'kept'), await putBlob(store, 'lost')];
	leaseBlobFor(store, 'app', kept);
	t.deepEqual(collectGarbage(store).blobs, [lost]);
	t.true(hasBlob(store, kept));
	t.true(releaseLeaseFor(store, 'app', kept));
	t.deepEqual(collectGarbage(store).blobs, [kept]);
});

test('a lease is of one repository and one blob', t => {
	const store = testStore(t);
	leaseBlobFor(store, 'app', sha256('one'));
	t.true(isLeasedFor(reopen(store), 'app', sha256('one')));
	t.false(isLeasedFor(store, 'app', sha256('two')));
	t.false(isLeasedFor(store, 'app2', sha256('one')));
	t.false(isLeasedFor(store, 'ap', sha256('one')));
	t.false(releaseLeaseFor(store, 'other', sha256('one')));
	t.deepEqual(leasedBlobs(store), [digestHex(sha256('one'))]);
});

test('a lease may be taken before the blob is there', async t => {
	const store = testStore(t);
	leaseBlobFor(store, 'app', sha256('later'));
	t.deepEqual(collectGarbage(store).blobs, []);
	await putBlob(store, 'later');
	t.deepEqual(collectGarbage(store).blobs, []);
	t.true(hasBlob(store, sha256('later')));
});

test('a lease taken while a collection has the blob in its hands gives it back', async t => {
	const store = testStore(t);
	const digest = await putBlob(store, 'in between');
	fs.renameSync(store.layout.blob(digest), path.join(store.layout.trash, `blob-${digestHex(digest)}`)); // As a collection does first
	leaseBlobFor(store, 'app', digest);
	t.false(hasBlob(store, digest));
	emptyTrash(store);
	t.true(hasBlob(store, digest));
});

test('a collection that was killed gives back what is leased', async t => {
	const store = testStore(t);
	const digest = await putBlob(store, 'in between');
	leaseBlobFor(store, 'app', digest);
	fs.renameSync(store.layout.blob(digest), path.join(store.layout.trash, `blob-${digestHex(digest)}`));
	await reconcile(reopen(store));
	t.true(hasBlob(store, digest));
});

test('leases end in their time; asking again renews them', t => {
	const store = testStore(t);
	for (const text of ['old', 'renewed', 'new']) {
		leaseBlobFor(store, 'app', sha256(text));
	}

	const hourAgo = new Date(Date.now() - 3_600_000);
	for (const folder of fs.readdirSync(store.layout.leases)) {
		for (const text of ['old', 'renewed']) {
			fs.utimesSync(path.join(store.layout.leases, folder, digestHex(sha256(text))), hourAgo, hourAgo);
		}
	}

	leaseBlobFor(store, 'app', sha256('renewed'));
	t.is(endLeases(store, 1_800_000), 1);
	t.false(isLeasedFor(store, 'app', sha256('old')));
	t.true(isLeasedFor(store, 'app', sha256('renewed')));
	t.is(endLeases(store, 0), 2);
	t.deepEqual(leasedBlobs(store), []);
	t.is(endLeases(store, 0), 0);
});

test('names of repositories never become paths', t => {
	const store = testStore(t);
	for (const name of ['../../x', '/etc/passwd', 'a/b', '', '..', 'x'.repeat(10_000), '\0']) {
		leaseBlobFor(store, name, sha256('one'));
		t.true(isLeasedFor(store, name, sha256('one')));
	}

	t.true(fs.readdirSync(store.layout.leases).every(name => /^[\da-f]{32}$/.test(name)));
	t.is(fs.readdirSync(store.layout.leases).length, 7);
});

test('a store that never was a registry has no leases and no folder for them', t => {
	const store = testStore(t);
	t.deepEqual(leasedBlobs(store), []);
	t.is(endLeases(store, 0), 0);
	t.false(fs.existsSync(store.layout.registry));
});
