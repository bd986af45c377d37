import type {VolumeInfo} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {formatList, type Columns} from '../format/list-format.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';
import {formatHelp} from './format-help.js';

const collator = new Intl.Collator('en', {numeric: true});

export const command = defineCommand({
	name: 'volume ls',
	usage: '[OPTIONS]',
	summary: 'List volumes',
	options: {
		cluster: bool('', 'Cluster volumes', {later: 'there are no clusters', hidden: true}),
		filter: filterOption('Show only what matches (dangling, driver, label, name)', ['dangling', 'driver', 'label', 'name']),
		format: string('', formatHelp),
		quiet: bool('q', 'Print names only'),
		size: bool('s', 'With how much they hold and how many containers have them', {differs: 'docker has it in system df -v'}),
	},
	arguments: {min: 0, max: 0},
	examples: [['tug volume ls -s', 'with sizes'], ['tug volume ls -qf dangling=true', 'what no container has']],
	async run(context, {options: {filter, format, quiet, size: isMeasured}}) {
		const engine = await context.engine();
		const volumes = await engine.listVolumes({filters: parseFilters(filter), size: isMeasured});
		volumes.sort((a, b) => collator.compare(a.Name, b.Name));
		const shown = ['Driver', 'Name', ...(isMeasured ? ['Links', 'Size'] : [])];
		context.output.write(await formatList(volumes, {columns, shown, format, quiet: quiet ? 'Name' : undefined}));
		return 0;
	},
});

const columns: Columns<VolumeInfo> = {
	Availability: {header: 'AVAILABILITY', value: () => 'N/A'},
	Driver: {header: 'DRIVER', value: volume => volume.Driver},
	Group: {header: 'GROUP', value: () => 'N/A'},
	Labels: {header: 'LABELS', value: ({Labels: labels}) => Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).join(',')},
	Links: {header: 'LINKS', value: ({UsageData: usage}) => (usage === undefined ? 'N/A' : String(usage.RefCount))},
	Mountpoint: {header: 'MOUNTPOINT', value: volume => volume.Mountpoint},
	Name: {header: 'VOLUME NAME', value: volume => volume.Name},
	Scope: {header: 'SCOPE', value: volume => volume.Scope},
	Size: {header: 'SIZE', value: ({UsageData: usage}) => (usage === undefined ? 'N/A' : formatBytes(usage.Size))},
	Status: {header: 'STATUS', value: () => 'N/A'},
	Label: {header: '', value: ({Labels: labels}) => (key: unknown) => labels?.[String(key)] ?? '', hidden: true},
};
