import {string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {writeArchive} from './output-file.js';

export const command = defineCommand({
	name: 'volume export',
	usage: '[OPTIONS] VOLUME',
	summary: 'Write what is in a volume as a tar archive',
	description: 'Owners, modes, links and attributes are kept. What a container writes meanwhile may be in it or not; stop or pause it for a backup of one moment.',
	options: {
		output: string('o', 'Write this file instead of the standard output', {completes: 'file', differs: 'docker has no such command'}),
	},
	arguments: {min: 1, max: 1},
	completes: ['volume'],
	examples: [['tug volume export data > data.tar', 'a backup'], ['tug volume export data | ssh there tug volume import data', 'to another machine']],
	async run(context, {options, arguments: [name]}) {
		const engine = await context.engine();
		await writeArchive(context, options.output, async () => engine.exportVolume(name!));
		return 0;
	},
});
