/** Volumes on disk: whole or not there, and nothing that a crash can leave is in the way. */
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatIdentity, ownIdentity} from '../../engine/files/process-identity.js';
import {ensureVolume, parseVolumeRequest} from '../../engine/volume/create-volume.js';
import {removeVolume, removeVolumesOf} from '../../engine/volume/remove-volume.js';
import type {VolumeContext} from '../../engine/volume/volume-context.js';
import {isBeingRemoved, makeFilledVolume, makeVolume, markRemoval, readVolume, readVolumes, takeVolume, unmarkRemoval, volumeData} from '../../engine/volume/volume-store.js';
import {isAnonymous, type VolumeRecord} from '../../engine/volume/volume.js';
import {testStore} from '../helpers/image-lab.js';

const record = (name: string): VolumeRecord => ({version: 1, name, created: '2026-01-01T00:00:00.000Z', labels: null, options: null});

function lab(t: ExecutionContext) {
	const store = testStore(t);
	const users = new Map<string, readonly string[]>();
	const told: string[] = [];
	const context: VolumeContext = {
		store,
		users: () => users,
		emit({action, id}) {
			told.push(`${action} ${id}`);
		},
	};
	return {store, users, told, context};
}

/** A process that surely is not there any more. */
const dead = formatIdentity({...ownIdentity(), startTicks: '1'});

test('a volume comes with its folder, which others can read, in one that they can\'t', t => {
	const {store} = lab(t);
	t.true(makeVolume(store, record('data')));
	t.deepEqual(readVolume(store, 'data'), record('data'));
	t.is(fs.statSync(volumeData(store, 'data')).mode & 0o777, 0o755);
	t.is(fs.statSync(store.layout.volume('data')).mode & 0o777, 0o700);
	t.is(fs.statSync(store.layout.volumes).mode & 0o777, 0o700);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('the second of one name is none', async t => {
	const {store} = lab(t);
	t.true(makeVolume(store, record('data'), {sync: false}));
	fs.writeFileSync(path.join(volumeData(store, 'data'), 'x'), 'kept');
	t.false(makeVolume(store, {...record('data'), labels: {a: 'b'}}));
	t.false(await makeFilledVolume(store, record('data'), async folder => {
		fs.writeFileSync(path.join(folder, 'y'), '');
	}));
	t.is(readVolume(store, 'data')!.labels, null);
	t.deepEqual(fs.readdirSync(volumeData(store, 'data')), ['x']);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('a volume that is filled is there only when that has worked', async t => {
	const {store} = lab(t);
	await t.throwsAsync(async () => makeFilledVolume(store, record('data'), async folder => {
		fs.writeFileSync(path.join(folder, 'x'), '');
		t.is(readVolume(store, 'data'), undefined);
		throw new Error('no');
	}), {message: 'no'});
	t.deepEqual(readVolumes(store), []);
	t.true(await makeFilledVolume(store, record('data'), async folder => {
		fs.writeFileSync(path.join(folder, 'x'), '');
	}));
	t.deepEqual(fs.readdirSync(volumeData(store, 'data')), ['x']);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('a folder without a record, as a crash of an earlier version left it, is no volume and not in the way', t => {
	const {store} = lab(t);
	fs.mkdirSync(volumeData(store, 'data'), {recursive: true});
	t.is(readVolume(store, 'data'), undefined);
	t.deepEqual(readVolumes(store), []);
	t.true(makeVolume(store, record('data')));
	t.deepEqual(readVolumes(store), [record('data')]);
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
});

test('records of earlier versions say otherwise that they are anonymous', t => {
	const {store} = lab(t);
	makeVolume(store, record('data'));
	fs.writeFileSync(path.join(store.layout.volume('data'), 'volume.json'), JSON.stringify({version: 1, name: 'data', created: '2026-01-01T00:00:00.000Z', anonymous: true}));
	t.true(isAnonymous(readVolume(store, 'data')!));
	t.false(isAnonymous(record('data')));
});

for (const [title, text] of [['cut short', '{"version":1,'], ['empty', ''], ['of another version', '{"version":2,"name":"data"}'], ['another\'s', JSON.stringify(record('other'))], ['of a hostile name', JSON.stringify(record('../../etc'))], ['with labels that are none', JSON.stringify({...record('data'), labels: {a: 1}})], ['a list', '[]']] as const) {
	test(`a record that is ${title} is told of, left out of lists, and removed by force alone`, t => {
		const {store, context, told} = lab(t);
		makeVolume(store, record('data'));
		makeVolume(store, record('good'));
		fs.writeFileSync(path.join(store.layout.volume('data'), 'volume.json'), text);
		t.like(t.throws(() => readVolume(store, 'data')), {kind: 'system', code: 'EDAMAGED'});
		t.deepEqual(readVolumes(store).map(({name}) => name), ['good']);
		t.throws(() => {
			removeVolume(context, 'data');
		}, {message: /damaged/});
		removeVolume(context, 'data', {force: true});
		t.false(fs.existsSync(store.layout.volume('data')));
		t.deepEqual(told, ['destroy data']);
	});
}

test('what is no name is no volume, whatever lies there', t => {
	const {store, context} = lab(t);
	fs.mkdirSync(store.layout.volumes, {recursive: true});
	for (const name of ['..', '.', '', '../volumes', 'a/b', 'x\0']) {
		t.is(readVolume(store, name), undefined);
		t.throws(() => {
			removeVolume(context, name);
		}, {message: `get ${name}: no such volume`});
	}
});

test('a remover that finds a user takes back its mark', t => {
	const {store, users, context, told} = lab(t);
	makeVolume(store, record('data'));
	users.set('data', ['c1', 'c2']);
	t.like(t.throws(() => {
		removeVolume(context, 'data');
	}), {kind: 'conflict', code: 'volumeInUse', message: 'remove data: volume is in use - [c1, c2]'});
	t.deepEqual(fs.readdirSync(store.layout.volume('data')).sort(), ['_data', 'volume.json']);
	t.deepEqual(removeVolumesOf(context, ['data', 'none'], 'c1'), [], 'another one has it');
	users.set('data', ['c1']);
	t.deepEqual(removeVolumesOf(context, ['data', 'none'], 'c1'), ['data']);
	t.deepEqual(told, ['destroy data']);
});

test('whoever uses a volume waits for its remover, and then makes a new one', async t => {
	const {store, context, told} = lab(t);
	makeVolume(store, record('data'));
	t.true(markRemoval(store, 'data'));
	t.true(isBeingRemoved(store, 'data'));
	let isThere = false;
	const ensuring = ensureVolume(context, {name: 'data'}).then(made => {
		isThere = true;
		return made;
	});
	await new Promise(resolve => {
		setImmediate(resolve);
	});
	t.false(isThere);
	takeVolume(store, 'data');
	t.not((await ensuring).created, record('data').created);
	t.deepEqual(told, ['create data']);
});

test('a remover that thinks better of it lets the waiting have the old one', async t => {
	const {store, context, told} = lab(t);
	makeVolume(store, record('data'));
	markRemoval(store, 'data');
	const ensuring = ensureVolume(context, {name: 'data'});
	unmarkRemoval(store, 'data');
	t.deepEqual(await ensuring, record('data'));
	t.deepEqual(told, []);
});

test('the mark of a remover that was killed holds nobody up', async t => {
	const {store, context} = lab(t);
	makeVolume(store, record('data'));
	for (const mark of [`removing-${dead}`, 'removing-', 'removing-nonsense']) {
		fs.writeFileSync(path.join(store.layout.volume('data'), mark), '');
	}

	t.deepEqual(await ensureVolume(context, {name: 'data'}), record('data'));
	t.deepEqual(fs.readdirSync(store.layout.volume('data')).sort(), ['_data', 'volume.json']);
	t.false(markRemoval(store, 'none'));
});

test('docker\'s create request is read', t => {
	t.deepEqual(parseVolumeRequest({Name: 'data', Driver: '', DriverOpts: null, Labels: {}}), {name: 'data', labels: null, options: null});
	t.deepEqual(parseVolumeRequest({Name: 'data', Driver: 'local', DriverOpts: {type: 'none'}, Labels: {a: 'b'}}), {name: 'data', labels: {a: 'b'}, options: {type: 'none'}});
	for (const nameless of [undefined, null, {}, {Name: ''}]) {
		const {name, labels} = parseVolumeRequest(nameless);
		t.regex(name, /^[\da-f]{64}$/);
		t.deepEqual(labels, {'com.docker.volume.anonymous': ''});
	}

	for (const wrong of [{Name: 1}, {Labels: []}, {DriverOpts: {a: 1}}, 'data']) {
		t.like(t.throws(() => parseVolumeRequest(wrong)), {kind: 'invalidParameter'});
	}
});
