import type {ContainerInfo} from '../../engine/index.js';
import {bool, int, string} from '../arguments/option.js';
import {formatList, type Columns} from '../format/list-format.js';
import {formatAge, formatTimestamp} from '../presentation/format-age.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {ellipsis, shortId} from '../presentation/format-identifier.js';
import {formatPorts} from '../presentation/format-ports.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';
import {formatHelp} from './format-help.js';

export const command = defineCommand({
	name: 'ps',
	usage: '[OPTIONS]',
	summary: 'List containers',
	options: {
		all: bool('a', 'Show all containers, not only the running ones'),
		filter: filterOption('Show only what matches (id, name, label, status, ancestor, before, since, exited, health, volume, network)', ['id', 'name', 'label', 'status', 'ancestor', 'before', 'since', 'exited', 'health', 'volume', 'network']),
		format: string('', formatHelp),
		last: int('n', 'Show the n last created containers, in any state'),
		latest: bool('l', 'Show the last created container, in any state'),
		'no-trunc': bool('', 'Don\'t cut ids and commands'),
		quiet: bool('q', 'Print ids only'),
		size: bool('s', 'Show the size on disk'),
	},
	arguments: {min: 0, max: 0},
	examples: [
		['tug ps -a', 'all containers'],
		['tug ps --filter status=exited --format \'{{.Names}}: {{.Status}}\'', 'how the ended ones ended'],
	],
	async run(context, {options}) {
		const engine = await context.engine();
		const limit = options.latest ? 1 : (options.last !== undefined && options.last > 0 ? options.last : undefined);
		const {size: showsSize} = options;
		const needsSize = showsSize || /\.Size\b|\bjson \.\s*\}\}/.test(options.format ?? '');
		const containers = await engine.listContainers({
			all: options.all,
			...(limit === undefined ? {} : {limit}),
			...(needsSize ? {size: true} : {}),
			filters: parseFilters(options.filter),
		});
		const shown = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(showsSize ? ['Size'] : [])];
		context.output.write(await formatList(containers, {columns: columns(options['no-trunc']), shown, format: options.format, quiet: options.quiet ? 'ID' : undefined}));
		return 0;
	},
});

function columns(isWhole: boolean): Columns<ContainerInfo> {
	return {
		ID: {header: 'CONTAINER ID', value: container => (isWhole ? container.Id : shortId(container.Id))},
		Names: {header: 'NAMES', value: container => container.Names.map(name => name.replace(/^\//, '')).filter(name => isWhole || !name.includes('/')).join(',')},
		Image: {header: 'IMAGE', value: container => imageName(container, isWhole)},
		Command: {header: 'COMMAND', value: container => JSON.stringify(isWhole ? container.Command : ellipsis(container.Command, 20))},
		CreatedAt: {header: 'CREATED AT', value: container => formatTimestamp(container.Created)},
		RunningFor: {header: 'CREATED', value: container => formatAge(container.Created)},
		Ports: {header: 'PORTS', value: container => formatPorts(container.Ports)},
		State: {header: 'STATE', value: container => container.State},
		Status: {header: 'STATUS', value: container => container.Status},
		Size: {header: 'SIZE', value: container => formatBytes(container.SizeRw ?? 0) + (container.SizeRootFs ? ` (virtual ${formatBytes(container.SizeRootFs)})` : '')},
		Labels: {header: 'LABELS', value: container => Object.entries(container.Labels ?? {}).map(([key, value]) => `${key}=${value}`).join(',')},
		Label: {header: 'LABEL', hidden: true, value: container => (key: string) => container.Labels?.[key] ?? ''},
		Mounts: {header: 'MOUNTS', value: container => (container.Mounts ?? []).map(mount => mountName(mount, isWhole)).join(',')},
		LocalVolumes: {header: 'LOCAL VOLUMES', value: container => String((container.Mounts ?? []).filter(mount => mount.Driver === 'local').length)},
		Networks: {header: 'NETWORKS', value: container => Object.keys(container.NetworkSettings?.Networks ?? {}).sort().join(',')},
	};
}

function imageName({Image: image, ImageID: imageId}: ContainerInfo, isWhole: boolean): string {
	if (image === '') {
		return '<no image>';
	}

	if (isWhole) {
		return image;
	}

	return image === imageId || /^(sha256:)?[\da-f]{64}$/.test(image) ? shortId(image) : image.replace(/@sha256:[\da-f]+$/, '');
}

function mountName(mount: ContainerInfo['Mounts'][number], isWhole: boolean): string {
	const name = mount.Name === undefined || mount.Name === '' ? mount.Source : mount.Name;
	return isWhole ? name : ellipsis(name, 15);
}
