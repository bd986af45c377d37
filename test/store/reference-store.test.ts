import fs from 'node:fs';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import type {Descriptor} from '../../engine/oci/descriptor.js';
import type {Digest} from '../../engine/oci/digest.js';
import {parseReference} from '../../engine/oci/reference.js';
import {changeReferences, entryParent, entryReference, makeEntry, readReferences, updateReferences, withReference, type ReferenceEntry} from '../../engine/store/reference-store.js';
import {testStore} from '../helpers/image-lab.js';

const manifest = (letter: string): Descriptor => ({mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${letter.repeat(64)}` as Digest, size: 7});
const [a, b] = [manifest('a'), manifest('b')];
const show = (entries: readonly ReferenceEntry[]) => entries.map(entry => `${entry.digest[7]!} ${entryReference(entry) ?? '-'}`);

test('an entry has the annotations other tools look for', t => {
	t.deepEqual(makeEntry(a, parseReference('busybox:1')).annotations, {'io.containerd.image.name': 'docker.io/library/busybox:1', 'org.opencontainers.image.ref.name': '1'});
	t.deepEqual(makeEntry(a, parseReference(`busybox@${b.digest}`)).annotations, {'io.containerd.image.name': `docker.io/library/busybox@${b.digest}`});
	t.is(makeEntry(a, undefined).annotations, undefined);
});

test('an image gets its first name and loses its nameless entry', t => {
	const nameless = withReference([], a, undefined);
	t.deepEqual(show(nameless), ['a -']);
	t.deepEqual(show(withReference(nameless, a, parseReference('x:1'))), ['a docker.io/library/x:1']);
});

test('an image may have several names', t => {
	let entries = withReference([], a, parseReference('x:1'));
	entries = withReference(entries, a, parseReference('y:2'));
	t.deepEqual(show(entries), ['a docker.io/library/x:1', 'a docker.io/library/y:2']);
});

test('a name that moves leaves the other image nameless, if it was its last', t => {
	let entries = withReference([], a, parseReference('x:1'));
	entries = withReference(entries, b, parseReference('x:1'));
	t.deepEqual(show(entries), ['a -', 'b docker.io/library/x:1']);
	entries = withReference(withReference([], a, parseReference('x:1')), a, parseReference('y:1'));
	t.deepEqual(show(withReference(entries, b, parseReference('x:1'))), ['a docker.io/library/y:1', 'b docker.io/library/x:1']);
});

test('what is there already is the same list, so that nothing is written', t => {
	const entries = withReference([], a, parseReference('x:1'));
	t.is(withReference(entries, a, parseReference('x:1')), entries);
	t.is(withReference(entries, a, undefined), entries);
});

test('the parent is kept when an image gets more names, or loses them', t => {
	let entries = withReference([], a, parseReference('x:1'), 'sha256:p');
	entries = withReference(entries, a, parseReference('y:1'));
	entries = withReference(entries, b, parseReference('x:1'));
	entries = withReference(entries, b, parseReference('y:1'));
	t.deepEqual(entries.filter(entry => entry.digest === a.digest).map(entry => entryParent(entry)), ['sha256:p']);
});

test('entries are written and read, and unchanged ones are not written', async t => {
	const store = testStore(t);
	t.deepEqual(readReferences(store), []);
	await updateReferences(store, entries => ({entries: withReference(entries, a, parseReference('x:1')), result: undefined}));
	t.deepEqual(show(readReferences(store)), ['a docker.io/library/x:1']);
	const inode = fs.statSync(store.layout.index).ino;
	t.is(await updateReferences(store, entries => ({entries, result: 7})), 7);
	t.is(fs.statSync(store.layout.index).ino, inode);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('writers one after another lose nothing', async t => {
	const store = testStore(t);
	await Promise.all(Array.from({length: 20}, async (_, index) => updateReferences(store, entries => ({entries: withReference(entries, a, parseReference(`x:${index}`)), result: undefined}))));
	t.is(readReferences(store).length, 20);
});

test('an index of another tool keeps its annotations', t => {
	const store = testStore(t);
	const foreign = {...a, annotations: {'some.tool': 'value', 'org.opencontainers.image.ref.name': 'latest'}};
	changeReferences(store, () => ({entries: [foreign], result: undefined}));
	changeReferences(store, entries => ({entries: withReference(entries, b, parseReference('x')), result: undefined}));
	t.deepEqual(readReferences(store)[0], foreign);
});

test('a damaged index is an error with a hint, a missing one is empty', t => {
	const store = testStore(t);
	fs.writeFileSync(store.layout.index, '{"schemaVersion":2,"mani');
	const error = t.throws(() => readReferences(store), {message: /index\.json is damaged/});
	t.true(isEngineError(error, 'system') && error.hint !== undefined);
	fs.rmSync(store.layout.index);
	t.deepEqual(readReferences(store), []);
});
