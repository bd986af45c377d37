/**
The store of this user on this machine, as the embedded engine and the registry server open it.
*/
import os from 'node:os';
import process from 'node:process';
import {isEngineError} from './errors.js';
import {locate} from './locations.js';
import {idMapping, sandboxArguments, type IdMapping} from './runtime/id-mapping.js';
import {locateNative} from './runtime/locate-native.js';
import type {NativeProgram} from './runtime/native-program.js';
import {openStore, type Store} from './store/open-store.js';

export type EngineOptions = {
	/** Folder of the store. Default: `$TUG_ROOT`, else /var/lib/tug for root, `$XDG_DATA_HOME/tug` for others. */
	readonly root?: string;
	/** Folder for sockets, short. Default: `$TUG_RUN`, else /run/tug for root, `$XDG_RUNTIME_DIR/tug` for others. */
	readonly run?: string;
};

export type LocalStore = {
	readonly store: Store;
	readonly uid: number;
	/** Undefined for root, whose ids are the host's. */
	readonly mapping: IdMapping | undefined;
};

/** Opens it, creating it when it is not there. Throws as `locate` and `openStore`. */
export function openLocalStore(options: EngineOptions): LocalStore {
	const uid = process.geteuid!();
	const places = locate(options, {uid, home: process.env['HOME'] || os.homedir(), environment: process.env});
	const mapping = uid === 0 ? undefined : idMapping({uid, gid: process.getegid!(), user: userName()});
	const store = openStore({root: places.root, run: places.run, native: findNative(mapping, places.sandbox), mapping: {single: mapping?.single ?? false}});
	return {store, uid, mapping};
}

function findNative(mapping: IdMapping | undefined, sandbox: string): NativeProgram | undefined {
	try {
		return {binary: locateNative(), sandboxArguments: mapping === undefined ? [] : sandboxArguments(mapping, sandbox)};
	} catch (error) {
		if (isEngineError(error, 'unavailable')) {
			return undefined; // Whatever needs no container works without
		}

		throw error;
	}
}

function userName(): string {
	try {
		return os.userInfo().username;
	} catch {
		return ''; // No entry in passwd
	}
}
