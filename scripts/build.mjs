/**
Builds the product: `dist/` (bundles: cli, tui, engine) and the native program. `--tests` also makes `build/`, the unbundled tree the tests
import. `--if-stale` does nothing when no input is newer than the last build.
*/
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';
import {dashboardPackages} from './dashboard-packages.mjs';
import {compileDataModules} from './data-modules.mjs';
import {requireBuiltinsLazily} from './lazy-builtins.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const flags = new Set(process.argv.slice(2));
const stampFile = path.join(root, 'dist', '.built');
const production = {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'};
const lazyPackages = {yargs: './yargs.mjs', 'cli-table3': './cli-table3.mjs', chokidar: './chokidar.mjs', 'smol-toml': './smol-toml.mjs'};
const lazyModules = {
	name: 'lazy modules stay outside the command line',
	setup(build) {
		build.onResolve({filter: /^[a-z]/}, ({path: name}) => (lazyPackages[name] === undefined ? undefined : {path: lazyPackages[name], external: true}));
		build.onResolve({filter: /\/app\.js$/}, () => ({path: './tui.mjs', external: true}));
	},
};
const inputs = ['source', 'engine', 'themes', 'scripts', 'package.json'];

if (flags.has('--if-stale') && !isStale()) {
	process.exit(0);
}

const started = performance.now();
await compileDataModules(root);
if (flags.has('--tests')) {
	await buildTests();
} else {
	await buildBundles();
	spawnSync(process.execPath, [path.join(root, 'dist', 'warm-up.cjs')], {stdio: 'ignore'});
	fs.writeFileSync(stampFile, '');
}

if (!flags.has('--quiet')) {
	console.error(`built in ${Math.round(performance.now() - started)} ms`);
}

function isStale() {
	const built = fs.statSync(stampFile, {throwIfNoEntry: false})?.mtimeMs ?? 0;
	return built === 0 || inputs.some(input => newest(path.join(root, input)) > built);
}

function newest(file) {
	const stat = fs.statSync(file, {throwIfNoEntry: false});
	if (stat === undefined) {
		return 0;
	}

	if (!stat.isDirectory()) {
		return stat.mtimeMs;
	}

	return Math.max(stat.mtimeMs, ...fs.readdirSync(file).map(name => newest(path.join(file, name))));
}

/**
Two bundles and the library. The command line is CommonJS: an ES module costs Node 20 about 4 ms more to start, a fifth of `node` itself. What it loads only
sometimes (the dashboard, yargs, boxed tables) are ES modules beside it.
*/
async function buildBundles() {
	fs.rmSync(path.join(root, 'dist', 'chunks'), {recursive: true, force: true});
	const common = {
		absWorkingDir: root,
		outdir: 'dist',
		bundle: true,
		platform: 'node',
		target: 'node20.19',
		minify: true,
		legalComments: 'linked',
		jsx: 'automatic',
		logLevel: 'warning',
	};
	await Promise.all([
		buildCommandLine(common),
		esbuild.build({
			...common,
			entryPoints: [{in: 'source/app.tsx', out: 'tui'}, {in: 'engine/index.ts', out: 'engine'}, ...Object.keys(lazyPackages).map(name => ({in: name, out: name}))],
			outExtension: {'.js': '.mjs'},
			chunkNames: 'chunks/[name]-[hash]',
			splitting: true,
			format: 'esm',
			define: production,
			plugins: [dashboardPackages],
			alias: {'react-devtools-core': './scripts/empty.mjs'},
			banner: {js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);'},
		}),
	]);
	fs.chmodSync(path.join(root, 'dist', 'cli.cjs'), 0o755);
}

/** `main.cjs`, and those that start it and know by its digest which compiled form belongs to it: `cli.cjs` and `warm-up.cjs`. */
async function buildCommandLine(common) {
	const {outputFiles: [bundle]} = await esbuild.build({
		...common,
		entryPoints: [{in: 'source/cli.ts', out: 'main'}],
		format: 'cjs',
		define: {...production, 'import.meta.url': '__moduleUrl'},
		plugins: [lazyModules],
		legalComments: 'inline',
		minify: false,
		write: false,
	});
	// Code that V8 had compiled before cannot import (the callback is not kept with it): the file that starts it does that.
	const text = requireBuiltinsLazily(bundle.text)
		.replaceAll(/\bimport\((?=["'])/g, '__import(')
		.replaceAll('(__node_url()).fileURLToPath)(__moduleUrl)', '__filename)')
		.replaceAll(/\b__moduleUrl\b/g, 'require("node:url").pathToFileURL(__filename).href');
	const {code} = await esbuild.transform(text, {minify: true, format: 'cjs', platform: 'node', target: common.target});
	const dist = path.join(root, 'dist');
	const main = Buffer.from(`(function(require,module,exports,__filename,__dirname,__import){${code}})\n`);
	const digest = createHash('sha256').update(main).digest('hex').slice(0, 16);
	fs.mkdirSync(dist, {recursive: true});
	fs.writeFileSync(path.join(dist, 'main.cjs'), main);
	for (const [name, entry, banner] of [['cli', 'source/launch.ts', '#!/usr/bin/env node\n'], ['warm-up', 'source/warm-up.ts', '']]) {
		const {outputFiles: [starter]} = await esbuild.build({
			...common,
			entryPoints: [{in: entry, out: name}],
			format: 'cjs',
			define: {__mainDigest: JSON.stringify(digest), __mainEncoding: main.every(byte => byte < 128) ? '"latin1"' : '"utf8"'},
			minify: false,
			write: false,
		});
		const {code: minified} = await esbuild.transform(requireBuiltinsLazily(starter.text), {minify: true, format: 'cjs', platform: 'node', target: common.target});
		fs.writeFileSync(path.join(dist, `${name}.cjs`), `${banner}${minified}`);
	}
}

/** One output file per source file, same tree, so that tests can reach every module. */
async function buildTests() {
	const files = ['source', 'engine', 'test'].flatMap(folder => walk(path.join(root, folder))).filter(file => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'));
	const keep = new Set(files.map(file => path.join(root, 'build', path.relative(root, file)).replace(/\.tsx?$/, '.js')));
	for (const old of walk(path.join(root, 'build'))) {
		if (old.endsWith('.js') && !keep.has(old)) {
			fs.rmSync(old);
		}
	}

	await esbuild.build({
		entryPoints: files,
		outdir: path.join(root, 'build'),
		outbase: root,
		format: 'esm',
		platform: 'node',
		target: 'node20.19',
		jsx: 'automatic',
		sourcemap: 'inline',
		logLevel: 'warning',
	});
	// Data files are found beside the modules that read them.
	fs.rmSync(path.join(root, 'build', 'themes'), {recursive: true, force: true});
	fs.cpSync(path.join(root, 'themes'), path.join(root, 'build', 'themes'), {recursive: true});
}

function walk(folder) {
	if (!fs.existsSync(folder)) {
		return [];
	}

	return fs.readdirSync(folder, {withFileTypes: true}).flatMap(entry => (entry.isDirectory() ? walk(path.join(folder, entry.name)) : [path.join(folder, entry.name)]));
}
