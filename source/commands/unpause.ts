import {defineCommand} from './context.js';
import {eachName} from './each-name.js';

export const command = defineCommand({
	name: 'unpause',
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Let paused containers go on',
	options: {},
	arguments: {min: 1},
	completes: ['running'],
	run: async (context, {arguments: names}) => eachName(context, names, async (engine, name) => engine.unpauseContainer(name)),
});
