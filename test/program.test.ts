import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {pathToFileURL} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {compiledName, useOf, type ProgramFiles} from '../source/program.js';
import {repositoryRoot} from './helpers/repository-root.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

const stranger = 2001;

type Lab = ProgramFiles & {readonly cache: string; readonly home?: string};

/** A program of its own in a folder of its own, and a place for the person's cache. */
function programFiles(t: ExecutionContext, body = 'module.exports.main = async words => words.length;'): Lab {
	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'main.cjs'), `(function(require,module,exports,__filename,__dirname,__import){${body}})\n`);
	return {folder, cache: path.join(temporaryFolder(t), 'cache'), use: 'lists', digest: '0123456789abcdef', encoding: 'latin1'};
}

type Run = {readonly wasCompiled: boolean; readonly result: number; readonly kept?: string};

/** In a process of its own: V8 itself remembers what one process has compiled. */
function run({cache, home, ...files}: Lab, {words = ['a'], keeps = false, fresh = false}: {readonly words?: readonly string[]; readonly keeps?: boolean; readonly fresh?: boolean} = {}): Run {
	const script = `
		import {createRequire} from 'node:module';
		import {loadProgram} from ${JSON.stringify(pathToFileURL(path.join(repositoryRoot, 'build/source/program.js')))};
		const program = loadProgram(${JSON.stringify(files)}, {require: createRequire(${JSON.stringify(path.join(files.folder, 'main.cjs'))}), fresh: ${String(fresh)}});
		const result = await program.main(${JSON.stringify(words)});
		console.log(JSON.stringify({wasCompiled: program.wasCompiled, result, kept: ${String(keeps)} ? program.keep() : undefined}));
	`;
	const {NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ...environment} = process.env;
	const {stdout, stderr, status} = spawnSync(process.execPath, ['--input-type=module', '-e', script], {encoding: 'utf8', env: {...environment, XDG_CACHE_HOME: cache, HOME: home ?? '/nowhere'}});
	if (status !== 0) {
		throw new Error(stderr);
	}

	return JSON.parse(stdout) as Run;
}

/** Leaves the compiled form and gives its place. */
function keep(files: Lab): string | undefined {
	return run(files, {keeps: true}).kept;
}

function asStranger(t: ExecutionContext, folder: string): boolean {
	if (process.getuid?.() !== 0) {
		t.log('skipped: only root can give a folder to somebody else');
		t.pass();
		return false;
	}

	fs.chownSync(folder, stranger, stranger);
	return true;
}

for (const {words, use} of [
	{words: ['images'], use: 'lists'},
	{words: ['ps', '-a'], use: 'lists'},
	{words: ['--version'], use: 'lists'},
	{words: ['run', 'busybox', 'ps'], use: 'containers'},
	{words: ['rm', '-f', 'x'], use: 'containers'},
	{words: [], use: 'containers'},
] as const) {
	test(`\`tug ${words.join(' ')}\` begins from the compiled form of ${use}`, t => {
		t.is(useOf(words), use);
	});
}

test('the first time the source is compiled, then its compiled form is used', t => {
	const files = programFiles(t);
	const first = run(files, {words: ['a', 'b'], keeps: true});
	t.deepEqual(first, {wasCompiled: false, result: 2, kept: path.join(files.folder, compiledName(files))});
	t.deepEqual(fs.readdirSync(files.folder).sort(), [compiledName(files), 'main.cjs']);
	t.is(fs.statSync(first.kept!).mode & 0o777, 0o644);
	t.deepEqual(run(files), {wasCompiled: true, result: 1});
	t.false(run(files, {fresh: true}).wasCompiled);
	t.false(fs.existsSync(files.cache));
});

test('its name says which Node it is for, and for what use', t => {
	const name = compiledName({digest: 'abc', use: 'containers'});
	t.true(name.includes(process.version) && name.includes(process.arch) && name.includes('containers'));
	t.not(name, compiledName({digest: 'abc', use: 'lists'}));
});

for (const {title, damage} of [
	{title: 'is empty', damage: () => Buffer.alloc(0)},
	{title: 'was cut short', damage: (data: Buffer) => data.subarray(0, data.length >> 1)},
	{title: 'is something else', damage: () => Buffer.from('no compiled code at all, but long enough to have a header of some kind')},
	{title: 'was made by another V8', damage: (data: Buffer) => Buffer.concat([data.subarray(0, 4), Buffer.from([1, 2, 3, 4]), data.subarray(8)])},
] satisfies ReadonlyArray<{title: string; damage: (data: Buffer) => Buffer}>) {
	test(`a compiled form that ${title} is not used, and made anew`, t => {
		const files = programFiles(t);
		const file = keep(files)!;
		fs.writeFileSync(file, damage(fs.readFileSync(file)));
		t.deepEqual(run(files, {keeps: true}), {wasCompiled: false, result: 1, kept: file});
		t.true(run(files).wasCompiled);
	});
}

test('those of earlier builds go, those of another Node and for another use stay', t => {
	const files = programFiles(t);
	const others = {
		old: 'main-ffffffffffffffff-lists-v20.0.0-x64.cache',
		oldest: 'main-ffffffffffffffff.cache',
		otherNode: `main-${files.digest}-lists-v99.0.0-x64.cache`,
		otherUse: compiledName({...files, use: 'containers'}),
		foreign: 'notes.cache',
	};
	for (const name of Object.values(others)) {
		fs.writeFileSync(path.join(files.folder, name), '');
	}

	keep(files);
	t.deepEqual(fs.readdirSync(files.folder).sort(), [others.otherNode, others.otherUse, others.foreign, compiledName(files), 'main.cjs'].sort());
});

test('in a folder that belongs to somebody else nothing is written; the person\'s own cache has it', t => {
	const files = programFiles(t);
	if (!asStranger(t, files.folder)) {
		return;
	}

	const file = keep(files);
	t.is(file, path.join(files.cache, 'tug', 'compiled', compiledName(files)));
	t.deepEqual(fs.readdirSync(files.folder), ['main.cjs']);
	t.is(fs.statSync(path.dirname(file!)).mode & 0o777, 0o700);
	t.is(fs.statSync(file!).mode & 0o777, 0o600);
	t.deepEqual(run(files), {wasCompiled: true, result: 1});
});

test('what lies beside the program comes before what is in one\'s cache', t => {
	const files = programFiles(t);
	const beside = keep(files)!;
	const own = path.join(files.cache, 'tug', 'compiled');
	fs.mkdirSync(own, {recursive: true, mode: 0o700});
	fs.writeFileSync(path.join(own, path.basename(beside)), 'never read');
	t.true(run(files).wasCompiled);
});

for (const {title, target, spoil, isMadeAnew} of [
	{title: 'a cache folder others may write to', target: 'folder', spoil: openToAll, isMadeAnew: false},
	{title: 'a cache folder of somebody else', target: 'folder', spoil: giveAway, isMadeAnew: false},
	{title: 'a link in place of the cache folder', target: 'folder', spoil: replaceByLink, isMadeAnew: false},
	{title: 'a file others may write to', target: 'file', spoil: openToAll, isMadeAnew: true},
	{title: 'a file of somebody else', target: 'file', spoil: giveAway, isMadeAnew: true},
	{title: 'a link in place of the file', target: 'file', spoil: replaceByLink, isMadeAnew: true},
	{title: 'a pipe in place of the file', target: 'file', spoil: replaceByPipe, isMadeAnew: true},
	{title: 'a folder in place of the file', target: 'file', spoil: replaceByFolder, isMadeAnew: false},
] as const) {
	test(`${title} is not trusted`, t => {
		const files = programFiles(t);
		if (!asStranger(t, files.folder)) {
			return;
		}

		const file = keep(files)!;
		spoil(target === 'file' ? file : path.dirname(file));
		t.deepEqual(run(files, {keeps: true}), {wasCompiled: false, result: 1, ...(isMadeAnew ? {kept: file} : {})});
		t.is(run(files).wasCompiled, isMadeAnew);
	});
}

function openToAll(place: string): void {
	fs.chmodSync(place, 0o777);
}

function giveAway(place: string): void {
	fs.chownSync(place, stranger, stranger);
}

function replaceByLink(place: string): void {
	fs.renameSync(place, `${place}-elsewhere`);
	fs.symlinkSync(`${place}-elsewhere`, place);
}

function replaceByPipe(file: string): void {
	fs.rmSync(file);
	spawnSync('mkfifo', [file]);
}

function replaceByFolder(file: string): void {
	fs.rmSync(file);
	fs.mkdirSync(file);
}

test('without a home, or with a relative one, there is no cache of one\'s own', t => {
	const files = programFiles(t);
	if (!asStranger(t, files.folder)) {
		return;
	}

	for (const [cache, home] of [['relative', ''], ['', ''], ['', 'relative']] as const) {
		t.is(keep({...files, cache, home}), undefined);
	}

	const home = temporaryFolder(t);
	t.is(keep({...files, cache: '', home}), path.join(home, '.cache', 'tug', 'compiled', compiledName(files)));
});

test('the program imports modules beside itself, also from its compiled form', t => {
	const files = programFiles(t, 'module.exports.main = async () => (await __import("./other.mjs")).answer;');
	fs.writeFileSync(path.join(files.folder, 'other.mjs'), 'export const answer = 42;');
	t.is(run(files, {keeps: true}).result, 42);
	t.deepEqual(run(files), {wasCompiled: true, result: 42});
});

test('the program is told its own place and gets Node\'s modules', t => {
	const files = programFiles(t, 'module.exports.main = async () => [__filename === require("node:path").join(__dirname, "main.cjs"), exports === module.exports].filter(Boolean).length;');
	t.is(run(files).result, 2);
});
