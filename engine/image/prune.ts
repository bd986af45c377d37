/**
`docker image prune`: dangling images, or with the filter dangling=false all that no container uses.
*/
import type {Filters} from '../engine.js';
import {chainIds} from '../oci/chain-id.js';
import {familiarReference} from '../oci/reference.js';
import {collectGarbage, removing} from '../store/garbage-collect.js';
import {changeReferences} from '../store/reference-store.js';
import {checkFilterKeys, filterImages, readBoolean} from './filters.js';
import type {Image, RemovedItem} from './image.js';
import type {RemoveContext} from './remove.js';
import {resolveImage} from './resolve.js';

export type PrunedImages = {readonly removed: readonly RemovedItem[]; readonly reclaimedBytes: number};

/** Removes what is not used. Space counts blobs and files of layers; the trees are deleted in the background. */
export async function pruneImages(context: RemoveContext, filters: Filters = {}): Promise<PrunedImages> {
	checkFilterKeys(filters, 'prune');
	const {store, catalog, hooks} = context;
	const onlyDangling = readBoolean(filters, 'dangling') ?? true;
	const {dangling: _, ...others} = filters;
	const pruned = await removing(store, async () => {
		const candidates = filterImages(catalog.list(), {filters: others, resolve: name => resolveImage(store, catalog, name).image, nowMs: Date.now()})
			.filter(image => !onlyDangling || image.references.length === 0);
		const unused: Image[] = [];
		for (const image of candidates) {
			const users = await (hooks.containersUsing?.(image.id) ?? []);
			if (users.length === 0) {
				unused.push(image);
			}
		}

		const gone = new Set(unused.map(image => image.id));
		if (unused.length > 0) {
			changeReferences(store, entries => ({
				entries: entries.filter(entry => {
					try {
						return !gone.has(catalog.read(entry).id);
					} catch {
						return true;
					}
				}),
				result: undefined,
			}));
		}

		const collected = collectGarbage(store);
		return {unused, layers: new Set(collected.layers), reclaimedBytes: collected.reclaimedBytes};
	});

	for (const image of pruned.unused) {
		for (const reference of image.references) {
			hooks.emit?.({action: 'untag', id: image.id, attributes: {name: familiarReference(reference)}});
		}

		hooks.emit?.({action: 'delete', id: image.id, attributes: {name: image.id}});
	}

	hooks.emit?.({action: 'prune', id: '', attributes: {reclaimed: String(pruned.reclaimedBytes)}});
	return {removed: pruned.unused.flatMap(image => removedItems(image, pruned.layers)), reclaimedBytes: pruned.reclaimedBytes};
}

function removedItems(image: Image, layers: Set<string>): readonly RemovedItem[] {
	const chain = chainIds(image.config.diffIds);
	const deletedLayers = [...image.config.diffIds.entries()].reverse().filter(([, diffId]) => layers.delete(diffId)); // Named once, even if several images shared it.
	return [
		...image.references.map(reference => ({kind: 'untagged' as const, name: familiarReference(reference)})),
		{kind: 'deleted', name: image.id},
		...deletedLayers.map(([index]) => ({kind: 'deleted' as const, name: chain[index]!})),
	];
}
