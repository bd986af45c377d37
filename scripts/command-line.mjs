/**
Builds the command line: `main.cjs` with what every command and the common ones need, which starts from its compiled form (source/program.ts); `rest.cjs` with all else, loaded when it is used, so
that what tug learns does not slow down what it could do before; `cli.cjs` and `warm-up.cjs`, which start them. All CommonJS: an ES module costs Node 20 about 4 ms more to
start, a fifth of `node` itself.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import {requireBuiltinsLazily} from './lazy-builtins.mjs';
import {listExportsLazily} from './lazy-exports.mjs';

const entry = 'source/cli.ts';

/** What is imported when it is used, and belongs to main.cjs all the same. */
const usualVerbs = ['attach', 'create', 'exec', 'images', 'inspect', 'kill', 'logs', 'pause', 'port', 'ps', 'rename', 'restart', 'rm', 'run', 'start', 'stop', 'tag', 'unpause', 'wait'];
const usual = new Set([
	...[...usualVerbs, 'foreground-session', 'invoke', 'open-engine'].map(name => `source/commands/${name}.ts`),
	'source/foreground/terminal-mode.ts',
	'source/format/template.ts',
	'source/product-version.ts',
	'engine/container/exec.ts',
	'engine/container/pause.ts',
	'engine/container/rename.ts',
	'engine/image/tag.ts',
]);

/** `common`: esbuild's options of all bundles; `plugins`: what stays outside of both. */
export async function buildCommandLine({root, common, define, plugins}) {
	const bundle = {...common, format: 'cjs', define: {...define, 'import.meta.url': '__moduleUrl'}, legalComments: 'inline', minify: false, write: false};
	const {metafile} = await esbuild.build({...bundle, entryPoints: [entry], plugins, metafile: true});
	const main = reachable(metafile.inputs);
	const shared = new Set();
	const rest = await esbuild.build({...bundle, stdin: listing(root, 'modules', importedLater(metafile.inputs, main), 'import'), plugins: [...plugins, sharedModules(root, main, shared)]});
	const first = await esbuild.build({
		...bundle,
		stdin: listing(root, 'shared', shared, 'require', `export {main} from "./${entry}";`),
		plugins: [...plugins, restModules(root, main)],
	});
	// Code that V8 had compiled before cannot import (the callback is not kept with it): the file that starts it does that.
	const code = await minified(common, first.outputFiles[0].text.replaceAll(/\bimport\((?=["'])/g, '__import('));
	const data = Buffer.from(`(function(require,module,exports,__filename,__dirname,__import){${code}})\n`);
	write(root, 'main.cjs', data);
	write(root, 'rest.cjs', `module.exports=function(__shared){const module={};${await minified(common, rest.outputFiles[0].text)}return module.exports.modules};\n`);
	const constants = {
		__mainDigest: JSON.stringify(createHash('sha256').update(data).digest('hex').slice(0, 16)),
		__mainEncoding: data.every(byte => byte < 128) ? '"latin1"' : '"utf8"',
	};
	for (const [name, source, banner] of [['cli', 'source/launch.ts', '#!/usr/bin/env node\n'], ['warm-up', 'source/warm-up.ts', '']]) {
		const starter = await esbuild.build({...bundle, entryPoints: [source], define: constants});
		write(root, `${name}.cjs`, `${banner}${await minified(common, starter.outputFiles[0].text)}`);
	}

	fs.chmodSync(path.join(root, 'dist', 'cli.cjs'), 0o755);
}

/** What the entry imports, and what that imports. */
function reachable(inputs) {
	const found = new Set([entry]);
	for (const file of found) {
		for (const imported of inputs[file].imports) {
			if (!imported.external && (imported.kind !== 'dynamic-import' || usual.has(imported.path))) {
				found.add(imported.path);
			}
		}
	}

	return found;
}

function importedLater(inputs, main) {
	return [...main].flatMap(file => inputs[file].imports.filter(imported => !imported.external && !main.has(imported.path)).map(imported => imported.path));
}

/** A module that exports, under `name`, a function for each of the files that gives it. */
function listing(root, name, files, how, head = '') {
	const members = [...new Set(files)].sort().map(file => `${JSON.stringify(file)}: () => ${how}("./${file}")`);
	return {contents: `${head}export const ${name} = {${members.join(',\n')}};`, resolveDir: root, loader: 'js'};
}

/** In rest.cjs: what is in main.cjs is taken from there, so that nothing (an error class, a cache) is there twice. */
function sharedModules(root, main, shared) {
	return {
		name: 'modules of main.cjs',
		setup(build) {
			build.onResolve({filter: /^\./}, ({path: name, resolveDir}) => {
				const file = sourceFile(root, resolveDir, name);
				return main.has(file) ? {path: file, namespace: 'shared'} : undefined;
			});
			build.onLoad({filter: /./, namespace: 'shared'}, ({path: file}) => {
				shared.add(file);
				return {contents: `module.exports = __shared(${JSON.stringify(file)});`};
			});
		},
	};
}

/** In main.cjs: what is in rest.cjs is imported as `rest:FILE`. */
function restModules(root, main) {
	return {
		name: 'modules of rest.cjs',
		setup(build) {
			build.onResolve({filter: /^\./}, ({path: name, resolveDir, kind}) => {
				const file = sourceFile(root, resolveDir, name);
				return kind === 'dynamic-import' && !main.has(file) ? {path: `rest:${file}`, external: true} : undefined;
			});
		},
	};
}

/** `./x.js` as it is imported → `engine/x.ts` as it is called. */
function sourceFile(root, folder, name) {
	const file = path.relative(root, path.resolve(folder, name)).replace(/\.js$/, '');
	return ['.ts', '.tsx', ''].map(extension => file + extension).find(candidate => fs.existsSync(path.join(root, candidate)));
}

async function minified({target}, text) {
	const lazy = requireBuiltinsLazily(listExportsLazily(text))
		.replaceAll('(__node_url()).fileURLToPath)(__moduleUrl)', '__filename)')
		.replaceAll(/\b__moduleUrl\b/g, 'require("node:url").pathToFileURL(__filename).href');
	const {code} = await esbuild.transform(lazy, {minify: true, format: 'cjs', platform: 'node', target});
	return code;
}

function write(root, name, data) {
	fs.mkdirSync(path.join(root, 'dist'), {recursive: true});
	fs.writeFileSync(path.join(root, 'dist', name), data);
}
