/** What the build does to the command line's bundle before it is made small. */
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {pathToFileURL} from 'node:url';
import * as esbuild from 'esbuild';
import test, {type ExecutionContext} from 'ava';
import {repositoryRoot} from './helpers/repository-root.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

type Rewrite = (code: string) => string;

async function rewriter(file: string, name: string): Promise<Rewrite> {
	const module = (await import(String(pathToFileURL(path.join(repositoryRoot, 'scripts', file))))) as Readonly<Record<string, Rewrite>>;
	return module[name]!;
}

/** Bundles files as the command line is, rewrites the bundle, and runs it. */
async function outcome(t: ExecutionContext, files: Readonly<Record<string, string>>, rewrites: readonly Rewrite[]): Promise<{readonly code: string; readonly output: unknown}> {
	const folder = temporaryFolder(t);
	for (const [name, content] of Object.entries(files)) {
		fs.writeFileSync(path.join(folder, name), content);
	}

	const {outputFiles} = await esbuild.build({entryPoints: [path.join(folder, 'main.ts')], bundle: true, platform: 'node', format: 'cjs', target: 'node20.19', write: false});
	const code = rewrites.reduce((text, rewrite) => rewrite(text), outputFiles[0]!.text);
	fs.writeFileSync(path.join(folder, 'out.cjs'), code);
	return {code, output: JSON.parse(execFileSync(process.execPath, [path.join(folder, 'out.cjs')], {encoding: 'utf8'})) as unknown};
}

const modules = {
	'main.ts': `
		import path, {join} from 'node:path';
		import * as all from 'node:os';
		import {EventEmitter} from 'node:events';
		import {live, change} from './live.js';
		async function main() {
			const one = await import('./one.js');
			const again = await import('./one.js');
			change();
			console.log(JSON.stringify([path.join('a', 'b'), join('c', 'd'), typeof all.cpus, new EventEmitter().listenerCount('x'), one.greet(), one.default, one === again, Object.keys(one).sort(), live, one.seen(), require('./one.js').greet()]));
		}
		main();
	`,
	'one.ts': `
		import fs from 'node:fs';
		import {live} from './live.js';
		export function greet() { return fs.existsSync('/') ? 'hello' : 'nowhere'; }
		export const seen = () => live;
		export default 42;
	`,
	'live.ts': 'export let live = 1; export function change() { live = 2; }',
};

const expected = ['a/b', 'c/d', 'function', 0, 'hello', 42, true, ['default', 'greet', 'seen'], 2, 2, 'hello'];

test('a bundle whose lists of exports are made late does the same', async t => {
	const {code, output} = await outcome(t, modules, [await rewriter('lazy-exports.mjs', 'listExportsLazily')]);
	t.deepEqual(output, expected);
	t.notRegex(code, /^__export\(/m);
});

test('a bundle that requires Node\'s modules late does the same', async t => {
	const {code, output} = await outcome(t, modules, [await rewriter('lazy-builtins.mjs', 'requireBuiltinsLazily')]);
	t.deepEqual(output, expected);
	t.is(code.match(/require\("node:fs"\)/g)?.length, 1);
});

test('both together do the same, also made small', async t => {
	const rewrites = [await rewriter('lazy-exports.mjs', 'listExportsLazily'), await rewriter('lazy-builtins.mjs', 'requireBuiltinsLazily')];
	const small: Rewrite = code => esbuild.transformSync(code, {minify: true, format: 'cjs', platform: 'node'}).code;
	const {code, output} = await outcome(t, modules, [...rewrites, small]);
	t.deepEqual(output, expected);
	t.true(code.length < 4000);
});

test('a module of Node\'s is loaded when it is first used', async t => {
	const rewrite = await rewriter('lazy-builtins.mjs', 'requireBuiltinsLazily');
	const loaded = 'process.moduleLoadList.includes("NativeModule zlib")';
	const {output} = await outcome(t, {'main.ts': `import zlib from 'node:zlib'; const before = ${loaded}; zlib.gzipSync('x'); console.log(JSON.stringify([before, ${loaded}]));`}, [rewrite]);
	t.deepEqual(output, [false, true]);
});
