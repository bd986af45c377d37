/**
Finds the native programs that engine/native/install.mjs compiled.
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {EngineError} from '../errors.js';

export type NativeName = 'tug-runtime' | 'tug-demo';

/**
Absolute path of a native program: `$TUG_RUNTIME` (tug-runtime only), else `dist/native/` of the package, else the user's cache. Throws `unavailable`
with what to install when it is nowhere. `from`: a file in the package.
*/
export function locateNative(name: NativeName = 'tug-runtime', from: string = fileURLToPath(import.meta.url)): string {
	const named = name === 'tug-runtime' ? process.env['TUG_RUNTIME'] : undefined;
	if (named) {
		return path.resolve(named);
	}

	for (const file of places(name, from)) {
		if (isExecutable(file)) {
			return file;
		}
	}

	throw new EngineError('unavailable', `${name} was not built`, {
		hint: 'Install a C compiler and build it: apt install gcc libc6-dev, then npm rebuild tug.',
	});
}

function* places(name: NativeName, from: string): Generator<string> {
	yield path.join(path.dirname(from), 'native', name); // The usual case: this code is bundled, in dist/
	const root = packageRoot(from);
	if (root !== undefined) {
		yield path.join(root, 'dist', 'native', name);
		yield* cached(name);
	}
}

/** The folder above `file` whose package.json is tug's: the code may lie in dist/, or unbundled in build/engine/runtime/. */
function packageRoot(file: string): string | undefined {
	for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
		try {
			const {name} = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {name?: unknown};
			if (name === 'tug') {
				return folder;
			}
		} catch {} // None here

		if (folder === path.dirname(folder)) {
			return undefined;
		}
	}
}

/** The cache has a folder for each state of the sources; the newest is this package's unless somebody went back, so those are few. */
function cached(name: string): string[] {
	const folder = path.join(process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'tug', 'native');
	try {
		return fs
			.readdirSync(folder)
			.map(hash => path.join(folder, hash, name))
			.filter(file => isExecutable(file))
			.sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
	} catch {
		return [];
	}
}

function isExecutable(file: string): boolean {
	try {
		fs.accessSync(file, fs.constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
