/**
The command line as V8 has compiled it. `main.cjs` is one function expression; started from the compiled form that V8 gave for it before, it saves what parsing 400 kB and compiling what is used
of it cost, half of Node's own start. That form is made where the program is installed or built (warm-up.ts); where that could not be, by whoever uses it: in the program's folder by
its owner, in the person's own cache by others. Another version of Node does not know it, so its name says which one does. There are two, as all that is in one is read: what only lists need, and the rest.
*/
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import vm from 'node:vm';

export type Use = 'lists' | 'containers';

/** Which compiled form a command line begins from. */
export function useOf([verb = '']: readonly string[]): Use {
	return ['images', 'ps', 'inspect', 'logs'].includes(verb) || verb.startsWith('-') ? 'lists' : 'containers';
}

export type ProgramFiles = {
	/** Where main.cjs is. */
	readonly folder: string;
	readonly use: Use;
	/** Of main.cjs: V8 itself compares no more than the length of the source. */
	readonly digest: string;
	/** `latin1` where the source is plain ASCII: then V8 keeps, and compares, half as much. */
	readonly encoding: 'latin1' | 'utf8';
};

export type Program = {
	readonly main: (words: readonly string[]) => Promise<number>;
	/** It was started from its compiled form. */
	readonly wasCompiled: boolean;
	/** Leaves the compiled form of everything that has run until now, and gives its place; undefined where it can't be left. Never throws. */
	readonly keep: () => string | undefined;
};

/** Compiles and runs main.cjs. `require`: what it gets its modules by; `fresh`: not from its compiled form. */
export function loadProgram(files: ProgramFiles, {require, fresh = false}: {readonly require: NodeJS.Require; readonly fresh?: boolean}): Program {
	const file = path.join(files.folder, 'main.cjs');
	const cachedData = fresh ? undefined : readCompiled(files);
	const script = new vm.Script(fs.readFileSync(file, files.encoding), {filename: file, ...(cachedData === undefined ? {} : {cachedData})});
	const module = {exports: {} as Main};
	const run = script.runInThisContext() as (...values: readonly unknown[]) => void;
	let rest: Modules | undefined;
	// Code that V8 had compiled before cannot import (the callback is not kept with it): it is given a function that does.
	const importModule = async (name: string): Promise<unknown> => {
		if (!name.startsWith(restPrefix)) {
			return import(path.resolve(files.folder, name));
		}

		rest ??= (require(path.join(files.folder, 'rest.cjs')) as Rest)(shared => module.exports.shared[shared]!());
		return rest[name.slice(restPrefix.length)]!();
	};

	run(require, module, module.exports, file, files.folder, importModule);
	return {
		main: module.exports.main,
		wasCompiled: cachedData !== undefined && script.cachedDataRejected !== true,
		keep: () => keepCompiled(files, () => script.createCachedData()),
	};
}

type Modules = Readonly<Record<string, () => unknown>>;

/** `shared`: what rest.cjs takes from it (scripts/command-line.mjs). */
type Main = Pick<Program, 'main'> & {readonly shared: Modules};
type Rest = (shared: (name: string) => unknown) => Modules;

const restPrefix = 'rest:';

/** Its name in whatever folder it is in. */
export function compiledName({digest, use}: Pick<ProgramFiles, 'digest' | 'use'>): string {
	return `main-${digest}-${use}-${process.version}-${process.arch}.cache`;
}

function readCompiled(files: ProgramFiles): Buffer | undefined {
	try {
		return fs.readFileSync(path.join(files.folder, compiledName(files)));
	} catch {
		return readOwn(files);
	}
}

/** What is in it is run, so it must be in a place where nobody else can write. */
function readOwn(files: ProgramFiles): Buffer | undefined {
	const folder = ownFolder();
	let descriptor: number | undefined;
	try {
		if (folder === undefined || !isPrivate(fs.lstatSync(folder), 'folder')) {
			return undefined;
		}

		descriptor = fs.openSync(path.join(folder, compiledName(files)), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
		return isPrivate(fs.fstatSync(descriptor), 'file') ? fs.readFileSync(descriptor) : undefined;
	} catch {
		return undefined;
	} finally {
		if (descriptor !== undefined) {
			fs.closeSync(descriptor);
		}
	}
}

function isPrivate(stat: fs.Stats, kind: 'folder' | 'file'): boolean {
	return (kind === 'folder' ? stat.isDirectory() : stat.isFile()) && stat.uid === process.geteuid!() && (stat.mode & 0o022) === 0;
}

function ownFolder(): string | undefined {
	const {XDG_CACHE_HOME: cache, HOME: home} = process.env;
	const base = cache || (home ? path.join(home, '.cache') : '');
	return path.isAbsolute(base) ? path.join(base, 'tug', 'compiled') : undefined;
}

function keepCompiled(files: ProgramFiles, compiled: () => Buffer): string | undefined {
	try {
		// Root does not write into somebody's home.
		const isOwner = fs.statSync(files.folder).uid === process.geteuid!();
		const folder = isOwner && isWritable(files.folder) ? files.folder : makeOwnFolder();
		if (folder === undefined) {
			return undefined;
		}

		replaceFile(path.join(folder, compiledName(files)), compiled(), folder === files.folder ? 0o644 : 0o600);
		removeOthers(folder, files);
		return path.join(folder, compiledName(files));
	} catch {
		return undefined; // A full disk: it starts as it did
	}
}

function isWritable(folder: string): boolean {
	try {
		fs.accessSync(folder, fs.constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

function makeOwnFolder(): string | undefined {
	const folder = ownFolder();
	if (folder === undefined) {
		return undefined;
	}

	fs.mkdirSync(folder, {recursive: true, mode: 0o700});
	return isPrivate(fs.lstatSync(folder), 'folder') ? folder : undefined;
}

/** Synced before it has its name: after a power cut it is whole or not there. */
function replaceFile(file: string, data: Buffer, mode: number): void {
	const temporary = `${file}.${process.pid}`;
	try {
		const descriptor = fs.openSync(temporary, 'wx', mode);
		try {
			fs.writeFileSync(descriptor, data);
			fs.fsyncSync(descriptor);
		} finally {
			fs.closeSync(descriptor);
		}

		fs.renameSync(temporary, file);
	} finally {
		fs.rmSync(temporary, {force: true});
	}
}

/** Those of earlier builds. Other versions of Node keep theirs. */
function removeOthers(folder: string, {digest}: ProgramFiles): void {
	for (const name of fs.readdirSync(folder)) {
		if (/^main-[\da-f]{16}\b.*\.cache$/.test(name) && !name.startsWith(`main-${digest}-`)) {
			fs.rmSync(path.join(folder, name), {force: true});
		}
	}
}
