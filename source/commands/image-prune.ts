import {bool} from '../arguments/option.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {confirm} from './confirm.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';

export const command = defineCommand({
	name: 'image prune',
	usage: '[OPTIONS]',
	summary: 'Remove unused images',
	options: {
		all: bool('a', 'Remove all images no container uses, not only the ones without a name'),
		filter: filterOption('Only those that match (until=24h, label=k=v, label!=k)', ['until', 'label', 'label!'], ''),
		force: bool('f', 'Don\'t ask'),
	},
	arguments: {min: 0, max: 0},
	async run(context, {options}) {
		const warning = options.all ? 'WARNING! This will remove all images without at least one container associated to them.' : 'WARNING! This will remove all dangling images.';
		if (!options.force && !(await confirm(context, warning))) {
			return 0;
		}

		const engine = await context.engine();
		const {Deleted: deleted, SpaceReclaimed: bytes} = await engine.pruneImages({filters: {...parseFilters(options.filter), dangling: [String(!options.all)]}});
		const list = deleted.length === 0 ? '' : `Deleted Images:\n${deleted.map(line => `${line}\n`).join('')}\n`;
		context.output.write(`${list}Total reclaimed space: ${formatBytes(bytes, 4)}\n`);
		return 0;
	},
});
