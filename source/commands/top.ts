import {alignColumns} from '../format/align-columns.js';
import {printableText} from '../format/printable-text.js';
import {defineCommand} from './context.js';

const columnWidth = 20;

export const command = defineCommand({
	name: 'top',
	usage: 'CONTAINER [ps OPTIONS]',
	summary: 'Show the processes of a container',
	options: {},
	arguments: {min: 1},
	interspersed: false,
	completes: ['running'],
	examples: [['tug top web -o pid,cmd', 'choose the columns as ps does']],
	async run(context, {arguments: [name, ...psArguments]}) {
		const engine = await context.engine();
		const {Titles: titles, Processes: processes} = await engine.top(name!, psArguments.length === 0 ? undefined : psArguments.join(' '));
		context.output.write(`${alignColumns([titles, ...processes].map(cells => cells.map(cell => printableText(cell)).join('\t')).join('\n'), columnWidth)}\n`);
		return 0;
	},
});
