/** save, export, load and import: where bytes go, and what is left when something fails. */
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import test from 'ava';
import {fakeEngine} from '../helpers/fake-engine.js';
import {runCommand} from '../helpers/run-command.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

test('the archive is written to the file, or to the standard output', async t => {
	const directory = temporaryFolder(t);
	const {engine, calls} = fakeEngine({saveImages: async () => Readable.from([Buffer.from('tar')])});
	t.deepEqual(await runCommand(['save', '-o', 'x.tar', 'a', 'b'], {engine, directory}), {exitCode: 0, output: '', errors: ''});
	t.is(fs.readFileSync(path.join(directory, 'x.tar'), 'utf8'), 'tar');
	t.is(fs.statSync(path.join(directory, 'x.tar')).mode & 0o777, 0o600);
	t.is((await runCommand(['save', 'a'], {engine, directory})).output, 'tar');
	await runCommand(['save', '--format', 'oci-archive', 'a'], {engine, directory});
	t.deepEqual(calls, [['saveImages', ['a', 'b'], {}], ['saveImages', ['a'], {}], ['saveImages', ['a'], {format: 'oci-archive'}]]);
});

test('a failure leaves the file that was there, and nothing half-made', async t => {
	const directory = temporaryFolder(t);
	fs.writeFileSync(path.join(directory, 'x.tar'), 'precious');
	async function * broken() {
		yield Buffer.from('begin');
		throw new Error('the disk is on fire');
	}

	const {engine} = fakeEngine({exportContainer: async () => Readable.from(broken())});
	const {exitCode, errors} = await runCommand(['export', '-o', 'x.tar', 'box'], {engine, directory});
	t.is(exitCode, 1);
	t.regex(errors, /the disk is on fire/);
	t.is(fs.readFileSync(path.join(directory, 'x.tar'), 'utf8'), 'precious');
	t.deepEqual(fs.readdirSync(directory), ['x.tar']);
});

test('an engine that refuses leaves nothing either', async t => {
	const directory = temporaryFolder(t);
	const {engine} = fakeEngine({
		async saveImages() {
			throw Object.assign(new Error('No such image: x:latest'), {name: 'EngineError', kind: 'notFound'});
		},
	});
	t.deepEqual(await runCommand(['save', '-o', 'x.tar', 'x'], {engine, directory}), {exitCode: 1, output: '', errors: 'tug: No such image: x:latest\n'});
	t.deepEqual(fs.readdirSync(directory), []);
});

test('a device is written to, not replaced', async t => {
	const {engine} = fakeEngine({saveImages: async () => Readable.from([Buffer.from('tar')])});
	t.is((await runCommand(['save', '-o', '/dev/null', 'x'], {engine})).exitCode, 0);
	t.true(fs.statSync('/dev/null').isCharacterDevice());
});

test('load and import read files in place, and the standard input otherwise', async t => {
	const directory = temporaryFolder(t);
	fs.writeFileSync(path.join(directory, 'in.tar'), 'tar');
	const {engine, calls} = fakeEngine({async * loadImages() {}, importImage: async () => 'sha256:1'});
	await runCommand(['load', '-i', 'in.tar'], {engine, directory});
	t.deepEqual(calls.at(-1), ['loadImages', {path: path.join(directory, 'in.tar')}]);
	await runCommand(['import', '-c', 'CMD x', 'in.tar', 'name:1'], {engine, directory});
	t.deepEqual(calls.at(-1), ['importImage', {path: path.join(directory, 'in.tar')}, {changes: ['CMD x'], reference: 'name:1'}]);
	await runCommand(['import', '-'], {engine, directory, input: 'tar'});
	t.true(calls.at(-1)![1] instanceof Readable);
	t.regex((await runCommand(['import', 'nosuch.tar'], {engine, directory})).errors, /^tug: open nosuch\.tar: no such file or directory\n$/);
});
