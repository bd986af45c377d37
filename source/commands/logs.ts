import {bool, string} from '../arguments/option.js';
import {parseTime} from '../arguments/duration.js';
import {CommandError, defineCommand} from './context.js';

export const command = defineCommand({
	name: 'logs',
	usage: '[OPTIONS] CONTAINER',
	summary: 'Show what a container wrote',
	options: {
		details: bool('', 'Show the log driver\'s extra details', {differs: 'accepted; there are none'}),
		follow: bool('f', 'Go on as it writes more'),
		since: string('', 'Only from this time on: a date, unix seconds, or 10m for ten minutes ago'),
		tail: string('n', 'Only the last n lines (default all)'),
		timestamps: bool('t', 'Put the time before each line'),
		until: string('', 'Only before this time'),
	},
	arguments: {min: 1, max: 1},
	completes: ['container'],
	examples: [['tug logs -f --tail 20 web', 'the last lines and whatever follows'], ['tug logs --since 5m web', 'the last five minutes']],
	async run(context, {options, arguments: [name]}) {
		const since = timeOption('since', options.since);
		const until = timeOption('until', options.until);
		const engine = await context.engine();
		const chunks = engine.logs(name!, {
			follow: options.follow,
			timestamps: options.timestamps,
			// docker takes a word that is no number for all.
			tail: /^\d+$/.test(options.tail ?? '') ? Number(options.tail) : 'all',
			...(since === undefined ? {} : {since}),
			...(until === undefined ? {} : {until}),
			...(options.follow ? {signal: context.interrupted()} : {}),
		});
		for await (const {stream, data} of chunks) {
			await (stream === 'stdout' ? context.output : context.errors).send(data);
		}

		return options.follow && context.interrupted().aborted ? 130 : 0;
	},
});

export function timeOption(name: string, text: string | undefined): number | undefined {
	if (text === undefined || text === '') {
		return undefined;
	}

	const time = parseTime(text);
	if (time === undefined) {
		throw new CommandError(`invalid value for "${name}": failed to parse value as time or duration: ${JSON.stringify(text)}`);
	}

	return time;
}
