import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {EngineError, errorCode, hintFor, isEngineError, systemError} from '../engine/errors.js';
import {repositoryRoot} from './helpers/repository-root.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

test('an error is told by its name and kind', t => {
	const error = new EngineError('conflict', 'taken', {hint: 'Take another.', code: 'nameInUse', exitCode: 125, cause: 'x'});
	t.like(error, {name: 'EngineError', kind: 'conflict', message: 'taken', hint: 'Take another.', code: 'nameInUse', exitCode: 125, cause: 'x'});
	t.true(isEngineError(error));
	t.true(isEngineError(error, 'conflict'));
	t.false(isEngineError(error, 'notFound'));
	t.false('cause' in new EngineError('system', 'x'));
});

const others: ReadonlyArray<readonly [string, unknown]> = [
	['an Error', new Error('x')],
	['a TypeError with a kind', Object.assign(new TypeError('x'), {kind: 'system'})],
	['an object that only looks like one', {name: 'EngineError', kind: 'system', message: 'x'}],
	['one without a kind', Object.assign(new Error('x'), {name: 'EngineError'})],
	['a text', 'EngineError'],
	['null', null],
	['undefined', undefined],
];
for (const [title, value] of others) {
	test(`${title} is none`, t => {
		t.false(isEngineError(value));
	});
}

test('one of another copy of the module is recognised', async t => {
	const file = path.join(temporaryFolder(t), 'errors.mjs');
	fs.copyFileSync(path.join(repositoryRoot, 'build', 'engine', 'errors.js'), file);
	const copy = await import(file) as {readonly EngineError: typeof EngineError; readonly isEngineError: typeof isEngineError};
	const foreign = new copy.EngineError('notFound', 'gone', {code: 'noSuchContainer'});
	t.false(foreign instanceof EngineError);
	t.true(isEngineError(foreign, 'notFound'));
	t.is(systemError('looking', foreign), foreign);
	t.true(copy.isEngineError(new EngineError('system', 'x')));
});

test('a failed system call keeps its code and says what to do', t => {
	let cause: unknown;
	try {
		fs.readFileSync('/no/such/file');
	} catch (error) {
		cause = error;
	}

	const error = systemError('reading the record', cause);
	t.like(error, {kind: 'system', code: 'ENOENT', hint: undefined, cause});
	t.is(error.message, 'reading the record: open /no/such/file: no such file or directory');
	t.regex(systemError('writing', Object.assign(new Error('no space'), {code: 'ENOSPC'})).hint ?? '', /disk is full/);
	t.is(systemError('doing', 'text').message, 'doing: text');
	t.is(systemError('doing', undefined).code, undefined);
});

const messages: ReadonlyArray<readonly [string, string]> = [
	['EACCES: permission denied, mkdir \'/x\'', 'mkdir /x: permission denied'],
	['ENOSPC: no space left on device, write', 'write: no space left on device'],
	['EXDEV: cross-device link not permitted, rename \'/a b\' -> \'/c\'', 'rename /a b /c: cross-device link not permitted'],
	['ENOENT: no such file or directory, open \'/it\'s here\'', 'open /it\'s here: no such file or directory'],
	['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
	['something, else', 'something, else'],
];
for (const [message, expected] of messages) {
	test(`${message} reads as other programs say it`, t => {
		t.is(systemError('doing', new Error(message)).message, `doing: ${expected}`);
	});
}

test('codes are read from anything', t => {
	t.is(errorCode(Object.assign(new Error('x'), {code: 'EPERM'})), 'EPERM');
	for (const value of [undefined, null, 'EPERM', 5, {}, {code: 5}, new Error('x')]) {
		t.is(errorCode(value), undefined);
	}

	t.is(hintFor(undefined), undefined);
	t.is(hintFor('EPERM'), undefined);
	for (const code of ['ENOSPC', 'EDQUOT', 'EROFS']) {
		t.regex(hintFor(code) ?? '', /\.$/);
	}
});

test('nobody decides by the class', t => {
	const folders = ['engine/container', 'engine/image', 'engine/runtime', 'engine/store', 'engine/wire', 'source'].map(folder => path.join(repositoryRoot, folder));
	const files = folders.flatMap(folder => fs.readdirSync(folder, {recursive: true, encoding: 'utf8'}).map(name => path.join(folder, name))).filter(file => /\.tsx?$/.test(file));
	t.deepEqual(files.filter(file => fs.readFileSync(file, 'utf8').includes('instanceof EngineError')), []);
});
