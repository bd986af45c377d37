import type {ImageSearchResult} from '../../engine/index.js';
import {bool, int, string} from '../arguments/option.js';
import {formatList, type Columns} from '../format/list-format.js';
import {defineCommand} from './context.js';
import {filterOption, parseFilters} from './filters.js';
import {formatHelp} from './format-help.js';

export const command = defineCommand({
	name: 'search',
	usage: '[OPTIONS] TERM',
	summary: 'Search a registry for images',
	description: 'Docker Hub, or with HOST[:PORT]/TERM another registry; one without search is asked for its catalog.',
	options: {
		filter: filterOption('Only what matches (is-official, stars)', ['is-official', 'is-automated', 'stars']),
		format: string('', formatHelp),
		limit: int('', 'How many results at most (1 to 100)'),
		'no-trunc': bool('', 'Don\'t cut descriptions'),
	},
	arguments: {min: 1, max: 1},
	examples: [['tug search --filter is-official=true nginx', ''], ['tug search registry.local:5000/team', 'what one\'s own registry has']],
	async run(context, {options, arguments: [term]}) {
		const engine = await context.engine();
		const found = await engine.searchImages(term!, {...(options.limit === undefined ? {} : {limit: options.limit}), filters: parseFilters(options.filter)});
		context.output.write(await formatList(found, {columns: columns(options['no-trunc']), shown: ['Name', 'Description', 'StarCount', 'IsOfficial'], format: options.format}));
		return 0;
	},
});

const shortDescription = 45;

function columns(isWhole: boolean): Columns<ImageSearchResult> {
	return {
		Name: {header: 'NAME', value: ({name}) => name},
		Description: {
			header: 'DESCRIPTION',
			value({description}) {
				const text = description.replaceAll(/[\n\r]/g, ' ');
				return isWhole || [...text].length <= shortDescription ? text : `${[...text].slice(0, shortDescription - 1).join('')}…`;
			},
		},
		StarCount: {header: 'STARS', value: ({star_count: stars}) => stars},
		IsOfficial: {header: 'OFFICIAL', value: result => (result.is_official ? '[OK]' : '')},
		IsAutomated: {header: 'AUTOMATED', value: result => (result.is_automated ? '[OK]' : ''), hidden: true},
	};
}
