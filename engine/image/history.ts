/**
What `history` and the layer view show.
*/
import type {DiffId} from '../oci/digest.js';
import {unixSeconds, type Image, type ImageHistoryEntry, type ImageLayerInfo} from './image.js';
import type {ImageCatalog} from './image-catalog.js';

/** Newest first, as docker lists it. An image without history (some builders) gives one entry a layer. */
export function imageHistory(catalog: ImageCatalog, image: Image): readonly ImageHistoryEntry[] {
	const steps = stepsOf(image);
	return steps.map((step, index) => ({
		...(index === steps.length - 1 ? {id: image.id} : {}),
		createdAt: step.createdAt,
		createdBy: step.createdBy,
		comment: step.comment,
		sizeBytes: step.diffId === undefined ? 0 : catalog.layerSize(step.diffId),
		references: index === steps.length - 1 ? image.references : [],
	})).reverse();
}

/** One entry a layer, base first, with the command that made it and who else has it. */
export function imageLayers(catalog: ImageCatalog, image: Image): readonly ImageLayerInfo[] {
	const holders = new Map<DiffId, Image[]>();
	for (const other of catalog.list()) {
		for (const diffId of new Set(other.config.diffIds)) {
			if (other.id !== image.id) {
				holders.set(diffId, [...(holders.get(diffId) ?? []), other]);
			}
		}
	}

	return stepsOf(image).filter(step => step.diffId !== undefined).map(step => ({
		diffId: step.diffId!,
		sizeBytes: catalog.layerSize(step.diffId!),
		createdBy: step.createdBy,
		createdAt: step.createdAt,
		sharedWith: holders.get(step.diffId!) ?? [],
	}));
}

type Step = {readonly diffId?: DiffId; readonly createdAt: number; readonly createdBy: string; readonly comment: string};

/** Oldest first. History entries that made a layer go with the layers in order; layers that no entry speaks for come last. */
function stepsOf({config}: Image): readonly Step[] {
	const diffIds = [...config.diffIds];
	const described = config.history.map(entry => {
		const diffId = entry.emptyLayer ? undefined : diffIds.shift();
		return {...(diffId === undefined ? {} : {diffId}), createdAt: unixSeconds(entry.created), createdBy: entry.createdBy ?? '', comment: entry.comment ?? ''};
	});
	return [...described, ...diffIds.map(diffId => ({diffId, createdAt: unixSeconds(config.created), createdBy: '', comment: ''}))];
}
