/**
Containers on disk. A container is there when its folder is in containers/ (it comes by one rename and goes by one), and it has its name while names/<name>
points to it.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, systemError} from '../errors.js';
import {listIfThere, readIfThere, removeIfThere, writeFileAtomic} from '../files/atomic-file.js';
import {nameOwner, reserveName} from '../store/record-store.js';
import type {Store} from '../store/open-store.js';
import {parseContainerId, type ContainerId, type ContainerRecord} from './container.js';
import {isContainerName} from './container-name.js';

/** Places in a container's folder. The strings are put together as they are: path.join looks at every character, and a command asks for these many times. */
export function containerPlaces(store: Store, id: ContainerId) {
	const folder = store.layout.container(id);
	return {
		folder,
		record: `${folder}/config.json`,
		status: `${folder}/status.json`,
		lost: `${folder}/lost.json`,
		upper: `${folder}/fs/upper`,
		work: `${folder}/fs/work`,
		rootfs: `${folder}/rootfs`,
		log: `${folder}/log/container.log`,
		hosts: `${folder}/hosts`,
		hostname: `${folder}/hostname`,
		resolvConf: `${folder}/resolv.conf`,
		cgroups: `${folder}/cgroups`,
		execs: `${folder}/execs`,
		socket: store.layout.socket(id),
	};
}

/** The folders of a new container, given its (temporary) folder. */
export const containerFolders: readonly string[] = ['', 'fs', 'fs/upper', 'fs/work', 'rootfs', 'log'];

export function listContainerIds(store: Store): ContainerId[] {
	return listIfThere(store.layout.containers).map(name => parseContainerId(name)).filter(id => id !== undefined);
}

/** The record, or undefined when there is no such container. Throws `system` when it is damaged. */
export function readRecord(store: Store, id: ContainerId): ContainerRecord | undefined {
	const file = containerPlaces(store, id).record;
	const bytes = readIfThere(file);
	if (bytes === undefined) {
		return undefined;
	}

	try {
		const record = JSON.parse(bytes.toString('utf8')) as ContainerRecord;
		if (record.version === 1 && record.id === id) {
			return record;
		}
	} catch {}

	throw new EngineError('system', `the record of container ${id} is damaged`, {code: 'EDAMAGED', hint: `Remove it with \`tug rm -f ${id.slice(0, 12)}\`. What it wrote lies in ${containerPlaces(store, id).upper}.`});
}

/** Replaces the record. */
export function writeRecord(store: Store, record: ContainerRecord): void {
	writeFileAtomic(containerPlaces(store, record.id).record, JSON.stringify(record), {sync: !record.hostConfig.AutoRemove});
}

/**
The id that a name, an id or an id prefix stands for, in docker's order: full id, name, prefix. Throws `notFound` (`No such container: X`), `invalidParameter`
when a prefix fits several.
*/
export function resolveContainer(store: Store, unsafeName: string): ContainerId {
	const exact = parseContainerId(unsafeName);
	if (exact !== undefined && fs.existsSync(store.layout.container(exact))) {
		return exact;
	}

	const name = unsafeName.replace(/^\//, '');
	const owner = isContainerName(name) ? parseContainerId(nameOwner(store.layout.names, name) ?? '') : undefined;
	if (owner !== undefined && fs.existsSync(store.layout.container(owner))) {
		return owner;
	}

	const matches = /^[\da-f]{1,63}$/.test(unsafeName) ? listContainerIds(store).filter(id => id.startsWith(unsafeName)) : [];
	if (matches.length > 1) {
		throw new EngineError('invalidParameter', `multiple IDs found with provided prefix: ${unsafeName}`);
	}

	const [match] = matches;
	if (match === undefined) {
		throw noSuchContainer(unsafeName);
	}

	return match;
}

/** Resolves and reads. */
export function findContainer(store: Store, unsafeName: string): ContainerRecord {
	const record = readRecord(store, resolveContainer(store, unsafeName));
	if (record === undefined) {
		throw noSuchContainer(unsafeName);
	}

	return record;
}

export function noSuchContainer(unsafeName: string): EngineError {
	return new EngineError('notFound', `No such container: ${unsafeName}`, {code: 'noSuchContainer'});
}

/** Takes a name. Throws `conflict` (code `nameInUse`) with docker's text. What a crash left of a name is cleared away. */
export function takeName(store: Store, name: string, id: ContainerId): void {
	for (let attempt = 0; ; attempt++) {
		if (reserveName(store.layout.names, name, id)) {
			return;
		}

		const owner = nameOwner(store.layout.names, name);
		if (owner !== undefined && (attempt > 3 || isOwnerThere(store, name, owner))) {
			throw new EngineError('conflict', `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`, {code: 'nameInUse'});
		}

		if (owner !== undefined) {
			dropName(store, name, owner);
		}
	}
}

/** Gives a name back if the id has it. Renaming it away first makes sure that nobody else's is removed. */
export function dropName(store: Store, name: string, id: string): void {
	if (nameOwner(store.layout.names, name) !== id) {
		return;
	}

	const place = store.layout.name(name);
	const aside = path.join(store.layout.trash, `dead-name-${id}`);
	try {
		fs.renameSync(place, aside);
		if (fs.readlinkSync(aside) !== id) {
			fs.linkSync(aside, place); // Somebody else was quicker to give it back, and a third one has taken it
		}

		removeIfThere(aside);
	} catch (error) {
		if (!['ENOENT', 'EEXIST'].includes(errorCode(error) ?? '')) {
			throw systemError(`releasing the name ${name}`, error);
		}
	}
}

/**
A container being made lies in tmp/ and has its name already; it moves from there to containers/, so tmp/ is looked at first. An owner that has since got another
name does not hold this one.
*/
function isOwnerThere(store: Store, name: string, owner: string): boolean {
	const id = parseContainerId(owner);
	if (id === undefined) {
		return false;
	}

	if (listIfThere(store.layout.temporary).some(scratch => fs.existsSync(path.join(store.layout.temporary, scratch, id)))) {
		return true;
	}

	try {
		const record = readRecord(store, id);
		return record !== undefined && (record.name === name || isRenameGoingOn(store, id));
	} catch {
		return true; // Damaged: it has its name until it is removed
	}
}

/** A rename holds a name from before the record says so. */
export function renameMark(store: Store, id: ContainerId): string {
	return path.join(store.layout.container(id), 'renaming');
}

function isRenameGoingOn(store: Store, id: ContainerId): boolean {
	return fs.existsSync(renameMark(store, id));
}

/** What lies under the container's writable layer, top first. */
export function lowerFolders(store: Store, record: ContainerRecord): string[] {
	return [...record.layers.map(layer => store.layout.layerTree(layer)).reverse(), store.layout.scaffold];
}
