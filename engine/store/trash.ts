/**
Deleting without waiting: what is to go is renamed into trash/ (at once, atomically), then deleted by a process that outlives this one. What a crash leaves in
trash/ the next start deletes.
*/
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {errorCode, systemError} from '../errors.js';
import {renameIfThere} from '../files/atomic-file.js';
import {formatIdentity, ownIdentity, parseIdentity, processState} from '../files/process-identity.js';
import type {Store} from './open-store.js';

let counter = 0;

/** Takes trees away; they are gone from their places when this returns. Things that are not there are fine. */
export function removeTrees(store: Store, paths: readonly string[]): void {
	deleteInBackground(store, paths.map(place => condemn(store, place)).filter(place => place !== undefined));
}

/** Moves a thing to where nothing looks for it any more. Undefined when it was not there. */
export function condemn(store: Store, place: string): string | undefined {
	const grave = path.join(store.layout.trash, `dead-${formatIdentity(ownIdentity())}-${++counter}`);
	try {
		return renameIfThere(place, grave) ? grave : undefined;
	} catch (error) {
		throw systemError(`removing ${place}`, error);
	}
}

/** Deletes condemned things: files and small folders at once, trees in a process of their own. */
export function deleteInBackground(store: Store, graves: readonly string[]): void {
	const trees = graves.filter(grave => !deleteIfSmall(grave));
	if (trees.length === 0) {
		return;
	}

	if (store.native === undefined) {
		deleteHere(trees);
		return;
	}

	const child = spawn(store.native.binary, ['rm-tree', ...store.native.sandboxArguments, ...trees], {detached: true, stdio: 'ignore'});
	child.once('error', () => {
		deleteHere(trees);
	});
	child.unref();
}

/** A deletion under way touches its tree more often than this. */
const stalledMs = 60_000;

/** Condemned things that nobody deletes any more. The deleter outlives the maker of the name, so a dead maker alone says nothing. */
export function abandonedGraves(store: Store, names: readonly string[]): readonly string[] {
	return names
		.filter(name => name.startsWith('dead-'))
		.map(name => ({place: path.join(store.layout.trash, name), maker: parseIdentity(name.slice('dead-'.length))}))
		.filter(({place, maker}) => maker?.boot !== ownIdentity().boot || (processState(maker) !== 'alive' && isStalled(place)))
		.map(({place}) => place);
}

function isStalled(place: string): boolean {
	const changedMs = fs.lstatSync(place, {throwIfNoEntry: false})?.ctimeMs;
	return changedMs !== undefined && Date.now() - changedMs > stalledMs;
}

/**
Deletes what is quickly gone, such as a container that has written nothing. Only folders that tug and the overlay driver make are entered: what a container has made may hold anything, and is
left to the program that follows no path. False when something is left.
*/
function deleteIfSmall(grave: string): boolean {
	try {
		if (!fs.lstatSync(grave).isDirectory()) {
			fs.unlinkSync(grave);
			return true;
		}

		return deleteEntries(grave) && deleteFolder(grave);
	} catch (error) {
		return errorCode(error) === 'ENOENT'; // Somebody else deletes it too.
	}
}

const fewEntries = 32;
const ownFolders: ReadonlySet<string> = new Set(['fs', 'work', 'incompat', 'volatile', 'log', 'execs']);

function deleteEntries(folder: string): boolean {
	const entries = fs.readdirSync(folder, {withFileTypes: true});
	if (entries.length > fewEntries) {
		return false;
	}

	return entries.every(entry => {
		const place = `${folder}/${entry.name}`;
		if (!entry.isDirectory()) {
			fs.unlinkSync(place);
			return true;
		}

		return deleteFolder(place) || (ownFolders.has(entry.name) && deleteEntries(opened(place)) && deleteFolder(place));
	});
}

/** Overlayfs gives its work folder no permissions at all, which root need not care about. */
function opened(folder: string): string {
	if ((fs.lstatSync(folder).mode & 0o700) === 0) {
		fs.chmodSync(folder, 0o700);
	}

	return folder;
}

/** False when it is not empty. */
function deleteFolder(folder: string): boolean {
	try {
		fs.rmdirSync(folder);
		return true;
	} catch (error) {
		if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

/** Without the native program: what this user may delete goes, the rest waits for a start that has the program. */
function deleteHere(trees: readonly string[]): void {
	for (const tree of trees) {
		fs.rm(tree, {recursive: true, force: true}, () => {});
	}
}
