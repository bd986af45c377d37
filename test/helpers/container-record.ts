/** Records of containers as creating one writes them, and a context to use them in, without any process. */
import fs from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {containerFolders} from '../../engine/container/container-store.js';
import {parseContainerConfig} from '../../engine/container/container-config.js';
import type {ContainerContext} from '../../engine/container/container-context.js';
import type {ContainerId, ContainerRecord} from '../../engine/container/container.js';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import {resolveMounts} from '../../engine/container/mount-points.js';
import {eventJournal} from '../../engine/events.js';
import type {DiffId, Digest} from '../../engine/oci/digest.js';
import type {Store} from '../../engine/store/open-store.js';
import {volumeService} from '../../engine/volume/volume-service.js';
import {testStore} from './image-lab.js';

export const containerId = (digit = 'a') => digit.repeat(64) as ContainerId;
const layer = `sha256:${'1'.repeat(64)}` as DiffId;

/** From docker's create request. */
export function containerRecord(options: Readonly<Record<string, unknown>> = {}, id = containerId()): ContainerRecord {
	const settings = parseHostSettings(options['HostConfig']);
	const config = parseContainerConfig({Image: 'busybox', Hostname: id.slice(0, 12), ...options}, {Cmd: ['sh']});
	const [program = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
	return {
		version: 1,
		id,
		name: typeof options['name'] === 'string' ? options['name'] : 'some_name',
		created: '2026-01-02T03:04:05.678Z',
		imageId: `sha256:${'2'.repeat(64)}` as Digest,
		layers: [layer],
		platform: 'linux',
		path: program,
		args,
		config,
		hostConfig: settings,
		mounts: resolveMounts({settings, volumes: Object.keys(config.Volumes ?? {}), volumeData: name => `/volumes/${name}/_data`, sourceExists: () => true}),
	};
}

/** Puts it on disk. */
export function placeRecord(store: Store, record: ContainerRecord): void {
	for (const part of containerFolders) {
		fs.mkdirSync(path.join(store.layout.container(record.id), part), {recursive: true});
	}

	fs.writeFileSync(path.join(store.layout.container(record.id), 'config.json'), JSON.stringify(record));
	fs.symlinkSync(record.id, store.layout.name(record.name));
}

/** A context on a store of its own; images are not there. */
export function containerContext(t: ExecutionContext, options: {readonly uid?: number; readonly single?: boolean} = {}): ContainerContext {
	const made = testStore(t);
	const store = {...made, mapping: {single: options.single ?? false}};
	const nothing = async (): Promise<never> => {
		throw new Error('no images here');
	};

	return {
		store,
		images: {find: nothing, ensureLayers: nothing, commitLayer: nothing},
		volumes: volumeService({store, users: () => new Map(), emit() {}}),
		journal: eventJournal(store.layout.events),
		uid: options.uid ?? 0,
		cgroupHost: () => ({version: 2, legacy: new Map(), obstacle: 'a test'}),
		removals: new Map(),
		prepared: new Map(),
		unstarted: new Set(),
		summaries: new Map(),
		watches: new Set(),
	};
}
