import {bool} from '../arguments/option.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {confirm} from './confirm.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';

export const command = defineCommand({
	name: 'volume prune',
	usage: '[OPTIONS]',
	summary: 'Remove volumes that no container has',
	description: 'Only anonymous ones, unless --all is given.',
	options: {
		all: bool('a', 'Those with a name, too'),
		filter: filterOption('Only those that match (label=k=v, label!=k)', ['all', 'label', 'label!'], ''),
		force: bool('f', 'Don\'t ask'),
	},
	arguments: {min: 0, max: 0},
	async run(context, {options}) {
		const warning = `WARNING! This will remove ${options.all ? 'all' : 'anonymous'} local volumes not used by at least one container.`;
		if (!options.force && !(await confirm(context, warning))) {
			return 0;
		}

		const engine = await context.engine();
		const {Deleted: deleted, SpaceReclaimed: bytes} = await engine.pruneVolumes({filters: {...parseFilters(options.filter), ...(options.all ? {all: ['true']} : {})}});
		const list = deleted.length === 0 ? '' : `Deleted Volumes:\n${deleted.map(name => `${name}\n`).join('')}\n`;
		context.output.write(`${list}Total reclaimed space: ${formatBytes(bytes, 4)}\n`);
		return 0;
	},
});
