import {bool} from '../arguments/option.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {confirm} from './confirm.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';

export const command = defineCommand({
	name: 'container prune',
	usage: '[OPTIONS]',
	summary: 'Remove all stopped containers',
	options: {
		filter: filterOption('Only those that match (until=1h, label=k=v, label!=k)', ['until', 'label', 'label!'], ''),
		force: bool('f', 'Don\'t ask'),
	},
	arguments: {min: 0, max: 0},
	async run(context, {options}) {
		if (!options.force && !(await confirm(context, 'WARNING! This will remove all stopped containers.'))) {
			return 0;
		}

		const engine = await context.engine();
		const {Deleted: deleted, SpaceReclaimed: bytes} = await engine.pruneContainers({filters: parseFilters(options.filter)});
		const list = deleted.length === 0 ? '' : `Deleted Containers:\n${deleted.map(id => `${id}\n`).join('')}\n`;
		context.output.write(`${list}Total reclaimed space: ${formatBytes(bytes, 4)}\n`);
		return 0;
	},
});
