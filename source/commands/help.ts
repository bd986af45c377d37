/** `tug --help`, `tug help run`, `tug container`. */
import {globalOptions} from '../arguments/global-options.js';
import {helpText, wrapped} from '../arguments/help.js';
import {CommandError, type Command} from './context.js';
import {entries, families, findCommand, groupTitles, type Entry, type Group} from './registry.js';
import {usageLine} from './report-error.js';

const maxWidth = 100;

/** Throws CommandError for a verb that is not there. */
export async function helpFor(words: readonly string[], columns: number): Promise<string> {
	const width = Math.min(columns, maxWidth);
	const [first] = words;
	if (first === undefined) {
		return topHelp(width);
	}

	if (words.length === 1 && Object.hasOwn(families, first)) {
		return familyHelp(first, width);
	}

	const found = findCommand(words);
	if (found === undefined) {
		throw new CommandError(`unknown command: tug ${words.join(' ')}`);
	}

	return commandHelp(await found.entry.load(), found.entry, width);
}

export async function commandHelp(command: Command, entry: Entry, width: number): Promise<string> {
	const aliases = entry.aliases === undefined ? '' : `\n\nAliases:\n  ${entry.aliases.map(name => `tug ${name}`).join(', ')}`;
	const later = Object.entries(command.options).filter(([, option]) => option.later !== undefined).map(([name]) => `--${name}`);
	return helpText({
		head: `${usageLine(command)}\n\n${command.summary}${command.description === undefined ? '' : `\n\n${wrapped(command.description, width)}`}${aliases}`,
		options: command.options,
		examples: command.examples,
		width,
		...(later.length === 0 ? {} : {foot: `Not yet: ${later.join(', ')}`}),
	});
}

async function topHelp(width: number): Promise<string> {
	const groups = await Promise.all((Object.keys(groupTitles) as Group[]).map(async group => section(groupTitles[group], entries.filter(entry => entry.group === group))));
	return helpText({
		head: [
			'Usage:  tug [OPTIONS] [COMMAND]',
			wrapped('A terminal dashboard for containers with the engine inside. Without a command it opens the dashboard.', width),
			...groups,
		].join('\n\n'),
		options: globalOptions,
		foot: 'Run \'tug COMMAND --help\' for more about a command.',
		width,
	});
}

async function familyHelp(family: string, width: number): Promise<string> {
	const members = entries.flatMap(entry => {
		const name = [entry.name, ...(entry.aliases ?? [])].find(candidate => candidate.startsWith(`${family} `));
		return name === undefined ? [] : [{...entry, name: name.slice(family.length + 1)}];
	}).sort((a, b) => (a.name < b.name ? -1 : 1));
	return helpText({
		head: [`Usage:  tug ${family} COMMAND`, families[family]!, await section('Commands', members)].join('\n\n'),
		options: {},
		foot: `Run 'tug ${family} COMMAND --help' for more about a command.`,
		width,
	});
}

async function section(title: string, members: readonly Entry[]): Promise<string> {
	const lines = await Promise.all(members.map(async entry => `  ${entry.name.padEnd(18)}${(await entry.load()).summary}`));
	return `${title}:\n${lines.join('\n')}`;
}
