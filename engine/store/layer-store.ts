/**
Unpacked layers by diff id: a folder with layer.json and the tree. A layer's folder has its name only when it is complete; identical layers are there once.
*/
import fs from 'node:fs';
import path from 'node:path';
import {errorCode, systemError} from '../errors.js';
import {readIfThere, renameIfThere, syncFolder, writeFileAtomic} from '../files/atomic-file.js';
import {parseDescriptor, type Descriptor} from '../oci/descriptor.js';
import {digestHex, parseDiffId, type DiffId} from '../oci/digest.js';
import {asCount, defined, optional, parseJsonObject, shapeError} from '../oci/json-shape.js';
import type {Store} from './open-store.js';
import type {Scratch} from './scratch.js';

export type LayerRecord = {
	readonly version: 1;
	readonly diffId: DiffId;
	readonly sizeBytes: number; // of file contents
	readonly entries: number;
	/** Owners and devices that could not be set are in the file `squash`. */
	readonly squash?: true;
	/** A blob it can be unpacked from. */
	readonly blob?: Descriptor;
};

/** The record, or undefined when the layer is not unpacked. Throws `system` when it is damaged. */
export function readLayer(store: Store, diffId: DiffId): LayerRecord | undefined {
	const data = readIfThere(store.layout.layerRecord(diffId));
	return data === undefined ? undefined : parseLayerRecord(data, store.layout.layerRecord(diffId));
}

export function hasLayer(store: Store, diffId: DiffId): boolean {
	return fs.existsSync(store.layout.layerRecord(diffId));
}

/** It was unpacked when its user had one id only, and now there are more: its files could have their owners. */
export function isNeedlesslySquashed(store: Store, diffId: DiffId): boolean {
	return !store.mapping.single && fs.existsSync(store.layout.layerSquash(diffId));
}

/** All diff ids that have a folder. */
export function listLayers(store: Store): readonly DiffId[] {
	return fs.readdirSync(store.layout.layers).map(name => parseDiffId(`sha256:${name}`)).filter(diffId => diffId !== undefined);
}

/** A folder being made into a layer. */
export type LayerFolder = {readonly folder: string; readonly tree: string; readonly squash: string};

/** Throws `system`. */
export function createLayerFolder(scratch: Scratch): LayerFolder {
	const folder = scratch.path('layer');
	try {
		fs.mkdirSync(folder, {mode: 0o700});
	} catch (error) {
		throw systemError(`creating ${folder}`, error);
	}

	return {folder, tree: path.join(folder, 'fs'), squash: path.join(folder, 'squash')};
}

/**
Names a finished tree (already synced by whoever wrote it). When another process was quicker, its layer stays and this one is left for the scratch folder's
removal: both are the same. A squashed layer makes way for one that is not; killed in between, it is unpacked again from its blob.
*/
export function commitLayer(store: Store, scratch: Scratch, layer: LayerFolder, record: LayerRecord): void {
	scratch.leaseLayer(record.diffId);
	writeFileAtomic(path.join(layer.folder, 'layer.json'), JSON.stringify(record));
	try {
		if (record.squash !== true && isNeedlesslySquashed(store, record.diffId)) {
			renameIfThere(store.layout.layer(record.diffId), scratch.path('squashed'));
		}

		fs.renameSync(layer.folder, path.join(store.layout.layers, digestHex(record.diffId)));
	} catch (error) {
		if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') {
			return;
		}

		throw systemError(`storing layer ${record.diffId}`, error);
	}

	syncFolder(store.layout.layers);
}

function parseLayerRecord(data: Buffer, subject: string): LayerRecord {
	try {
		const fields = parseJsonObject(data, subject);
		const diffId = parseDiffId(fields['diffId']);
		if (fields['version'] !== 1 || diffId === undefined) {
			throw shapeError(subject, 'is no layer record of this version');
		}

		return defined({
			version: 1,
			diffId,
			sizeBytes: asCount(fields['sizeBytes'], `${subject}.sizeBytes`),
			entries: asCount(fields['entries'], `${subject}.entries`),
			squash: fields['squash'] === true ? true : undefined,
			blob: optional(fields['blob'], `${subject}.blob`, parseDescriptor),
		});
	} catch (error) {
		throw systemError('reading a layer record', error);
	}
}
