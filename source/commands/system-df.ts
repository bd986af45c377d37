import type {DiskUsage} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {formatList, type Columns} from '../format/list-format.js';
import {formatAge} from '../presentation/format-age.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {shortId} from '../presentation/format-identifier.js';
import {CommandError, defineCommand} from './context.js';
import {formatHelp} from './format-help.js';
import {imageRows} from './image-rows.js';

export const command = defineCommand({
	name: 'system df',
	usage: '[OPTIONS]',
	summary: 'Show how much of the disk is used, and how much of that pruning gives back',
	description: 'Sizes of images are those on the disk: unpacked layers and the compressed ones they came from.',
	options: {
		format: string('', formatHelp),
		verbose: bool('v', 'Each image, container and volume'),
	},
	arguments: {min: 0, max: 0},
	async run(context, {options}) {
		if (options.verbose && options.format !== undefined) {
			throw new CommandError('the verbose and the format options conflict');
		}

		const engine = await context.engine();
		const usage = await engine.diskUsage();
		context.output.write(options.verbose ? await details(usage) : await formatList(rows(usage), {columns, shown: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'], format: options.format}));
		return 0;
	},
});

type Row = {readonly type: string; readonly total: number; readonly active: number; readonly size: number; readonly reclaimable: number};

const columns: Columns<Row> = {
	Type: {header: 'TYPE', value: ({type}) => type},
	TotalCount: {header: 'TOTAL', value: ({total}) => String(total)},
	Active: {header: 'ACTIVE', value: ({active}) => String(active)},
	Size: {header: 'SIZE', value: ({size}) => formatBytes(size, 4)},
	Reclaimable: {
		header: 'RECLAIMABLE',
		value: ({size, reclaimable}) => (size > 0 ? `${formatBytes(reclaimable, 4)} (${Math.floor((reclaimable / size) * 100)}%)` : formatBytes(reclaimable, 4)),
	},
};

function rows(usage: DiskUsage): Row[] {
	const isActive = (state: string) => ['running', 'paused', 'restarting'].includes(state);
	const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
	const used = usage.Images.filter(({Containers: count}) => count > 0);
	const images = usage.Disk?.Images ?? {Size: usage.LayersSize, Reclaimable: usage.LayersSize - sum(used.map(image => image.Size - Math.max(0, image.SharedSize)))};
	const containerSizes = usage.Containers.map(container => ({size: container.SizeRw ?? 0, active: isActive(container.State)}));
	const volumes = usage.Volumes.map(({UsageData: {Size: size, RefCount: uses}}) => ({size, uses}));
	return [
		{type: 'Images', total: usage.Images.length, active: used.length, size: images.Size, reclaimable: images.Reclaimable},
		{
			type: 'Containers',
			total: usage.Containers.length,
			active: containerSizes.filter(({active}) => active).length,
			size: sum(containerSizes.map(({size}) => size)),
			reclaimable: sum(containerSizes.filter(({active}) => !active).map(({size}) => size)),
		},
		{type: 'Local Volumes', total: volumes.length, active: volumes.filter(({uses}) => uses > 0).length, size: sum(volumes.map(({size}) => size)), reclaimable: sum(volumes.filter(({uses}) => uses === 0).map(({size}) => size))},
		{type: 'Build Cache', total: usage.BuildCache.length, active: 0, size: 0, reclaimable: 0},
	];
}

async function details(usage: DiskUsage): Promise<string> {
	const images = await formatList(imageRows(usage.Images, {digests: false}), {
		columns: {
			Repository: {header: 'REPOSITORY', value: row => row.repository},
			Tag: {header: 'TAG', value: row => row.tag},
			ID: {header: 'IMAGE ID', value: ({image}) => shortId(image.Id)},
			Created: {header: 'CREATED', value: ({image}) => (image.Created > 0 ? formatAge(image.Created) : 'N/A')},
			Size: {header: 'SIZE', value: ({image}) => formatBytes(image.Size)},
			SharedSize: {header: 'SHARED SIZE', value: ({image}) => formatBytes(Math.max(0, image.SharedSize), 4)},
			UniqueSize: {header: 'UNIQUE SIZE', value: ({image}) => formatBytes(image.Size - Math.max(0, image.SharedSize), 4)},
			Containers: {header: 'CONTAINERS', value: ({image}) => String(image.Containers)},
		},
		shown: ['Repository', 'Tag', 'ID', 'Created', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
		format: undefined,
	});
	const containers = await formatList(usage.Containers, {
		columns: {
			ID: {header: 'CONTAINER ID', value: container => shortId(container.Id)},
			Image: {header: 'IMAGE', value: container => container.Image},
			Command: {header: 'COMMAND', value: container => JSON.stringify(container.Command.length > 20 ? `${container.Command.slice(0, 19)}…` : container.Command)},
			LocalVolumes: {header: 'LOCAL VOLUMES', value: container => String(container.Mounts.filter(({Type: type}) => type === 'volume').length)},
			Size: {header: 'SIZE', value: container => formatBytes(container.SizeRw ?? 0)},
			Created: {header: 'CREATED', value: container => formatAge(container.Created)},
			Status: {header: 'STATUS', value: container => container.Status},
			Names: {header: 'NAMES', value: container => container.Names.map(name => name.replace(/^\//, '')).join(',')},
		},
		shown: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'Created', 'Status', 'Names'],
		format: undefined,
	});
	const volumes = await formatList(usage.Volumes, {
		columns: {
			Name: {header: 'VOLUME NAME', value: volume => volume.Name},
			Links: {header: 'LINKS', value: volume => String(volume.UsageData.RefCount)},
			Size: {header: 'SIZE', value: volume => formatBytes(volume.UsageData.Size)},
		},
		shown: ['Name', 'Links', 'Size'],
		format: undefined,
	});
	return `Images space usage:\n\n${images}\nContainers space usage:\n\n${containers}\nLocal Volumes space usage:\n\n${volumes}\nBuild cache usage: 0B\n\n`;
}
