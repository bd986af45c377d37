/** docker's rules for what is copied where, with a folder playing the container. */
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import type {Engine, PathStat} from '../../engine/index.js';
import {packTree} from '../../source/transfer/pack-tree.js';
import {unpackTree} from '../../source/transfer/unpack-tree.js';
import {fakeEngine} from '../helpers/fake-engine.js';
import {runCommand, type Outcome} from '../helpers/run-command.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Place = {readonly inside: string; readonly outside: string; readonly engine: Engine; readonly calls: ReadonlyArray<readonly unknown[]>; cp(...words: readonly string[]): Promise<Outcome>};

function place(t: ExecutionContext): Place {
	const folder = fs.realpathSync(temporaryFolder(t));
	const inside = path.join(folder, 'inside');
	const outside = path.join(folder, 'outside');
	fs.mkdirSync(path.join(inside, 'etc/conf'), {recursive: true});
	fs.writeFileSync(path.join(inside, 'etc/hosts'), 'localhost');
	fs.writeFileSync(path.join(inside, 'etc/conf/a'), 'A');
	fs.symlinkSync('/etc/conf', path.join(inside, 'link'));
	fs.symlinkSync('hosts', path.join(inside, 'etc/names'));
	fs.symlinkSync('loop', path.join(inside, 'loop'));
	fs.mkdirSync(path.join(outside, 'tree/sub'), {recursive: true});
	fs.writeFileSync(path.join(outside, 'tree/sub/x'), 'X');
	fs.writeFileSync(path.join(outside, 'one'), '1');
	fs.symlinkSync('one', path.join(outside, 'pointer'));
	fs.mkdirSync(path.join(outside, 'out'));

	const stat = (name: string): PathStat => {
		const file = path.join(inside, path.posix.resolve('/', name));
		const found = fs.lstatSync(file, {throwIfNoEntry: false});
		if (found === undefined) {
			throw Object.assign(new Error(`Could not find the file ${name} in container box`), {name: 'EngineError', kind: 'notFound'});
		}

		return {name: path.posix.basename(path.posix.resolve('/', name)) || '/', size: found.size, mode: found.mode, mtime: '', linkTarget: found.isSymbolicLink() ? fs.readlinkSync(file) : ''};
	};

	const {engine, calls} = fakeEngine({
		statArchive: async (_, name) => stat(name),
		async getArchive(_, name) {
			const found = stat(name);
			return {stat: found, tar: Readable.from(packTree({source: path.join(inside, path.posix.resolve('/', name)), name: found.name, keepsOwner: true}))};
		},
		async putArchive(_, name, tar) {
			await unpackTree(tar, {directory: path.join(inside, name), keepsOwner: false});
		},
	});
	return {inside, outside, engine, calls, cp: async (...words) => runCommand(['cp', ...words], {engine, directory: outside})};
}

const read = (file: string) => fs.readFileSync(file, 'utf8');

const copiesOut = test.macro({
	async exec(t, source: string, destination: string, expected: Readonly<Record<string, string>>) {
		const {outside, cp} = place(t);
		t.deepEqual(await cp(`box:${source}`, destination), {exitCode: 0, output: '', errors: ''});
		for (const [file, content] of Object.entries(expected)) {
			t.is(read(path.join(outside, file)), content, file);
		}
	},
	title: (_, source, destination) => `out: ${source} to ${destination}`,
});

test(copiesOut, '/etc/hosts', 'out', {'out/hosts': 'localhost'});
test(copiesOut, '/etc/hosts', 'out/', {'out/hosts': 'localhost'});
test(copiesOut, '/etc/hosts', 'renamed', {renamed: 'localhost'});
test(copiesOut, '/etc/hosts', 'one', {one: 'localhost'});
test(copiesOut, 'etc/hosts', '.', {hosts: 'localhost'});
test(copiesOut, '/etc/conf', 'out', {'out/conf/a': 'A'});
test(copiesOut, '/etc/conf/', 'out', {'out/conf/a': 'A'});
test(copiesOut, '/etc/conf/.', 'out', {'out/a': 'A'});
test(copiesOut, '/etc/conf', 'new', {'new/a': 'A'});
test(copiesOut, '/etc/conf/.', 'new', {'new/a': 'A'});
test(copiesOut, '/etc/conf', 'new/', {'new/a': 'A'});
test(copiesOut, '/etc', 'out', {'out/etc/conf/a': 'A', 'out/etc/hosts': 'localhost'});

const copiesIn = test.macro({
	async exec(t, source: string, destination: string, expected: Readonly<Record<string, string>>) {
		const {inside, cp} = place(t);
		t.deepEqual(await cp(source, `box:${destination}`), {exitCode: 0, output: '', errors: ''});
		for (const [file, content] of Object.entries(expected)) {
			t.is(read(path.join(inside, file)), content, file);
		}
	},
	title: (_, source, destination) => `in: ${source} to ${destination}`,
});

test(copiesIn, 'one', '/etc', {'etc/one': '1'});
test(copiesIn, 'one', '/etc/', {'etc/one': '1'});
test(copiesIn, 'one', '/etc/renamed', {'etc/renamed': '1'});
test(copiesIn, 'one', '/etc/hosts', {'etc/hosts': '1'});
test(copiesIn, 'one', 'etc/conf', {'etc/conf/one': '1'});
test(copiesIn, 'one', '/link', {'etc/conf/one': '1'});
test(copiesIn, 'one', '/etc/names', {'etc/hosts': '1'});
test(copiesIn, 'tree', '/etc', {'etc/tree/sub/x': 'X'});
test(copiesIn, 'tree/.', '/etc', {'etc/sub/x': 'X'});
test(copiesIn, './tree', '/new', {'new/sub/x': 'X'});
test(copiesIn, 'tree/.', '/new', {'new/sub/x': 'X'});

const refused = test.macro({
	async exec(t, words: readonly string[], expected: RegExp) {
		const {cp} = place(t);
		const {exitCode, errors} = await cp(...words);
		t.is(exitCode, 1);
		t.regex(errors, expected);
	},
	title: (_, words: readonly string[]) => `refused: ${words.join(' ')}`,
});

test(refused, ['box:/nosuch', '.'], /^tug: Could not find the file \/nosuch in container box\n$/);
test(refused, ['box:/etc/hosts', 'nosuch/x'], /^tug: invalid output path: directory ".*\/outside\/nosuch" does not exist\n$/);
test(refused, ['box:/etc/hosts', 'nosuch/'], /the destination directory must exist: nosuch\//);
test(refused, ['box:/etc/hosts', 'one/'], /not a directory: one\//);
test(refused, ['box:/etc/hosts/', '.'], /not a directory: box:\/etc\/hosts\//);
test(refused, ['box:/etc/conf', 'one'], /cannot copy a directory onto the file one/);
test(refused, ['tree', 'box:/etc/hosts'], /cannot copy a directory onto the file box:\/etc\/hosts/);
test(refused, ['nosuch', 'box:/'], /^tug: lstat nosuch: no such file or directory\n$/);
test(refused, ['one/', 'box:/'], /not a directory/);
test(refused, ['one', 'box:/new/'], /the destination directory must exist: box:\/new\//);
test(refused, ['-', 'box:/etc/hosts'], /destination "box:\/etc\/hosts" must be a directory/);
test(refused, ['one', 'two'], /must specify at least one container source/);
test(refused, ['a:/x', 'b:/y'], /copying between containers is not supported/);
test(refused, ['one', 'box:'], /destination can not be empty/);
test(refused, ['box:', 'one'], /source can not be empty/);
test(refused, ['-L', 'box:/loop', '.'], /too many symbolic links/);

test('links are copied as links, or followed on request', async t => {
	const {outside, inside, cp} = place(t);
	await cp('box:/link', 'as-link');
	t.is(fs.readlinkSync(path.join(outside, 'as-link')), '/etc/conf');
	await cp('-L', 'box:/link', 'followed');
	t.is(read(path.join(outside, 'followed/a')), 'A');
	await cp('pointer', 'box:/etc');
	t.is(fs.readlinkSync(path.join(inside, 'etc/pointer')), 'one');
	await cp('-L', 'pointer', 'box:/etc/target');
	t.is(read(path.join(inside, 'etc/target')), '1');
});

test('a name with a colon is a file when it begins with a dot or slash', async t => {
	const {outside, inside, cp} = place(t);
	fs.writeFileSync(path.join(outside, 'a:b'), 'colon');
	await cp('./a:b', 'box:/etc');
	t.is(read(path.join(inside, 'etc/a:b')), 'colon');
});

test('archives go through the standard streams', async t => {
	const {inside, engine, cp} = place(t);
	const {output} = await cp('box:/etc/conf', '-');
	t.true(output.includes('conf/a\0'));
	const source = path.join(path.dirname(inside), 'outside/tree');
	await runCommand(['cp', '-', 'box:/etc'], {engine, input: Readable.from(packTree({source, name: 'piped', keepsOwner: false}))});
	t.is(read(path.join(inside, 'etc/piped/sub/x')), 'X');
});

test('-a asks for the owners, and a directory is never replaced by a file', async t => {
	const {calls, cp} = place(t);
	await cp('-a', 'one', 'box:/etc');
	t.deepEqual(calls.at(-1)![4], {noOverwriteDirNonDir: true, copyUidGid: true});
	await cp('one', 'box:/etc');
	t.deepEqual(calls.at(-1)![4], {noOverwriteDirNonDir: true, copyUidGid: false});
});

test('at a terminal it says what was copied, unless told not to', async t => {
	const {outside, engine} = place(t);
	const settings = {engine, directory: outside, isTerminal: true};
	t.regex((await runCommand(['cp', 'box:/etc/hosts', '.'], settings)).errors, /^Successfully copied \d\.\d\dkB to .*\/outside\n$/);
	t.regex((await runCommand(['cp', 'one', 'box:/etc'], settings)).errors, /^Successfully copied \d\.\d\dkB to box:\/etc\n$/);
	t.is((await runCommand(['cp', '-q', 'one', 'box:/etc'], settings)).errors, '');
});
