/**
The engine in this process: the composition root. Services are made here and handed what they need; domain values become docker's JSON here and nowhere else. What few commands use is
loaded when it is used.
*/
import type {ContainerContext} from './container/container-context.js';
import {attachContainer} from './container/attach.js';
import {containerLogs} from './container/logs.js';
import {containerPlaces, findContainer, lowerFolders} from './container/container-store.js';
import {createContainer} from './container/create.js';
import {handOver} from './container/leaving.js';
import {listContainers, listEverything, mountedLayers, volumeUsers} from './container/list.js';
import {readState} from './container/read-state.js';
import {reconcileContainers} from './container/reconcile.js';
import {removeContainer} from './container/remove.js';
import {startContainer} from './container/start.js';
import {killContainer, restartContainer, stopContainer} from './container/stop.js';
import {waitContainer} from './container/wait.js';
import type {Engine} from './engine.js';
import type {RegistryMethods} from './embedded-registry.js';
import {eventJournal} from './events.js';
import {imageService, type ImageService} from './image/image-service.js';
import {openLocalStore, type EngineOptions} from './local-store.js';
import type {RegistryAccess} from './registry/registry-access.js';
import {detectCgroups} from './runtime/cgroup.js';
import {reconcile} from './store/reconcile.js';
import {volumeService, type VolumeService} from './volume/volume-service.js';
import {containerInfo, containerInspectInfo, execInspectInfo, type Sizes} from './wire/container.js';
import {historyEntry, imageInfo, imageInspectInfo, imageLayer, imagePruneReport, imageRemoveInfo} from './wire/image.js';
import {volumeInfo} from './wire/volume.js';

/**
Opens the engine, creating its store when it is not there, and finishes what killed processes left. Any number of processes may have the same store open. The caller closes.
*/
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
	const {store, uid, mapping} = openLocalStore(options);
	const registries = once(async () => (await import('./embedded-registry.js')).openRegistries());
	const journal = eventJournal(store.layout.events);
	const images: ImageService = imageService(store, {
		containersUsing: imageId => listEverything(context).filter(container => container.imageId === imageId).map(({id, state}) => ({id, isRunning: state.status === 'running' || state.status === 'paused'})),
		mountedLayers: () => mountedLayers(context),
		emit({action, id, attributes}) {
			journal.append({type: 'image', action, id, attributes});
		},
	}, registries);
	const volumes = volumeService({
		store,
		users: () => volumeUsers(context),
		emit({action, id, attributes}) {
			journal.append({type: 'volume', action, id, attributes});
		},
	});
	const context: ContainerContext = {store, images, volumes, journal, uid, cgroupHost: once(() => detectCgroups(uid)), removals: new Map(), prepared: new Map(), unstarted: new Set(), summaries: new Map(), watches: new Set()};
	await reconcileContainers(context);
	await reconcile(store);
	return embeddedEngine({context, images, volumes, registries, mappingAdvice: mapping?.advice});
}

function once<T extends object>(make: () => T): () => T {
	let made: T | undefined;
	return () => {
		made ??= make();
		return made;
	};
}

type Parts = {readonly context: ContainerContext; readonly images: ImageService; readonly volumes: VolumeService; readonly registries: () => Promise<RegistryAccess>; readonly mappingAdvice: string | undefined};

function embeddedEngine({context, images, volumes, registries, mappingAdvice}: Parts): Engine {
	return {
		kind: 'embedded',
		label: 'local',
		...systemMethods({context, images, volumes, mappingAdvice}),
		...imageMethods(context, images),
		...registryMethods(images, registries),
		...containerMethods(context),
		...volumeMethods(volumes),
		...fileMethods(context),
		...execMethods(context),
	};
}

type SystemMethods = 'info' | 'version' | 'diskUsage' | 'events' | 'close';

function systemMethods({context, images, volumes, mappingAdvice}: Omit<Parts, 'registries'>): Pick<Engine, SystemMethods> {
	return {
		async info() {
			const {engineInfo} = await import('./info.js');
			return engineInfo({context, imageCount: images.list().length, mappingAdvice});
		},
		async version() {
			const {engineVersion} = await import('./info.js');
			return engineVersion();
		},
		async diskUsage() {
			const {diskUsage} = await import('./disk-usage.js');
			return diskUsage(context, images, volumes);
		},
		events: options => context.journal.read(options),
		async close() {
			for (const connection of context.watches) {
				context.watches.delete(connection);
				connection.close();
			}

			for (const connection of context.prepared.values()) {
				connection.close();
			}

			for (const id of context.unstarted) {
				handOver(context.store, id);
			}

			await Promise.allSettled(context.removals.values());
		},
	};
}

type ImageMethods = 'listImages' | 'inspectImage' | 'imageHistory' | 'imageLayers' | 'tagImage' | 'removeImage' | 'pruneImages' | 'loadImages' | 'importImage' | 'saveImages' | 'commit';

function imageMethods(context: ContainerContext, images: ImageService): Pick<Engine, ImageMethods> {
	return {
		async listImages(options = {}) {
			return images.list(options).map(image => imageInfo(image));
		},
		async inspectImage(name) {
			const image = images.inspect(name);
			return imageInspectInfo(image, image.layers.map(layer => context.store.layout.layerTree(layer.diffId)).reverse());
		},
		async imageHistory(name) {
			return images.history(name).map(entry => historyEntry(entry));
		},
		async imageLayers(name) {
			return images.layers(name).map(layer => imageLayer(layer));
		},
		tagImage: async (name, reference) => images.tag(name, reference),
		async removeImage(name, options) {
			const removed = await images.remove(name, options);
			return removed.map(item => imageRemoveInfo(item));
		},
		async pruneImages(options) {
			return imagePruneReport(await images.prune(options));
		},
		loadImages: (source, options) => images.load(source, options),
		importImage: async (source, options) => images.import(source, options),
		saveImages: async (names, options) => images.save(names, options),
		async commit(options) {
			const {commitContainer} = await import('./container/commit.js');
			return commitContainer(context, options);
		},
	};
}

function registryMethods(images: ImageService, registries: () => Promise<RegistryAccess>): Pick<Engine, RegistryMethods> {
	const methods = async () => (await import('./embedded-registry.js')).registryMethods(images, registries);
	return {
		async * pullImage(name, options) {
			yield* (await methods()).pullImage(name, options);
		},
		async * pushImage(name, options) {
			yield* (await methods()).pushImage(name, options);
		},
		searchImages: async (term, options) => (await methods()).searchImages(term, options),
		checkAuth: async auth => (await methods()).checkAuth(auth),
		inspectDistribution: async (name, options) => (await methods()).inspectDistribution(name, options),
	};
}

type ContainerMethods = 'listContainers' | 'inspectContainer' | 'createContainer' | 'startContainer' | 'stopContainer' | 'restartContainer' | 'killContainer' | 'pauseContainer'
	| 'unpauseContainer' | 'renameContainer' | 'removeContainer' | 'waitContainer' | 'logs' | 'attach' | 'resizeContainer' | 'top' | 'pruneContainers' | 'stats';

function containerMethods(context: ContainerContext): Pick<Engine, ContainerMethods> {
	return {
		async listContainers(options = {}) {
			const containers = await listContainers(context, options);
			const nowMs = Date.now();
			const sizes = options.size === true ? await Promise.all(containers.map(async ({id}) => sizesOf(context, id))) : [];
			return containers.map((container, index) => containerInfo(container, nowMs, sizes[index]));
		},
		inspectContainer: async (id, options) => inspect(context, id, options?.size === true),
		async createContainer(options) {
			const {id, warnings} = await createContainer(context, options);
			return {Id: id, Warnings: [...warnings]};
		},
		startContainer: async id => startContainer(context, id),
		stopContainer: async (id, options) => stopContainer(context, id, options),
		restartContainer: async (id, options) => restartContainer(context, id, options),
		killContainer: async (id, signal) => killContainer(context, id, signal),
		async pauseContainer(id) {
			const {pauseContainer} = await import('./container/pause.js');
			await pauseContainer(context, id);
		},
		async unpauseContainer(id) {
			const {unpauseContainer} = await import('./container/pause.js');
			await unpauseContainer(context, id);
		},
		async renameContainer(id, name) {
			const {renameContainer} = await import('./container/rename.js');
			await renameContainer(context, id, name);
		},
		removeContainer: async (id, options) => removeContainer(context, id, options),
		waitContainer: async (id, options) => waitContainer(context, id, options),
		logs: (id, options) => containerLogs(context, id, options),
		attach: async (id, options) => attachContainer(context, id, options),
		async resizeContainer(id, size) {
			const {resizeContainer} = await import('./container/resize.js');
			await resizeContainer(context, id, size);
		},
		async top(id, psArguments) {
			const {containerTop} = await import('./container/top.js');
			return containerTop(context, id, psArguments);
		},
		async pruneContainers(options) {
			const {pruneContainers} = await import('./container/prune.js');
			return pruneContainers(context, options?.filters);
		},
		async* stats(id, options) {
			const [{containerStats}, {statsInfo}] = await Promise.all([import('./container/stats.js'), import('./wire/stats.js')]);
			for await (const reading of containerStats(context, id, options)) {
				yield statsInfo(reading);
			}
		},
	};
}

type VolumeMethods = 'listVolumes' | 'createVolume' | 'inspectVolume' | 'removeVolume' | 'pruneVolumes' | 'exportVolume' | 'importVolume';

function volumeMethods(volumes: VolumeService): Pick<Engine, VolumeMethods> {
	return {
		async listVolumes(options) {
			return (await volumes.list(options)).map(volume => volumeInfo(volume));
		},
		createVolume: async options => volumeInfo(await volumes.create(options)),
		inspectVolume: async (name, options) => volumeInfo(await volumes.inspect(name, options)),
		async removeVolume(name, options) {
			volumes.remove(name, options);
		},
		pruneVolumes: async options => volumes.prune(options?.filters),
		exportVolume: async name => volumes.export(name),
		importVolume: async (name, tar) => volumes.import(name, tar),
	};
}

type FileMethods = 'changes' | 'exportContainer' | 'statArchive' | 'getArchive' | 'putArchive';

function fileMethods(context: ContainerContext): Pick<Engine, FileMethods> {
	const files = async () => import('./container/container-files.js');
	return {
		changes: async id => (await files()).containerChanges(context, id),
		exportContainer: async id => (await files()).exportContainer(context, id),
		statArchive: async (id, path) => (await files()).statArchive(context, id, path),
		getArchive: async (id, path) => (await files()).getArchive(context, id, path),
		async putArchive(id, path, tar, options) {
			await (await files()).putArchive(context, id, path, tar, options);
		},
	};
}

type ExecMethods = 'createExec' | 'startExec' | 'resizeExec' | 'inspectExec';

function execMethods(context: ContainerContext): Pick<Engine, ExecMethods> {
	const exec = async () => import('./container/exec.js');
	return {
		createExec: async (id, options) => ({Id: (await exec()).createExec(context, id, options)}),
		startExec: async (execId, options) => (await exec()).startExec(context, execId, options),
		async resizeExec(execId, size) {
			await (await exec()).resizeExec(context, execId, size);
		},
		async inspectExec(execId) {
			const {findExec, execState} = await exec();
			const record = findExec(context.store, execId);
			return execInspectInfo(record, execState(context.store, record.id), findContainer(context.store, record.containerId).config.User);
		},
	};
}

async function inspect(context: ContainerContext, name: string, withSizes: boolean): ReturnType<Engine['inspectContainer']> {
	const record = findContainer(context.store, name);
	const state = readState(context.store, record.id);
	const places = containerPlaces(context.store, record.id);
	const {runningExecs} = await import('./container/exec.js');
	return containerInspectInfo(record, state, {
		execIds: state.status === 'running' || state.status === 'paused' ? runningExecs(context.store, record.id) : [],
		logPath: places.log,
		folder: places.folder,
		lowers: lowerFolders(context.store, record),
		upper: places.upper,
		work: places.work,
		merged: places.rootfs,
		...(withSizes ? {sizes: await sizesOf(context, record.id)} : {}),
	});
}

async function sizesOf(context: ContainerContext, id: string): Promise<Sizes> {
	const [{writableBytes}, {readLayer}] = await Promise.all([import('./container/prune.js'), import('./store/layer-store.js')]);
	const record = findContainer(context.store, id);
	const written = await writableBytes(context, record.id);
	const image = record.layers.reduce((sum, layer) => sum + (readLayer(context.store, layer)?.sizeBytes ?? 0), 0);
	return {SizeRw: written, SizeRootFs: written + image};
}
