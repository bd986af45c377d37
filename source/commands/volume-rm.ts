import {bool} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {eachName} from './each-name.js';

export const command = defineCommand({
	name: 'volume rm',
	usage: '[OPTIONS] VOLUME [VOLUME...]',
	summary: 'Remove volumes',
	description: 'A volume that a container has, running or not, is not removed.',
	options: {
		force: bool('f', 'A volume that is not there is no error'),
	},
	arguments: {min: 1},
	completes: ['volume'],
	examples: [['tug volume rm data', ''], ['tug volume rm $(tug volume ls -qf dangling=true)', 'all that no container has']],
	run: async (context, {options, arguments: names}) => eachName(context, names, async (engine, name) => engine.removeVolume(name, {force: options.force})),
});
