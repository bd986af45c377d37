import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {nameOwner, recordStore, releaseName, reserveName} from '../../engine/store/record-store.js';
import {temporaryFolder} from '../helpers/image-lab.js';

const parse = (value: unknown): {n: number} => {
	if (typeof (value as {n?: unknown}).n !== 'number') {
		throw new TypeError('no n');
	}

	return value as {n: number};
};

test('a record is written, read, replaced and listed', t => {
	const folder = temporaryFolder(t);
	const records = recordStore(folder, parse);
	t.is(records.read('one'), undefined);
	fs.mkdirSync(path.join(folder, 'one'));
	t.deepEqual(records.ids(), []);
	records.write('one', {n: 1});
	records.write('one', {n: 2}, {sync: false});
	t.deepEqual(records.read('one'), {n: 2});
	t.deepEqual(records.ids(), ['one']);
	t.deepEqual(fs.readdirSync(path.join(folder, 'one')), ['config.json']);
});

test('a damaged record is an error that names the file', t => {
	const folder = temporaryFolder(t);
	fs.mkdirSync(path.join(folder, 'x'));
	for (const text of ['', '{"n":', '{}', '{"n":"1"}']) {
		fs.writeFileSync(path.join(folder, 'x/config.json'), text);
		const error = t.throws(() => recordStore(folder, parse).read('x'), {message: /x\/config\.json is damaged/});
		t.true(isEngineError(error, 'system'));
	}
});

test('a name belongs to the first who takes it, until that one gives it back', t => {
	const names = temporaryFolder(t);
	t.true(reserveName(names, 'web', 'id1'));
	t.false(reserveName(names, 'web', 'id2'));
	t.is(nameOwner(names, 'web'), 'id1');
	releaseName(names, 'web', 'id2');
	t.is(nameOwner(names, 'web'), 'id1');
	releaseName(names, 'web', 'id1');
	t.is(nameOwner(names, 'web'), undefined);
	releaseName(names, 'web', 'id1');
	t.true(reserveName(names, 'web', 'id2'));
});
