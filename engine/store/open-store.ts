/**
Opening the store: makes the folders, checks the on-disk format. On the usual path two system calls.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, systemError} from '../errors.js';
import {readIfThere, removeIfThere, syncFolder, writeFileAtomic} from '../files/atomic-file.js';
import {withLock} from '../files/lock-file.js';
import {formatIdentity, ownIdentity} from '../files/process-identity.js';
import {layoutFileText, serializeIndex} from '../oci/image-index.js';
import type {NativeProgram} from '../runtime/native-program.js';
import {storeFormatVersion, storeLayout, type StoreLayout} from './layout.js';
import {nativeLock} from './native-lock.js';
import {keepReserve} from './reserve.js';

/** How ids of files map: `single` means that only one id is there, so owners are kept in a squash index beside the tree. */
export type StoreMapping = {readonly single: boolean};

export type StoreOptions = {
	readonly root: string; // absolute
	readonly run: string; // absolute, short: sockets live there
	/** Undefined or not there: everything that touches no layer tree still works. */
	readonly native?: NativeProgram | undefined;
	readonly mapping?: StoreMapping;
};

export type Store = {
	readonly layout: StoreLayout;
	readonly native: NativeProgram | undefined;
	readonly mapping: StoreMapping;
	/** Runs the work while holding the store's lock. Not reentrant. Whoever changes index.json or collects garbage holds it; readers never do. */
	readonly locked: <T>(work: () => T | Promise<T>) => Promise<T>;
};

/**
Opens the store at `root`, creating it when it is not there. Throws `conflict` (code `storeTooNew`) when a newer tug wrote it, `system` when it can't be
read or written. Several processes may open one store at once.
*/
export function openStore(options: StoreOptions): Store {
	const layout = storeLayout(options.root, options.run);
	const found = readVersion(layout);
	if (found === undefined) {
		createLayout(layout);
	} else if (found > storeFormatVersion) {
		throw new EngineError('conflict', `the store at ${layout.root} has format ${found}; this tug knows up to ${storeFormatVersion}`, {
			code: 'storeTooNew',
			hint: 'A newer tug wrote it: update this one, or point TUG_ROOT at another folder.',
		});
	} else if (found < storeFormatVersion) {
		migrate(layout, found);
	}

	makeFolder(layout.run);
	const take = options.native === undefined || !fs.existsSync(options.native.binary) ? undefined : nativeLock(options.native);
	return {
		layout,
		native: options.native,
		mapping: options.mapping ?? {single: false},
		locked: async work => withLock(layout.lock, {take}, work),
	};
}

/** One step each, from the format of its key to the next. A step must be safe to repeat and to run in two processes at once. */
const migrations: Readonly<Record<number, (layout: StoreLayout) => void>> = {};

function migrate(layout: StoreLayout, from: number): void {
	for (let version = from; version < storeFormatVersion; version++) {
		const step = migrations[version];
		if (step === undefined) {
			throw new EngineError('system', `the store at ${layout.root} has format ${from}, which can't be brought to ${storeFormatVersion}`);
		}

		step(layout);
		writeFileAtomic(layout.version, `${version + 1}\n`);
	}
}

function readVersion(layout: StoreLayout): number | undefined {
	const text = guardAccess(layout.root, () => readIfThere(layout.version))?.toString('latin1');
	if (text === undefined) {
		return undefined;
	}

	if (!/^\d{1,9}\n?$/.test(text)) {
		throw new EngineError('system', `${layout.version} is damaged`, {hint: `It should hold a number; for a store of this tug: ${storeFormatVersion}.`});
	}

	return Number(text);
}

/** The version file comes last: a store that has one is complete. */
function createLayout(layout: StoreLayout): void {
	makeFolder(layout.root);
	for (const folder of [layout.blobs, layout.layers, layout.containers, layout.names, layout.execs, layout.temporary, layout.trash]) {
		makeFolder(folder);
	}

	createScaffold(layout.scaffold);
	createOnce(layout.ociLayout, layoutFileText);
	createOnce(layout.index, serializeIndex({manifests: []}));
	createOnce(layout.version, `${storeFormatVersion}\n`);
	syncFolder(layout.root);
	keepReserve(layout);
}

/** Container roots see these as root's, with everybody's read permission, whatever our umask. */
function createScaffold(scaffold: string): void {
	for (const folder of ['', 'dev', 'etc', 'proc', 'sys']) {
		makeFolder(path.join(scaffold, folder));
		fs.chmodSync(path.join(scaffold, folder), 0o755);
	}

	for (const name of ['hostname', 'hosts', 'resolv.conf']) {
		const file = path.join(scaffold, 'etc', name);
		createOnce(file, '');
		fs.chmodSync(file, 0o644);
	}
}

/** Mode 0700: images hold setuid programs, which nobody else on the host may reach. */
function makeFolder(folder: string): void {
	guardAccess(folder, () => fs.mkdirSync(folder, {recursive: true, mode: 0o700}));
}

function guardAccess<T>(folder: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		throw errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM'
			? new EngineError('system', `the store can't be opened at ${folder}: permission denied`, {code: 'EACCES', cause: error, hint: 'Point TUG_ROOT at a folder of yours.'})
			: systemError(`opening the store at ${folder}`, error);
	}
}

/** Never replaces: another process may have created the store, and loaded images, meanwhile. */
function createOnce(file: string, content: string | Uint8Array): void {
	const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${formatIdentity(ownIdentity())}`);
	try {
		writeFileAtomic(temporary, content);
		fs.linkSync(temporary, file);
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') {
			throw systemError(`creating ${file}`, error);
		}
	} finally {
		removeIfThere(temporary);
	}
}
