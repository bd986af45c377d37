import {defineCommand} from './context.js';
import {eachName} from './each-name.js';
import {oldTimeOption, stopArguments, stopOptions} from './stop.js';

export const command = defineCommand({
	name: 'restart',
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Stop and start containers',
	options: {...stopOptions, ...oldTimeOption},
	arguments: {min: 1},
	completes: ['container'],
	run: async (context, {options, arguments: names}) => eachName(context, names, async (engine, name) => engine.restartContainer(name, stopArguments(options))),
});
