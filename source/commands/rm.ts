import {bool} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {eachName} from './each-name.js';
import {isEngineError} from './report-error.js';

export const command = defineCommand({
	name: 'rm',
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Remove containers',
	options: {
		force: bool('f', 'Kill it first when it runs; a container that is not there is no error'),
		link: bool('l', 'Remove a link', {later: 'links need networks'}),
		volumes: bool('v', 'Remove its anonymous volumes too'),
	},
	arguments: {min: 1},
	completes: ['container'],
	examples: [['tug rm -f web', 'stop and remove at once'], ['tug rm $(tug ps -aq)', 'all that have ended']],
	run: async (context, {options, arguments: names}) => eachName(context, names, async (engine, name) => {
		try {
			await engine.removeContainer(name.replace(/^\//, ''), {force: options.force, volumes: options.volumes});
		} catch (error) {
			// docker's: with --force the sentence is shown, but asking for what is already so succeeds.
			if (!options.force || !isEngineError(error) || error.kind !== 'notFound') {
				throw error;
			}

			context.errors.write(`tug: ${error.message}\n`);
			return null;
		}

		return undefined;
	}),
});
