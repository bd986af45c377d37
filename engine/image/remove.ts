/**
`docker rmi`, with the rules of moby's daemon/images/image_delete.go: what is untagged, what is deleted, and which conflicts stand in the way.
*/
import {EngineError} from '../errors.js';
import {digestHex, type DiffId} from '../oci/digest.js';
import {chainIds} from '../oci/chain-id.js';
import {canonicalReference, familiarReference, parseReference, repositoryName, type ImageReference} from '../oci/reference.js';
import {collectGarbage, removing} from '../store/garbage-collect.js';
import type {Store} from '../store/open-store.js';
import {changeReferences, entryParent, entryReference, makeEntry, readReferences, type ReferenceEntry} from '../store/reference-store.js';
import {shortId, type ContainerUse, type Image, type ImageEvent, type ImageHooks, type RemovedItem} from './image.js';
import type {ImageCatalog} from './image-catalog.js';
import {findEntry, isIdPrefix, resolveImage, type Resolved} from './resolve.js';

export type RemoveContext = {readonly store: Store; readonly catalog: ImageCatalog; readonly hooks: ImageHooks};
export type RemoveOptions = {readonly force?: boolean | undefined; readonly noPrune?: boolean | undefined};

/** Removes a name, or an image with all its names. Throws `notFound`, `conflict`. */
export async function removeImage(context: RemoveContext, name: string, options: RemoveOptions = {}): Promise<readonly RemovedItem[]> {
	const {store, hooks} = context;
	const events: ImageEvent[] = [];
	const removed = await removing(store, async () => {
		const damaged = damagedEntry(context, name);
		if (damaged !== undefined) {
			dropEntries(store, entry => entry === damaged || sameEntry(entry, damaged));
			collectGarbage(store);
			return [{kind: 'untagged' as const, name}];
		}

		return removeResolved(context, name, options, events);
	});
	for (const event of events) {
		hooks.emit?.(event);
	}

	return removed;
}

async function removeResolved(context: RemoveContext, name: string, options: RemoveOptions, events: ImageEvent[]): Promise<readonly RemovedItem[]> {
	const {store, catalog, hooks} = context;
	const {image, reference}: Resolved = resolveImage(store, catalog, name);
	const users = await (hooks.containersUsing?.(image.id) ?? []);
	const items: RemovedItem[] = [];
	const untag = (references: readonly ImageReference[]) => {
		dropReferences(store, image, references);
		for (const gone of references) {
			items.push({kind: 'untagged', name: familiarReference(gone)});
			events.push({action: 'untag', id: image.id, attributes: {name: familiarReference(gone)}});
		}
	};

	if (reference === undefined || isIdPrefix(image, name)) {
		const mayUntag = isSingleReference(image.references);
		refuseConflict(image, users, {force: options.force, references: mayUntag ? [] : image.references});
		untag(image.references);
		await deleteImage(context, image, options, items, events);
		return items;
	}

	if (!options.force && isSingleReference(image.references) && users.length > 0) {
		throw new EngineError('conflict', `conflict: unable to remove repository reference ${JSON.stringify(name)} (must force) - container ${shortId(users[0]!.id)} is using its referenced image ${shortId(image.id)}`, {
			hint: 'Remove the container first, or use force.',
		});
	}

	const target = parseReference(reference);
	const rest = image.references.filter(other => canonicalReference(other) !== canonicalReference(target));
	// Digest references go with the last tag of their repository.
	const orphaned = target.digest === undefined && !rest.some(other => other.digest === undefined && repositoryName(other) === repositoryName(target))
		? rest.filter(other => other.digest !== undefined && repositoryName(other) === repositoryName(target))
		: [];
	untag([target, ...orphaned]);
	// In use by a container after a forced untag, the image stays without a name.
	const isUsed = users.some(user => user.isRunning || !options.force);
	if (rest.length === orphaned.length && !isUsed) {
		await deleteImage(context, image, options, items, events);
	}

	return items;
}

/** Deletes an image that has no names any more, then its nameless parents, then what only they had. */
async function deleteImage(context: RemoveContext, image: Image, options: RemoveOptions, items: RemovedItem[], events: ImageEvent[]): Promise<void> {
	const {store, catalog} = context;
	const deleted: Image[] = [];
	for (let next: Image | undefined = image; next !== undefined;) {
		const current: Image = next;
		dropEntries(store, entry => belongsTo(catalog, entry, current));
		deleted.push(current);
		next = options.noPrune ? undefined : await orphanedParent(context, current);
	}

	const collected = new Set<DiffId>(collectGarbage(store).layers);
	for (const gone of deleted) {
		items.push({kind: 'deleted', name: gone.id});
		events.push({action: 'delete', id: gone.id, attributes: {name: gone.id}});
		const chain = chainIds(gone.config.diffIds);
		for (const [index, diffId] of [...gone.config.diffIds.entries()].reverse()) {
			if (collected.delete(diffId)) {
				items.push({kind: 'deleted', name: chain[index]!});
			}
		}
	}
}

/** The parent, when it has no name and nothing else is made from it. */
async function orphanedParent({catalog, hooks}: RemoveContext, image: Image): Promise<Image | undefined> {
	const images = catalog.list();
	const parent = images.find(other => other.id === image.parent);
	if (parent === undefined || parent.references.length > 0 || images.some(other => other.parent === parent.id)) {
		return undefined;
	}

	const users = await (hooks.containersUsing?.(parent.id) ?? []);
	return users.length === 0 ? parent : undefined;
}

function refuseConflict(image: Image, users: readonly ContainerUse[], {force, references}: {readonly force: boolean | undefined; readonly references: readonly ImageReference[]}): void {
	const refuse = (manner: string, reason: string, hint: string) => {
		throw new EngineError('conflict', `conflict: unable to delete ${shortId(image.id)} (${manner}) - ${reason}`, {hint});
	};

	const running = users.find(user => user.isRunning);
	if (running !== undefined) {
		refuse('cannot be forced', `image is being used by running container ${shortId(running.id)}`, 'Stop and remove the container first.');
	}

	if (force) {
		return;
	}

	if (references.length > 0) {
		refuse('must be forced', 'image is referenced in multiple repositories', 'Remove its names one by one, or use force.');
	}

	if (users.length > 0) {
		refuse('must be forced', `image is being used by stopped container ${shortId(users[0]!.id)}`, 'Remove the container first, or use force.');
	}
}

/** moby isSingleReference: at most one tag, and digests only of its repository. */
function isSingleReference(references: readonly ImageReference[]): boolean {
	const tags = references.filter(reference => reference.digest === undefined);
	const repositories = new Set(references.map(reference => repositoryName(reference)));
	return references.length <= 1 || (tags.length <= 1 && repositories.size === 1);
}

/** Takes names away; an image that has lost its last one keeps an entry without. */
function dropReferences(store: Store, image: Image, references: readonly ImageReference[]): void {
	const gone = new Set(references.map(reference => canonicalReference(reference)));
	changeReferences(store, entries => {
		const kept = entries.filter(entry => !gone.has(entryReference(entry) ?? ''));
		const isNamed = kept.some(entry => entry.digest === image.manifest.digest);
		const former = entries.find(entry => entry.digest === image.manifest.digest);
		const entriesAfter = isNamed || former === undefined ? kept : [...kept, makeEntry(image.manifest, undefined, entryParent(former))];
		return {entries: gone.size === 0 ? entries : entriesAfter, result: undefined};
	});
}

function dropEntries(store: Store, isGone: (entry: ReferenceEntry) => boolean): void {
	changeReferences(store, entries => ({entries: entries.filter(entry => !isGone(entry)), result: undefined}));
}

function belongsTo(catalog: ImageCatalog, entry: ReferenceEntry, image: Image): boolean {
	if (entry.digest === image.manifest.digest) {
		return true;
	}

	try {
		return catalog.read(entry).id === image.id; // The same image with other compression has another manifest.
	} catch {
		return false;
	}
}

/** An entry whose documents can't be read any more: it can be removed by its name, or the digest of its manifest. */
function damagedEntry({store, catalog}: RemoveContext, name: string): ReferenceEntry | undefined {
	const entries = readReferences(store);
	const prefix = name.replace(/^sha256:/, '');
	const entry = findEntry(entries, name) ?? entries.find(candidate => /^[\da-f]{12,64}$/.test(prefix) && digestHex(candidate.digest).startsWith(prefix));
	if (entry === undefined) {
		return undefined;
	}

	try {
		catalog.read(entry);
		return undefined;
	} catch {
		return entry;
	}
}

function sameEntry(one: ReferenceEntry, other: ReferenceEntry): boolean {
	return one.digest === other.digest && entryReference(one) === entryReference(other);
}
