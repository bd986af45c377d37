import {defineCommand} from './context.js';
import {eachName} from './each-name.js';

export const command = defineCommand({
	name: 'wait',
	usage: 'CONTAINER [CONTAINER...]',
	summary: 'Wait until containers end, print their exit codes',
	options: {},
	arguments: {min: 1},
	completes: ['running'],
	run: async (context, {arguments: names}) => eachName(context, names, async (engine, name) => {
		const {exitCode} = await engine.waitContainer(name);
		return String(exitCode);
	}),
});
