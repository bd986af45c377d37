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

/** Deletes condemned things: plain files and near-empty folders at once, trees in a process of their own. */
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

function deleteIfSmall(grave: string): boolean {
	try {
		if (!fs.lstatSync(grave).isDirectory()) {
			fs.unlinkSync(grave);
			return true;
		}

		const entries = fs.readdirSync(grave, {withFileTypes: true});
		if (entries.some(entry => entry.isDirectory())) {
			return false;
		}

		for (const entry of entries) {
			fs.unlinkSync(path.join(grave, entry.name));
		}

		fs.rmdirSync(grave);
		return true;
	} catch (error) {
		return errorCode(error) === 'ENOENT'; // Somebody else deletes it too.
	}
}

/** Without the native program: what this user may delete goes, the rest waits for a start that has the program. */
function deleteHere(trees: readonly string[]): void {
	for (const tree of trees) {
		fs.rm(tree, {recursive: true, force: true}, () => {});
	}
}
