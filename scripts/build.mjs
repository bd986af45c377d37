/**
Builds the product: `dist/` (bundles: cli, tui, engine) and the native program. `--tests` also makes `build/`, the unbundled tree the tests
import. `--if-stale` does nothing when no input is newer than the last build.
*/
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';
import {compileDataModules} from './data-modules.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const flags = new Set(process.argv.slice(2));
const stampFile = path.join(root, 'dist', '.built');
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

async function buildBundles() {
	const entryPoints = {cli: 'source/cli.ts', tui: 'source/app.tsx', engine: 'engine/index.ts'};
	await esbuild.build({
		absWorkingDir: root,
		entryPoints: Object.entries(entryPoints).map(([out, file]) => ({in: file, out})),
		outdir: 'dist',
		outExtension: {'.js': '.mjs'},
		bundle: true,
		splitting: true,
		format: 'esm',
		platform: 'node',
		target: 'node20.19',
		minify: true,
		legalComments: 'linked',
		jsx: 'automatic',
		define: {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'},
		alias: {'react-devtools-core': './scripts/empty.mjs'},
		banner: {js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);'},
		logLevel: 'warning',
	});
	fs.chmodSync(path.join(root, 'dist', 'cli.mjs'), 0o755);
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
