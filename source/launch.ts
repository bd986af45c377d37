/**
The file that is run: starts the command line from V8's compiled form of it when that is there, which saves what parsing 400 kB costs (about 4 ms, a quarter of Node's own start).
Whoever may write beside the program leaves that form behind after a `run`; it is of no use to another version of Node or of tug, which then makes its own.
*/
/* eslint-disable unicorn/prefer-module -- this file is built as CommonJS */
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import vm from 'node:vm';

/** Set by the build: V8 itself compares no more than the length of the source. */
declare const __mainDigest: string;
/** `latin1` where the source is plain ASCII: then V8 keeps, and compares, half as much. */
declare const __mainEncoding: 'latin1' | 'utf8';

const file = path.join(__dirname, 'main.cjs');
const cacheFile = path.join(__dirname, `main-${__mainDigest}.cache`);
const cachedData = readIfThere(cacheFile);
const source = `(function(require,module,exports,__filename,__dirname,__import){${fs.readFileSync(file, __mainEncoding)}\n})`;
const script = new vm.Script(source, {filename: file, ...(cachedData === undefined ? {} : {cachedData})});
if ((cachedData === undefined || script.cachedDataRejected) && process.argv[2] === 'run') {
	process.once('exit', leaveCompiled);
}

(script.runInThisContext() as (...values: readonly unknown[]) => void)(require, module, exports, file, __dirname, async (name: string) => import(name) as Promise<unknown>);

function readIfThere(name: string): Buffer | undefined {
	try {
		return fs.readFileSync(name);
	} catch {
		return undefined;
	}
}

/** Everything that was compiled until now, so of what a `run` needs nothing is left to compile. */
function leaveCompiled(): void {
	try {
		// Only in a place of one's own: root does not write into somebody's home.
		if (fs.statSync(__dirname).uid !== process.geteuid!()) {
			return;
		}

		const temporary = `${cacheFile}.${process.pid}`;
		fs.writeFileSync(temporary, script.createCachedData(), {mode: 0o644});
		fs.renameSync(temporary, cacheFile);
	} catch {
		// A read-only or full disk: it starts as it did.
	}
}
