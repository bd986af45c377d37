import {string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {eachName} from './each-name.js';

export const command = defineCommand({
	name: 'kill',
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Kill running containers, or send them a signal',
	options: {
		signal: string('s', 'The signal: a name or number (default SIGKILL)', {choices: ['HUP', 'INT', 'KILL', 'QUIT', 'TERM', 'USR1', 'USR2', 'WINCH']}),
	},
	arguments: {min: 1},
	completes: ['running'],
	examples: [['tug kill -s HUP web', 'ask a server to read its configuration again']],
	run: async (context, {options, arguments: names}) => eachName(context, names, async (engine, name) => engine.killContainer(name, options.signal)),
});
