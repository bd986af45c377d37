/**
Volumes: everything the facade and the containers ask for.
*/
import type {Readable} from 'node:stream';
import type {Filters} from '../engine.js';
import {ensureVolume, parseVolumeRequest, type VolumeRequest} from './create-volume.js';
import {volumeMount, type VolumeMount} from './driver-options.js';
import {fillVolumes, type FillRequest, type FillSource} from './fill-volume.js';
import {noSuchVolume, pruneVolumes, removeVolume, removeVolumesOf, type PruneReport} from './remove-volume.js';
import type {VolumeRecord} from './volume.js';
import type {VolumeContext} from './volume-context.js';
import {exportVolume, importVolume} from './volume-archive.js';
import {volumeFilter} from './volume-filters.js';
import {volumeBytes} from './volume-size.js';
import {checkVolumeName} from './volume-name.js';
import {readVolume, readVolumes, volumeData} from './volume-store.js';

/** `users`: how many containers have it; `sizeBytes` and it only where asked for. */
export type ListedVolume = VolumeRecord & {readonly data: string; readonly usage?: {readonly sizeBytes: number; readonly users: number}};

export type VolumeService = {
	/** Sorted by name. Filters: `dangling`, `driver`, `label`, `name`. Throws `invalidParameter` for others. */
	list(options?: {readonly filters?: Filters; readonly size?: boolean}): Promise<ListedVolume[]>;
	/** Throws `notFound`. */
	inspect(name: string, options?: {readonly size?: boolean}): Promise<ListedVolume>;
	/** From docker's request; see ensureVolume. */
	create(unsafeRequest: unknown): Promise<ListedVolume>;
	remove(name: string, options?: {readonly force?: boolean}): void;
	prune(filters?: Filters): Promise<PruneReport>;
	/** As a tar, owners kept. Throws `notFound`. */
	export(name: string): Readable;
	/** Unpacks a tar into it, making it when it is not there. Of a new one all or nothing. */
	import(name: string, tar: Readable): Promise<void>;
	/** For containers. Throws `invalidParameter` for what is no name. */
	dataFolder(name: string): string;
	ensure(request: VolumeRequest): Promise<void>;
	fill(requests: readonly FillRequest[], source: FillSource): Promise<void>;
	mountOf(name: string): VolumeMount;
	removeOf(names: readonly string[], containerId: string): void;
};

export function volumeService(context: VolumeContext): VolumeService {
	const {store} = context;
	const shown = async (record: VolumeRecord, users?: ReturnType<VolumeContext['users']>): Promise<ListedVolume> => ({
		...record,
		data: volumeData(store, record.name),
		...(users === undefined ? {} : {usage: {sizeBytes: await volumeBytes(store, record.name), users: users.get(record.name)?.length ?? 0}}),
	});
	return {
		async list({filters = {}, size = false} = {}) {
			const users = size || filters['dangling'] !== undefined ? context.users() : undefined;
			const matches = volumeFilter(filters, ['dangling', 'driver', 'label', 'name'], name => users?.has(name) ?? false);
			return Promise.all(readVolumes(store).filter(volume => matches(volume)).map(async volume => shown(volume, size ? users : undefined)));
		},
		async inspect(name, {size = false} = {}) {
			const record = readVolume(store, name);
			if (record === undefined) {
				throw noSuchVolume(name);
			}

			return shown(record, size ? context.users() : undefined);
		},
		create: async unsafeRequest => shown(await ensureVolume(context, parseVolumeRequest(unsafeRequest))),
		remove(name, options) {
			removeVolume(context, name, options);
		},
		prune: async filters => pruneVolumes(context, filters),
		export: name => exportVolume(context, name),
		import: async (name, tar) => importVolume(context, name, tar),
		dataFolder(name) {
			checkVolumeName(name);
			return volumeData(store, name);
		},
		async ensure(request) {
			await ensureVolume(context, request);
		},
		fill: async (requests, source) => fillVolumes(store, requests, source),
		mountOf: name => volumeMount(name, readVolume(store, name)?.options ?? null),
		removeOf(names, containerId) {
			removeVolumesOf(context, names, containerId);
		},
	};
}
