/**
Builds the product: `dist/` (bundles: cli, tui, engine) and the native program. `--tests` also makes `build/`, the unbundled tree the tests
import. `--if-stale` does nothing when no input is newer than the last build.
*/
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';
import {buildCommandLine} from './command-line.mjs';
import {dashboardPackages} from './dashboard-packages.mjs';
import {compileDataModules} from './data-modules.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const flags = new Set(process.argv.slice(2));
const stampFile = path.join(root, 'dist', '.built');
const production = {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'};
const lazyPackages = {yargs: './yargs.mjs', 'cli-table3': './cli-table3.mjs', bcryptjs: './bcryptjs.mjs', chokidar: './chokidar.mjs', 'smol-toml': './smol-toml.mjs'};
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
The command line, the dashboard and the library. What the first loads only sometimes (the dashboard, yargs, boxed tables) are ES modules beside it.
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
		buildCommandLine({root, common, define: production, plugins: [lazyModules]}),
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
