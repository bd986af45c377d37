/** Help texts, laid out by yargs from the option table. Only who asks for help loads it. */
import yargs from 'yargs';
import type {Command} from './command.js';
import {valueName, type Option, type OptionTable} from './option.js';

export type HelpPage = {
	readonly head: string;
	readonly options: OptionTable;
	readonly examples?: Command['examples'];
	readonly foot?: string;
	readonly width: number;
};

export async function helpText({head, options, examples, foot, width}: HelpPage): Promise<string> {
	const parser = yargs([]).scriptName('tug').detectLocale(false).locale('en').help(false).version(false).wrap(width).usage(head);
	for (const [name, option] of Object.entries(options)) {
		if (!option.hidden && option.later === undefined) {
			parser.option(name, {
				...(option.short === undefined ? {} : {alias: option.short}),
				describe: describe(option),
				// What follows in brackets is ours: docker's names for the kinds of values.
				defaultDescription: '',
			});
		}
	}

	for (const [command, what] of examples ?? []) {
		parser.example(command, what);
	}

	if (foot !== undefined) {
		parser.epilogue(foot);
	}

	return `${await parser.getHelp()}\n`;
}

function describe(option: Option): string {
	const notes = [valueName(option), ...(option.kind === 'list' ? ['repeatable'] : []), ...(option.initially ? ['default true'] : [])].filter(note => note !== '' && note !== 'list');
	return notes.length === 0 ? option.help : `${option.help} [${notes.join(', ')}]`;
}
