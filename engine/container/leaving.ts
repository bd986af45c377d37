/**
Containers on their way out: `leaving/<id>` says that one is to be removed once it has stopped (`--rm`), that somebody removes it now, or that this failed.
One small folder tells a new process what is left to do, however many containers there are.
*/
import fs from 'node:fs';
import path from 'node:path';
import {systemError} from '../errors.js';
import {listIfThere, readIfThere, removeIfThere} from '../files/atomic-file.js';
import {formatIdentity, ownIdentity, parseIdentity, processState} from '../files/process-identity.js';
import type {Store} from '../store/open-store.js';
import {parseContainerId, type ContainerId} from './container.js';

export type Leaving = {
	/** `whenStopped` does not change the container's state. */
	readonly phase: 'whenStopped' | 'now' | 'failed';
	readonly removesVolumes: boolean;
	/** Of `now`: who removes it. Of `whenStopped`: who made it and may be about to start it, until that one closes its engine. */
	readonly by?: string;
	/** Of `failed`: why. */
	readonly error?: string;
};

export function readLeaving(store: Store, id: ContainerId): Leaving | undefined {
	const bytes = readIfThere(path.join(store.layout.leaving, id));
	if (bytes === undefined) {
		return undefined;
	}

	try {
		return JSON.parse(bytes.toString('utf8')) as Leaving;
	} catch {
		return {phase: 'now', removesVolumes: false}; // Cut short by a crash while it was being written
	}
}

export function listLeaving(store: Store): ContainerId[] {
	return listIfThere(store.layout.leaving).map(name => parseContainerId(name)).filter(id => id !== undefined);
}

/** Writes the mark. Who removes is recorded, so that others can take over when it dies. */
export function markLeaving(store: Store, id: ContainerId, leaving: Leaving): void {
	const file = path.join(store.layout.leaving, id);
	const content = JSON.stringify(leaving.phase === 'now' ? {...leaving, by: formatIdentity(ownIdentity())} : leaving);
	try {
		fs.mkdirSync(store.layout.leaving, {recursive: true, mode: 0o700});
		fs.writeFileSync(file, content, {mode: 0o600});
	} catch (error) {
		throw systemError(`marking container ${id} for removal`, error);
	}
}

export function unmarkLeaving(store: Store, id: ContainerId): void {
	removeIfThere(path.join(store.layout.leaving, id));
}

/** The mark of a `--rm` container that is being made. It goes once nobody will start it: with its maker, unless that hands it over before. */
export function markMade(store: Store, id: ContainerId): void {
	markLeaving(store, id, {phase: 'whenStopped', removesVolumes: true, by: formatIdentity(ownIdentity())});
}

/** From now on a `--rm` container waits for its start however long that takes. */
export function handOver(store: Store, id: ContainerId): void {
	const leaving = readLeaving(store, id);
	if (leaving?.phase === 'whenStopped' && leaving.by !== undefined) {
		markLeaving(store, id, {phase: 'whenStopped', removesVolumes: leaving.removesVolumes});
	}
}

/** Whoever made the `--rm` container has died without a word. */
export function isMakerGone({phase, by}: Leaving): boolean {
	const maker = phase === 'whenStopped' ? parseIdentity(by ?? '') : undefined;
	return maker !== undefined && processState(maker) === 'gone';
}

/** Whoever makes the `--rm` container is at it, or may be about to start it. */
export function isMakerThere(leaving: Leaving | undefined): boolean {
	return leaving?.phase === 'whenStopped' && leaving.by !== undefined && !isMakerGone(leaving);
}

/** Somebody else removes it, and lives. */
export function isBeingRemovedElsewhere(leaving: Leaving | undefined): boolean {
	const remover = leaving?.phase === 'now' ? parseIdentity(leaving.by ?? '') : undefined;
	return remover !== undefined && remover.pid !== ownIdentity().pid && processState(remover) !== 'gone';
}
