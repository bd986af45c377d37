import type {EventMessage} from '../../engine/index.js';
import {string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';
import {formatOneHelp} from './format-help.js';
import {timeOption} from './logs.js';

export const command = defineCommand({
	name: 'events',
	usage: '[OPTIONS]',
	summary: 'Show what happens, as it happens',
	options: {
		filter: filterOption('Only what matches (type, event, container, image, label)', ['type', 'event', 'container', 'image', 'label']),
		format: string('', formatOneHelp),
		since: string('', 'Begin with what happened since this time: a date, unix seconds, or 10m for ten minutes ago'),
		until: string('', 'Stop at this time'),
	},
	arguments: {min: 0, max: 0},
	examples: [['tug events --filter event=die --format \'{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}\'', 'who ended how']],
	async run(context, {options}) {
		const since = timeOption('since', options.since);
		const until = timeOption('until', options.until);
		const print = await printer(options.format);
		const engine = await context.engine();
		const events = engine.events({
			filters: parseFilters(options.filter),
			signal: context.interrupted(),
			...(since === undefined ? {} : {since}),
			...(until === undefined ? {} : {until}),
		});
		for await (const event of events) {
			context.output.write(`${print(event)}\n`);
		}

		return context.interrupted().aborted ? 130 : 0;
	},
});

async function printer(format: string | undefined): Promise<(event: EventMessage) => string> {
	if (format === undefined || format === '') {
		return plainText;
	}

	if (format === 'json') {
		const {eventJson} = await import('../../engine/index.js');
		return eventJson;
	}

	const {compileTemplate} = await import('../format/template.js');
	return compileTemplate(format);
}

function plainText(event: EventMessage): string {
	const attributes = Object.entries(event.Actor.Attributes).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
	return `${localTime(event)} ${event.Type} ${event.Action} ${event.Actor.ID}${attributes.length === 0 ? '' : ` (${attributes.join(', ')})`}`;
}

// RFC 3339 with nine digits, in local time, as docker prints it.
function localTime({time, timeNano, timeNanoText}: EventMessage): string {
	const date = new Date(time * 1000);
	const offset = -date.getTimezoneOffset();
	const shifted = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
	const fraction = (timeNanoText ?? String(timeNano % 1e9)).slice(-9).padStart(9, '0');
	const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')}:${String(Math.abs(offset) % 60).padStart(2, '0')}`;
	return `${shifted}.${fraction}${zone}`;
}
