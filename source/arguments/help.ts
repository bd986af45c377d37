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

export async function helpText({head, options, examples = [], foot, width}: HelpPage): Promise<string> {
	// The head is not yargs' to lay out: it takes the indentation away.
	const parser = yargs([]).scriptName('tug').detectLocale(false).locale('en').help(false).version(false).wrap(width).usage('');
	const visible = Object.entries(options).filter(([, option]) => !option.hidden && option.later === undefined).sort(([a], [b]) => (a < b ? -1 : 1));
	for (const [name, option] of visible) {
		parser.option(name, {...(option.short === undefined ? {} : {alias: option.short}), describe: describe(option)});
	}

	for (const [command, what] of examples) {
		parser.example(command, what);
	}

	const body = visible.length + examples.length === 0 ? '' : (await parser.getHelp()).trim();
	return `${[head, body, foot === undefined ? '' : wrapped(foot, width)].filter(part => part !== '').join('\n\n')}\n`;
}

/** Breaks a text at blanks. */
export function wrapped(text: string, width: number): string {
	return text.split('\n').map(line => line.replaceAll(new RegExp(`(?![^\\n]{1,${width}}$)([^\\n]{1,${width}}) `, 'g'), '$1\n')).join('\n');
}

function describe(option: Option): string {
	const notes = [valueName(option), ...(option.kind === 'list' ? ['repeatable'] : []), ...(option.initially ? ['default true'] : [])].filter(note => note !== '' && note !== 'list');
	return notes.length === 0 ? option.help : `${option.help} [${notes.join(', ')}]`;
}
