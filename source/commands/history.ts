import type {HistoryEntry} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {formatList, type Columns} from '../format/list-format.js';
import {formatAge} from '../presentation/format-age.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {ellipsis, shortId} from '../presentation/format-identifier.js';
import {defineCommand} from './context.js';
import {formatHelp} from './format-help.js';

export const command = defineCommand({
	name: 'history',
	usage: '[OPTIONS] IMAGE',
	summary: 'Show the layers of an image and what made them',
	options: {
		format: string('', formatHelp),
		human: bool('H', 'Print sizes and dates for people', {initially: true}),
		'no-trunc': bool('', 'Don\'t cut ids and commands'),
		platform: string('', 'Show the history for this platform', {later: 'images of several platforms keep only the one of this machine'}),
		quiet: bool('q', 'Print image ids only'),
	},
	arguments: {min: 1, max: 1},
	completes: ['image'],
	async run(context, {options, arguments: [name]}) {
		const engine = await context.engine();
		const history = await engine.imageHistory(name!);
		const shown = ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'];
		context.output.write(await formatList(history, {columns: columns({isWhole: options['no-trunc'], isHuman: options.human}), shown, format: options.format, quiet: options.quiet ? 'ID' : undefined}));
		return 0;
	},
});

function columns({isWhole, isHuman}: {isWhole: boolean; isHuman: boolean}): Columns<HistoryEntry> {
	const isoDate = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
	return {
		ID: {header: 'IMAGE', value: entry => (isWhole || entry.Id === '<missing>' ? entry.Id : shortId(entry.Id))},
		CreatedSince: {header: isHuman ? 'CREATED' : 'CREATED AT', value: entry => (isHuman ? formatAge(entry.Created) || 'N/A' : isoDate(entry.Created))},
		CreatedAt: {header: 'CREATED AT', value: entry => (entry.Created > 0 ? isoDate(entry.Created) : 'N/A')},
		CreatedBy: {header: 'CREATED BY', value: entry => (isWhole ? entry.CreatedBy.replaceAll('\t', ' ') : ellipsis(entry.CreatedBy.replaceAll('\t', ' '), 45))},
		Size: {header: 'SIZE', value: entry => (isHuman ? formatBytes(entry.Size) : String(entry.Size))},
		Comment: {header: 'COMMENT', value: entry => entry.Comment},
	};
}
