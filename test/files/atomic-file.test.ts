import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isEngineError, systemError} from '../../engine/errors.js';
import {listIfThere, readIfThere, removeIfThere, renameIfThere, syncFolder, writeFileAtomic} from '../../engine/files/atomic-file.js';
import {temporaryFolder} from '../helpers/image-lab.js';

test('a file is created and replaced whole, with no temporary file left', t => {
	const folder = temporaryFolder(t);
	const file = path.join(folder, 'x.json');
	writeFileAtomic(file, 'one');
	t.is(fs.readFileSync(file, 'utf8'), 'one');
	t.is(fs.statSync(file).mode & 0o777, 0o600);
	const before = fs.statSync(file).ino;
	writeFileAtomic(file, Buffer.from('two'), {mode: 0o644, sync: false});
	t.is(fs.readFileSync(file, 'utf8'), 'two');
	t.not(fs.statSync(file).ino, before);
	t.deepEqual(fs.readdirSync(folder), ['x.json']);
});

test('whoever has the old file open keeps reading the old content', t => {
	const file = path.join(temporaryFolder(t), 'x');
	writeFileAtomic(file, 'old');
	const descriptor = fs.openSync(file, 'r');
	writeFileAtomic(file, 'new');
	t.is(fs.readFileSync(descriptor, 'utf8'), 'old');
	fs.closeSync(descriptor);
});

test('a write that fails keeps the old content and leaves nothing behind', t => {
	const folder = temporaryFolder(t);
	fs.mkdirSync(path.join(folder, 'taken'));
	const error = t.throws(() => {
		writeFileAtomic(path.join(folder, 'taken'), 'x');
	});
	t.true(isEngineError(error, 'system'));
	t.regex(error.message, /writing .*taken/);
	t.deepEqual(fs.readdirSync(folder), ['taken']);
});

test('a full disk is told with what to do', t => {
	const folder = temporaryFolder(t);
	const error = t.throws(() => {
		writeFileAtomic(path.join(folder, 'x'), 'x', {temporaryFile: '/dev/full-is-no-folder/x'});
	});
	t.true(isEngineError(error, 'system'));
	const full = systemError('writing x', Object.assign(new Error('no space left'), {code: 'ENOSPC'}));
	t.is(full.code, 'ENOSPC');
	t.regex(full.hint!, /disk is full/);
});

test('what is not there is said by the result, not by an error', t => {
	const folder = temporaryFolder(t);
	const missing = path.join(folder, 'missing');
	t.is(readIfThere(missing), undefined);
	t.false(removeIfThere(missing));
	t.false(renameIfThere(missing, path.join(folder, 'x')));
	t.deepEqual(listIfThere(missing), []);
	writeFileAtomic(missing, 'x');
	t.true(renameIfThere(missing, path.join(folder, 'y')));
	t.true(removeIfThere(path.join(folder, 'y')));
	syncFolder(folder);
	t.throws(() => readIfThere(folder), {message: /reading/});
});
