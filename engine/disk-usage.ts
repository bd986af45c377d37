/**
What `system df` tells, in docker's JSON.
*/
import type {ContainerContext} from './container/container-context.js';
import {listEverything} from './container/list.js';
import {writableBytes} from './container/prune.js';
import type {ContainerInfo, DiskUsage} from './engine.js';
import type {ImageService} from './image/image-service.js';
import type {VolumeService} from './volume/volume-service.js';
import {containerInfo} from './wire/container.js';
import {imageInfo} from './wire/image.js';
import {volumeInfo} from './wire/volume.js';

type VolumeUsageInfo = DiskUsage['Volumes'][number]; // With the size, as asked for

export async function diskUsage(context: ContainerContext, images: ImageService, volumes: VolumeService): Promise<DiskUsage> {
	const usage = await images.diskUsage();
	const nowMs = Date.now();
	const containers: ContainerInfo[] = [];
	let idleBytes = 0;
	for (const container of listEverything(context)) {
		const info = containerInfo(container, nowMs, undefined);
		const SizeRw = await writableBytes(context, container.id);
		containers.push({...info, SizeRw});
		idleBytes += ['running', 'paused', 'restarting'].includes(container.state.status) ? 0 : SizeRw;
	}

	return {
		LayersSize: usage.layersBytes,
		Images: usage.images.map(({image, sharedBytes, containers: count}) => ({...imageInfo(image, count), SharedSize: sharedBytes})),
		Containers: containers,
		Volumes: (await volumes.list({size: true})).filter(({options}) => options === null).map(volume => volumeInfo(volume) as VolumeUsageInfo),
		BuildCache: [],
		Disk: {
			Images: {Size: usage.diskBytes, Reclaimable: usage.reclaimableBytes},
			Containers: {Size: containers.reduce((sum, {SizeRw = 0}) => sum + SizeRw, 0), Reclaimable: idleBytes},
		},
	};
}
