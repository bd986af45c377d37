/**
What `system df` tells, in docker's JSON.
*/
import type {ContainerContext} from './container/container-context.js';
import {listEverything} from './container/list.js';
import {writableBytes} from './container/prune.js';
import {volumeData} from './container/volumes.js';
import type {ContainerInfo, DiskUsage} from './engine.js';
import {listIfThere} from './files/atomic-file.js';
import type {ImageService} from './image/image-service.js';
import {runNative} from './runtime/native-program.js';
import {containerInfo} from './wire/container.js';
import {imageInfo} from './wire/image.js';

export async function diskUsage(context: ContainerContext, images: ImageService): Promise<DiskUsage> {
	const usage = await images.diskUsage();
	const nowMs = Date.now();
	const containers: ContainerInfo[] = [];
	let idleBytes = 0;
	const uses = new Map<string, number>();
	for (const container of listEverything(context)) {
		const info = containerInfo(container, nowMs, undefined);
		const SizeRw = await writableBytes(context, container.id);
		containers.push({...info, SizeRw});
		idleBytes += ['running', 'paused', 'restarting'].includes(container.state.status) ? 0 : SizeRw;
		for (const name of info.Mounts.map(mount => mount.Name).filter(name => name !== undefined)) {
			uses.set(name, (uses.get(name) ?? 0) + 1);
		}
	}

	const volumes = await Promise.all(listIfThere(context.store.layout.volumes).map(async name => ({
		Name: name,
		Driver: 'local',
		Mountpoint: volumeData(context.store, name),
		UsageData: {Size: await treeBytes(context, volumeData(context.store, name)), RefCount: uses.get(name) ?? 0},
	})));
	return {
		LayersSize: usage.layersBytes,
		Images: usage.images.map(({image, sharedBytes, containers: count}) => ({...imageInfo(image, count), SharedSize: sharedBytes})),
		Containers: containers,
		Volumes: volumes,
		BuildCache: [],
		Disk: {
			Images: {Size: usage.diskBytes, Reclaimable: usage.reclaimableBytes},
			Containers: {Size: containers.reduce((sum, {SizeRw = 0}) => sum + SizeRw, 0), Reclaimable: idleBytes},
		},
	};
}

async function treeBytes({store}: ContainerContext, folder: string): Promise<number> {
	if (store.native === undefined) {
		return 0;
	}

	const report: Readonly<Record<string, unknown>> = await runNative(store.native, 'du', [folder]).catch(() => ({}));
	return typeof report['apparentBytes'] === 'number' ? report['apparentBytes'] : 0;
}
