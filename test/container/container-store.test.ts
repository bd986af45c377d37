/** Names, prefixes and records on disk, whatever a crash or a stranger has left there. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isContainerName, parseContainerName, randomName} from '../../engine/container/container-name.js';
import {
	containerPlaces, dropName, findContainer, listContainerIds, lowerFolders, noSuchContainer, readRecord, resolveContainer, takeName, writeRecord,
} from '../../engine/container/container-store.js';
import {parseContainerId, shortId, type ContainerId} from '../../engine/container/container.js';
import {containerId, containerRecord, placeRecord} from '../helpers/container-record.js';
import {testStore} from '../helpers/image-lab.js';

const idFrom = (start: string) => start.padEnd(64, '0') as ContainerId;

test('a full id goes before a name, a name before a prefix', t => {
	const store = testStore(t);
	const first = containerRecord({name: 'one'}, idFrom('abc1'));
	const second = containerRecord({name: 'abc1'}, idFrom('def2'));
	placeRecord(store, first);
	placeRecord(store, second);
	t.is(resolveContainer(store, first.id), first.id);
	t.is(resolveContainer(store, 'abc1'), second.id);
	t.is(resolveContainer(store, '/abc1'), second.id);
	t.is(resolveContainer(store, 'abc'), first.id);
	t.is(resolveContainer(store, 'd'), second.id);
	t.deepEqual([...listContainerIds(store)].sort((a, b) => a.localeCompare(b)), [first.id, second.id]);
});

test('a prefix of several is refused, of none not found', t => {
	const store = testStore(t);
	placeRecord(store, containerRecord({name: 'one'}, idFrom('aa1')));
	placeRecord(store, containerRecord({name: 'two'}, idFrom('aa2')));
	t.like(t.throws(() => resolveContainer(store, 'aa')), {kind: 'invalidParameter', message: 'multiple IDs found with provided prefix: aa'});
	for (const name of ['b', '', '/', 'aa1x', '..', '../names/one', 'AA1', '*', 'one\0', 'f'.repeat(64), 'f'.repeat(65)]) {
		t.like(t.throws(() => resolveContainer(store, name), undefined, JSON.stringify(name)), {kind: 'notFound', code: 'noSuchContainer', message: `No such container: ${name}`}, JSON.stringify(name));
	}
});

test('strange things among the names and containers are nobody', t => {
	const store = testStore(t);
	placeRecord(store, containerRecord({name: 'good'}));
	fs.symlinkSync('../../../etc', store.layout.name('link'));
	fs.writeFileSync(store.layout.name('file'), containerId());
	fs.mkdirSync(store.layout.name('folder'));
	fs.mkdirSync(path.join(store.layout.containers, 'strange'));
	fs.symlinkSync('b'.repeat(64), store.layout.name('gone'));
	for (const name of ['link', 'file', 'folder', 'gone', 'strange']) {
		t.throws(() => resolveContainer(store, name), {message: `No such container: ${name}`});
	}

	t.deepEqual(listContainerIds(store), [containerId()]);
});

test('a record is read as it was written; a damaged one is told, an absent one is none', t => {
	const store = testStore(t);
	const record = containerRecord({name: 'kept', Labels: {a: 'ü'}});
	placeRecord(store, record);
	writeRecord(store, {...record, name: 'renamed'});
	t.is(readRecord(store, record.id)?.name, 'renamed');
	t.is(readRecord(store, idFrom('b')), undefined);
	for (const text of ['', '{', 'null', '[]', '{"version":2}', JSON.stringify({...record, id: idFrom('c')}), JSON.stringify({...record, version: 2})]) {
		fs.writeFileSync(containerPlaces(store, record.id).record, text);
		t.like(t.throws(() => findContainer(store, record.id), undefined, text), {kind: 'system', code: 'EDAMAGED'}, text);
	}

	fs.rmSync(containerPlaces(store, record.id).record);
	t.like(t.throws(() => findContainer(store, record.id)), {kind: 'notFound'});
	t.is(noSuchContainer('x').message, 'No such container: x');
});

test('a name is taken by one, and given back by its owner only', t => {
	const store = testStore(t);
	const record = containerRecord({name: 'wanted'});
	placeRecord(store, record);
	const other = idFrom('b');
	t.like(t.throws(() => {
		takeName(store, 'wanted', other);
	}), {
		kind: 'conflict', code: 'nameInUse', message: `Conflict. The container name "/wanted" is already in use by container "${record.id}". You have to remove (or rename) that container to be able to reuse that name.`,
	});
	dropName(store, 'wanted', other);
	t.is(fs.readlinkSync(store.layout.name('wanted')), record.id);
	dropName(store, 'wanted', record.id);
	takeName(store, 'wanted', other);
	t.is(fs.readlinkSync(store.layout.name('wanted')), other);
	dropName(store, 'nobody', other);
	t.deepEqual(fs.readdirSync(store.layout.trash), []);
});

test('a name whose owner is gone, or has another one, is free; one being made or renamed keeps it', t => {
	const store = testStore(t);
	const taker = idFrom('b');
	const take = (name: string) => {
		takeName(store, name, taker);
	};

	fs.symlinkSync(idFrom('d'), store.layout.name('of-nobody'));
	t.notThrows(() => {
		take('of-nobody');
	});
	const record = containerRecord({name: 'current'});
	placeRecord(store, record);
	fs.symlinkSync(record.id, store.layout.name('former'));
	fs.symlinkSync(record.id, store.layout.name('coming'));
	t.notThrows(() => {
		take('former');
	});
	fs.writeFileSync(path.join(store.layout.container(record.id), 'renaming'), 'coming');
	t.throws(() => {
		take('coming');
	}, {message: /already in use/});
	const made = idFrom('e');
	fs.mkdirSync(path.join(store.layout.temporary, 'maker-1', made), {recursive: true});
	fs.symlinkSync(made, store.layout.name('half-made'));
	t.throws(() => {
		take('half-made');
	}, {message: /already in use/});
	fs.writeFileSync(containerPlaces(store, record.id).record, '{');
	t.throws(() => {
		take('current');
	}, {message: /already in use/}, 'a damaged one has its name until it is removed');
});

test('layers lie under each other, the scaffold under all', t => {
	const store = testStore(t);
	const [one, two] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
	const record = {...containerRecord(), layers: [one, two]} as unknown as ReturnType<typeof containerRecord>;
	t.deepEqual(lowerFolders(store, record), [...[two, one].map(diffId => store.layout.layerTree(diffId as never)), store.layout.scaffold]);
});

const names: ReadonlyArray<readonly [name: string, isGood: boolean]> = [
	['ab', true], ['a1', true], ['1a', true], ['web-1.example_com', true], ['A_b', true], ['a'.repeat(223), true], ['/ab', true], ['a', false], ['', false], ['/', false], ['-a', false], ['.a', false], ['_a', false], ['a b', false], ['a/b', false],
	['//ab', false], ['..', false], ['aé', false], ['a\0b', false], ['a\nb', false], ['ab\n', false], ['a'.repeat(224), false],
];
for (const [name, isGood] of names) {
	test(`${JSON.stringify(name.length > 30 ? `${name.length} letters` : name)} ${isGood ? 'is' : 'is not'} a name`, t => {
		if (isGood) {
			t.is(parseContainerName(name), name.replace(/^\//, ''));
		} else {
			t.like(t.throws(() => parseContainerName(name)), {kind: 'invalidParameter', message: `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`});
			t.false(isContainerName(name));
		}
	});
}

test('random names are names, and end up different', t => {
	const drawn = Array.from({length: 200}, (_, index) => randomName(index % 5));
	t.true(drawn.every(name => isContainerName(name) && /^[a-z]+_[a-z]+\d*$/.test(name)));
	t.true(new Set(drawn).size > 150);
	t.regex(randomName(9), /\d$/);
});

test('ids are 64 hexadecimal digits', t => {
	t.is(parseContainerId('a'.repeat(64)), containerId());
	for (const text of ['', 'a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(63)}/`, `${'a'.repeat(64)}\n`]) {
		t.is(parseContainerId(text), undefined);
	}

	t.is(shortId(containerId('b')), 'b'.repeat(12));
});
