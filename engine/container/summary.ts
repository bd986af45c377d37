/**
What a list shows of each container, kept in one file so that a list does not read thousands: an entry holds while its container's folder has the modification time it had when
it was read. Every change of a container replaces a file in that folder, which changes the time.
*/
import fs from 'node:fs';
import path from 'node:path';
import {listIfThere, readIfThere, writeFileAtomic} from '../files/atomic-file.js';
import {isMonitorAlive, readRuntimeStatus, type RuntimeStatus} from '../runtime/status-file.js';
import type {Store} from '../store/open-store.js';
import type {ContainerState} from './container-state.js';
import {containerPlaces, readRecord} from './container-store.js';
import {parseContainerId, type ContainerId, type ContainerRecord} from './container.js';
import {listLeaving, readLeaving} from './leaving.js';
import {recordLoss, stateOf} from './read-state.js';

export type ContainerSummary = {
	readonly id: ContainerId;
	readonly name: string;
	readonly created: string; // RFC 3339
	readonly image: string;
	readonly imageId: string;
	readonly command: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly networkMode: string;
	readonly exposedPorts: readonly string[];
	readonly mounts: ContainerRecord['mounts'];
	readonly hasHealthcheck: boolean;
};

export type ListedContainer = ContainerSummary & {readonly state: ContainerState};

type Entry = {readonly changedMs: number; readonly summary: ContainerSummary; readonly runtime: RuntimeStatus | null};

export type SummaryCache = Map<string, Entry>;

const cacheVersion = 1;

/** Two changes within the file system's clock tick leave one time: what was changed so recently is read again. */
const settledMs = 60;

/** All containers with their states, in no order. Damaged ones and those that go away meanwhile are left out. */
export function listSummaries(store: Store, cache: SummaryCache, bootId: () => string): ListedContainer[] {
	if (cache.size === 0) {
		loadCache(store, cache);
	}

	let readCount = 0;
	const folder = `${store.layout.containers}/`;
	const names = listIfThere(store.layout.containers);
	const leaving = new Set<string>(listLeaving(store));
	const nowMs = Date.now();
	const listed: ListedContainer[] = [];
	for (const name of names) {
		const changedMs = fs.statSync(folder + name, {throwIfNoEntry: false})?.mtimeMs; // A plain string: a thousand path.join cost as much as the stats
		let entry = cache.get(name);
		if (changedMs === undefined) {
			continue;
		}

		if (entry?.changedMs !== changedMs) {
			entry = readEntry(store, name, nowMs - changedMs > settledMs ? changedMs : -1);
			readCount++;
			if (entry === undefined) {
				continue;
			}

			cache.set(name, entry);
		}

		listed.push({...entry.summary, state: stateNow(store, entry, leaving.has(name), bootId)});
	}

	if (cache.size > names.length) {
		const known = new Set<string>(names);
		[...cache.keys()].filter(id => !known.has(id)).forEach(id => cache.delete(id));
	}

	if (readCount > 16) {
		saveCache(store, cache);
	}

	return listed;
}

function stateNow(store: Store, {summary: {id}, runtime}: Entry, isLeaving: boolean, bootId: () => string): ContainerState {
	const isActive = runtime !== null && (runtime.status === 'running' || runtime.status === 'paused');
	const isLost = isActive && !isMonitorAlive(runtime, bootId());
	const lostAt = isLost ? recordLoss(containerPlaces(store, id).lost, runtime) : undefined;
	return stateOf(runtime ?? undefined, lostAt, isLeaving ? readLeaving(store, id) : undefined);
}

function readEntry(store: Store, name: string, changedMs: number): Entry | undefined {
	const id = parseContainerId(name);
	if (id === undefined) {
		return undefined;
	}

	try {
		const runtime = readRuntimeStatus(containerPlaces(store, id).status) ?? null;
		const record = readRecord(store, id);
		return record === undefined ? undefined : {changedMs, summary: summarize(record), runtime};
	} catch {
		return undefined; // Damaged: shown by name only when asked for
	}
}

export function summarize(record: ContainerRecord): ContainerSummary {
	return {
		id: record.id,
		name: record.name,
		created: record.created,
		image: record.config.Image,
		imageId: record.imageId,
		command: commandLine(record.path, record.args),
		labels: record.config.Labels,
		networkMode: record.hostConfig.NetworkMode,
		exposedPorts: Object.keys(record.config.ExposedPorts ?? {}),
		mounts: record.mounts,
		hasHealthcheck: (record.config.Healthcheck?.Test ?? ['NONE'])[0] !== 'NONE',
	};
}

/** As docker's list shows it: arguments with a space in quotes. */
function commandLine(path: string, args: readonly string[]): string {
	return [path, ...args.map(argument => (argument.includes(' ') ? `'${argument}'` : argument))].join(' ');
}

function cacheFile(store: Store): string {
	return path.join(store.layout.root, 'containers.cache');
}

/** Rows instead of objects: the file is half as large, and read in half the time. */
type Row = readonly [
	id: ContainerId, changedMs: number, name: string, created: string, image: string, imageId: string, command: string, labels: ContainerSummary['labels'], networkMode: string,
	exposedPorts: readonly string[], mounts: ContainerSummary['mounts'], hasHealthcheck: boolean, runtime: RuntimeStatus | null,
];

function loadCache(store: Store, cache: SummaryCache): void {
	try {
		const {version, rows} = JSON.parse(readIfThere(cacheFile(store))?.toString('utf8') ?? '{}') as {version?: number; rows?: readonly Row[]};
		if (version !== cacheVersion || !Array.isArray(rows)) {
			return;
		}

		for (const [id, changedMs, name, created, image, imageId, command, labels, networkMode, exposedPorts, mounts, hasHealthcheck, runtime] of rows as readonly Row[]) {
			cache.set(id, {changedMs, summary: {id, name, created, image, imageId, command, labels, networkMode, exposedPorts, mounts, hasHealthcheck}, runtime});
		}
	} catch {
		cache.clear(); // Only a cache
	}
}

function saveCache(store: Store, cache: SummaryCache): void {
	const rows = [...cache.values()].map(({changedMs, summary, runtime}): Row => [
		summary.id, changedMs, summary.name, summary.created, summary.image, summary.imageId, summary.command, summary.labels, summary.networkMode,
		summary.exposedPorts, summary.mounts, summary.hasHealthcheck, runtime,
	]);
	try {
		writeFileAtomic(cacheFile(store), JSON.stringify({version: cacheVersion, rows}), {sync: false});
	} catch {} // Only a cache
}
