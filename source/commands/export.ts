import {string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {writeArchive} from './output-file.js';

export const command = defineCommand({
	name: 'export',
	usage: '[OPTIONS] CONTAINER',
	summary: 'Write a container\'s file system as a tar archive',
	options: {
		output: string('o', 'Write this file instead of the standard output', {completes: 'file'}),
	},
	arguments: {min: 1, max: 1},
	completes: ['container'],
	async run(context, {options, arguments: [name]}) {
		const engine = await context.engine();
		await writeArchive(context, options.output, async () => engine.exportContainer(name!));
		return 0;
	},
});
