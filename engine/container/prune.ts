/**
Removing all containers that do not run.
*/
import type {Filters} from '../engine.js';
import {EngineError, isEngineError} from '../errors.js';
import {matchesLabel} from '../events.js';
import {runNative} from '../runtime/native-program.js';
import type {ContainerContext} from './container-context.js';
import {containerPlaces} from './container-store.js';
import type {ContainerId} from './container.js';
import {listEverything} from './list.js';
import {removeContainer} from './remove.js';
import type {ListedContainer} from './summary.js';

export type PruneReport = {readonly Deleted: readonly string[]; readonly SpaceReclaimed: number};

/** Filters: `until`, `label`, `label!`. Throws `invalidParameter` for others. Containers that start or go meanwhile are left out. */
export async function pruneContainers(context: ContainerContext, filters: Filters = {}): Promise<PruneReport> {
	const isWanted = pruneFilter(filters, Date.now());
	const removed: string[] = [];
	let reclaimed = 0;
	for (const container of listEverything(context)) {
		if (!['created', 'exited', 'dead'].includes(container.state.status) || !isWanted(container)) {
			continue;
		}

		const sizeBytes = await writableBytes(context, container.id);
		try {
			await removeContainer(context, container.id);
			removed.push(container.id);
			reclaimed += sizeBytes;
		} catch (error) {
			if (!isEngineError(error, 'conflict') && !isEngineError(error, 'notFound')) {
				throw error;
			}
		}
	}

	context.journal.append({type: 'container', action: 'prune', id: '', attributes: {reclaimed: String(reclaimed)}});
	return {Deleted: removed, SpaceReclaimed: reclaimed};
}

/** Bytes of what a container has written; 0 when that can't be found out. */
export async function writableBytes(context: ContainerContext, id: ContainerId): Promise<number> {
	if (context.store.native === undefined) {
		return 0;
	}

	const report = await runNative(context.store.native, 'du', [containerPlaces(context.store, id).upper]).catch(() => ({}));
	const bytes = (report as Readonly<Record<string, unknown>>)['apparentBytes'];
	return typeof bytes === 'number' ? bytes : 0;
}

function pruneFilter(filters: Filters, nowMs: number): (container: ListedContainer) => boolean {
	const unknown = Object.keys(filters).find(key => !['until', 'label', 'label!'].includes(key));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid filter '${unknown}'`);
	}

	const until = (filters['until'] ?? []).map(value => parseTime(value, nowMs));
	return ({created, labels}) =>
		until.every(time => Date.parse(created) < time)
		&& (filters['label'] ?? []).every(label => matchesLabel(labels, label))
		&& !(filters['label!'] ?? []).some(label => matchesLabel(labels, label));
}

/** Milliseconds: unix seconds, a Go duration back from now, or RFC 3339. */
function parseTime(text: string, nowMs: number): number {
	if (/^\d+(\.\d+)?$/.test(text)) {
		return Number(text) * 1000;
	}

	if (/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text)) {
		const unitMs: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000};
		return nowMs - [...text.matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit!]!, 0);
	}

	const time = Date.parse(text);
	if (Number.isNaN(time)) {
		throw new EngineError('invalidParameter', `failed to parse value as time or duration: ${JSON.stringify(text)}`);
	}

	return time;
}
