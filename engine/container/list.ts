/**
Listing containers.
*/
import type {Filters} from '../engine.js';
import {isEngineError} from '../errors.js';
import type {DiffId} from '../oci/digest.js';
import {readBootId} from '../runtime/status-file.js';
import type {ContainerContext} from './container-context.js';
import {containerFilter, implyAll, type FilterLookups} from './container-filters.js';
import {isActive} from './container-state.js';
import {readRecord, resolveContainer} from './container-store.js';
import type {ContainerImage} from './image-source.js';
import {listSummaries, type ListedContainer} from './summary.js';

export type ListOptions = {
	/** Also those that do not run. */
	readonly all?: boolean;
	/** The newest so many, running or not. */
	readonly limit?: number;
	readonly filters?: Filters;
};

/** Newest first. Throws `invalidParameter` for an unknown filter, `notFound` for the container of `before` or `since`. */
export async function listContainers(context: ContainerContext, options: ListOptions = {}): Promise<ListedContainer[]> {
	const filters = options.filters ?? {};
	const everything = listEverything(context);
	const matches = containerFilter(filters, await lookups(context, filters, everything));
	const limit = options.limit ?? 0;
	const includesStopped = options.all === true || limit > 0 || implyAll(filters);
	const found = everything.filter(container => (includesStopped || isActive(container.state) || container.state.status === 'restarting') && matches(container));
	return limit > 0 ? found.slice(0, limit) : found;
}

/** All, newest first. */
export function listEverything(context: ContainerContext): ListedContainer[] {
	let known: string | undefined;
	const bootId = () => {
		known ??= readBootId();
		return known;
	};

	const listed = listSummaries(context.store, context.summaries, bootId);
	return listed.sort((a, b) => (a.created < b.created ? 1 : (a.created > b.created ? -1 : 0)));
}

/** Ids of the containers that have each volume, running or not, by its name. */
export function volumeUsers(context: ContainerContext): Map<string, string[]> {
	const users = new Map<string, string[]>();
	for (const {id, mounts} of listEverything(context)) {
		for (const name of new Set(mounts.map(mount => mount.name).filter(name => name !== undefined))) {
			users.set(name, [...(users.get(name) ?? []), id]);
		}
	}

	return users;
}

/** Layers under the containers that run. */
export function mountedLayers(context: ContainerContext): Set<DiffId> {
	const running = listEverything(context).filter(({state}) => isActive(state));
	return new Set(running.flatMap(({id}) => readRecord(context.store, id)?.layers ?? []));
}

async function lookups(context: ContainerContext, filters: Filters, everything: readonly ListedContainer[]): Promise<FilterLookups> {
	const images = new Map<string, ContainerImage>();
	for (const name of filters['ancestor'] ?? []) {
		const image = await findImage(context, name);
		if (image !== undefined) {
			images.set(name, image);
		}
	}

	return {
		find(name) {
			const id = resolveContainer(context.store, name);
			return everything.find(container => container.id === id)!;
		},
		isFromImage(container, name) {
			const image = images.get(name);
			return container.image === name || (image !== undefined && (container.imageId === image.id || isBuiltOn(context, container, image)));
		},
	};
}

async function findImage(context: ContainerContext, name: string): Promise<ContainerImage | undefined> {
	try {
		return await context.images.find(name);
	} catch (error) {
		if (isEngineError(error, 'notFound') || isEngineError(error, 'invalidParameter')) {
			return undefined;
		}

		throw error;
	}
}

/** Its layers begin with those of the image. */
function isBuiltOn(context: ContainerContext, container: ListedContainer, image: ContainerImage): boolean {
	const layers = readRecord(context.store, container.id)?.layers ?? [];
	return image.diffIds.length > 0 && image.diffIds.every((diffId, index) => layers[index] === diffId);
}
