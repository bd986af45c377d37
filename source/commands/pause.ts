import {defineCommand} from './context.js';
import {eachName} from './each-name.js';

export const command = defineCommand({
	name: 'pause',
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Freeze all processes of containers',
	options: {},
	arguments: {min: 1},
	completes: ['running'],
	run: async (context, {arguments: names}) => eachName(context, names, async (engine, name) => engine.pauseContainer(name)),
});
