/**
Compiling the native programs: with every compiler there is, without any, two at once, and finding the result.
*/
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {locateNative} from '../../engine/runtime/locate-native.js';
import {repositoryRoot} from '../helpers/repository-root.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Program = {readonly name: string; readonly sources: readonly string[]};
type Compiler = {readonly command: string; readonly flags: readonly string[]; readonly kernelHeaders?: boolean};
type Install = {
	programs(): Program[];
	compile(program: Program, output: string, options?: {compilers?: readonly Compiler[]; extra?: readonly string[]}): Promise<string>;
};

const installer = path.join(repositoryRoot, 'engine/native/install.mjs');
const {programs, compile} = await import(installer) as Install;

function hasCompiler(t: ExecutionContext, command: string): boolean {
	if (spawnSync(command, ['--version'], {stdio: 'ignore'}).error === undefined) {
		return true;
	}

	t.log(`skipped: there is no ${command}`);
	t.pass();
	return false;
}

/** A package like ours with little to compile. */
function smallPackage(t: ExecutionContext): string {
	const folder = path.join(temporaryFolder(t), 'package');
	const native = path.join(folder, 'engine/native');
	fs.mkdirSync(native, {recursive: true});
	fs.copyFileSync(installer, path.join(native, 'install.mjs'));
	fs.writeFileSync(path.join(native, 'main.c'), '#include <linux/filter.h>\n#include "main.h"\nint main(void)\n{\n\treturn ANSWER;\n}\n');
	fs.writeFileSync(path.join(native, 'main.h'), '#define ANSWER 42\n');
	fs.writeFileSync(path.join(native, 'demo.c'), 'int main(void)\n{\n\treturn 43;\n}\n');
	fs.writeFileSync(path.join(folder, 'package.json'), '{"name": "tug", "type": "module"}');
	return folder;
}

const strict = ['-Werror', '-Wno-error=deprecated-declarations'];

for (const compiler of [
	{command: 'musl-gcc', flags: ['-static'], kernelHeaders: true},
	{command: 'cc', flags: ['-static']},
	{command: 'cc', flags: []},
	{command: 'clang', flags: []},
] satisfies Compiler[]) {
	test.serial(`it compiles without a warning: ${[compiler.command, ...compiler.flags].join(' ')}`, async t => {
		if (!hasCompiler(t, compiler.command)) {
			return;
		}

		t.timeout(300_000, 'compiling on a busy machine');
		const output = path.join(temporaryFolder(t), 'tug-runtime');
		const [runtime] = programs();
		t.is(await compile(runtime!, output, {compilers: [compiler], extra: strict}), compiler.command);
		const {stderr} = spawnSync(output, ['frobnicate'], {encoding: 'utf8'});
		t.regex(stderr, /unknown command frobnicate/);
	});
}

test('without a compiler the install says what to install, and goes on', t => {
	const folder = smallPackage(t);
	const {status, stderr} = spawnSync(process.execPath, [path.join(folder, 'engine/native/install.mjs')], {encoding: 'utf8', env: {HOME: folder, PATH: '/nowhere'}});
	t.is(status, 0);
	t.regex(stderr, /no C compiler found[\s\S]*apt install gcc libc6-dev[\s\S]*npm rebuild tug/);
	t.is(stderr.match(/apt install/g)?.length, 1);
});

test('a compiler that fails is shown, and the install goes on', t => {
	const folder = smallPackage(t);
	fs.writeFileSync(path.join(folder, 'engine/native/broken.c'), '#error broken on purpose\n');
	if (!hasCompiler(t, 'cc')) {
		return;
	}

	const {status, stderr} = spawnSync(process.execPath, [path.join(folder, 'engine/native/install.mjs')], {encoding: 'utf8'});
	t.is(status, 0);
	t.regex(stderr, /compiling tug-runtime failed[\s\S]*broken on purpose/);
});

test('two installs at once both end with whole programs; a third does nothing', async t => {
	if (!hasCompiler(t, 'cc')) {
		return;
	}

	const folder = smallPackage(t);
	const install = path.join(folder, 'engine/native/install.mjs');
	const codes = await Promise.all([0, 1].map(async () => new Promise(resolve => {
		spawn(process.execPath, [install], {stdio: 'inherit'}).once('close', resolve);
	})));
	t.deepEqual(codes, [0, 0]);
	const native = path.join(folder, 'dist/native');
	const files = fs.readdirSync(native).sort();
	t.is(files.length, 4, files.join(' '));
	t.regex(fs.readlinkSync(path.join(native, 'tug-runtime')), /^tug-runtime-[\da-f]{12}$/);
	t.deepEqual(['tug-runtime', 'tug-demo'].map(name => spawnSync(path.join(native, name)).status), [42, 43]);
	const before = fs.statSync(path.join(native, 'tug-runtime')).mtimeMs;
	spawnSync(process.execPath, [install]);
	t.is(fs.statSync(path.join(native, 'tug-runtime')).mtimeMs, before);

	// Changed sources give a new program, and the old one goes.
	fs.appendFileSync(path.join(folder, 'engine/native/main.h'), '/* changed */\n');
	spawnSync(process.execPath, [install]);
	t.is(fs.readdirSync(native).length, 4);
	t.not(fs.statSync(path.join(native, 'tug-runtime')).mtimeMs, before);
});

test('a package that can\'t be written to is compiled into the user\'s cache', t => {
	if (process.getuid!() === 0) {
		// Root can write anywhere: the folder's place is taken by a file instead.
		const folder = smallPackage(t);
		fs.writeFileSync(path.join(folder, 'dist'), '');
		checkCache(t, folder);
		return;
	}

	const folder = smallPackage(t);
	fs.chmodSync(folder, 0o555);
	t.teardown(() => {
		fs.chmodSync(folder, 0o755);
	});
	checkCache(t, folder);
});

function checkCache(t: ExecutionContext, folder: string): void {
	if (!hasCompiler(t, 'cc')) {
		return;
	}

	const cache = temporaryFolder(t);
	const {status, stderr} = spawnSync(process.execPath, [path.join(folder, 'engine/native/install.mjs')], {encoding: 'utf8', env: {...process.env, XDG_CACHE_HOME: cache}});
	t.is(status, 0, stderr);
	const hashes = fs.readdirSync(path.join(cache, 'tug/native'));
	t.true(hashes.some(hash => fs.existsSync(path.join(cache, 'tug/native', hash, 'tug-runtime'))));
}

test.serial('the program is found beside the package, in the cache, or where TUG_RUNTIME says', t => {
	const saved = {runtime: process.env['TUG_RUNTIME'], cache: process.env['XDG_CACHE_HOME']};
	t.teardown(() => {
		restore('TUG_RUNTIME', saved.runtime);
		restore('XDG_CACHE_HOME', saved.cache);
	});
	const folder = temporaryFolder(t);
	const cache = temporaryFolder(t);
	delete process.env['TUG_RUNTIME'];
	process.env['XDG_CACHE_HOME'] = cache;
	fs.writeFileSync(path.join(folder, 'package.json'), '{"name": "tug"}');
	const inner = path.join(folder, 'build/engine/runtime');
	fs.mkdirSync(inner, {recursive: true});
	fs.writeFileSync(path.join(folder, 'build', 'package.json'), '{"type": "module"}');
	const from = path.join(inner, 'locate-native.js');

	const error = t.throws(() => locateNative('tug-runtime', from));
	t.true(isEngineError(error, 'unavailable') && error.hint?.includes('apt install gcc libc6-dev') === true);

	const program = (file: string) => {
		fs.mkdirSync(path.dirname(file), {recursive: true});
		fs.writeFileSync(file, '', {mode: 0o755});
		return file;
	};

	const inCache = program(path.join(cache, 'tug/native/0123456789ab/tug-runtime'));
	t.is(locateNative('tug-runtime', from), inCache);
	const inPackage = program(path.join(folder, 'dist/native/tug-runtime'));
	t.is(locateNative('tug-runtime', from), inPackage);
	t.is(locateNative('tug-runtime', path.join(folder, 'dist/cli.mjs')), inPackage);
	process.env['TUG_RUNTIME'] = '/some/where';
	t.is(locateNative('tug-runtime', from), '/some/where');
	t.throws(() => locateNative('tug-demo', from), {message: 'tug-demo was not built'});
});

function restore(name: string, value: string | undefined): void {
	if (value === undefined) {
		Reflect.deleteProperty(process.env, name);
	} else {
		process.env[name] = value;
	}
}
