/** For a verb that is not there: what was meant, or what will bring it. */
import {didYouMean} from '../arguments/did-you-mean.js';
import type {CommandContext} from './context.js';
import {commandNames, families, laterCommands} from './registry.js';

export async function describeUnknown(context: CommandContext, words: readonly string[]): Promise<number> {
	const [first = '', second] = words;
	const isFamily = Object.hasOwn(families, first);
	if (isFamily && (second === undefined || second.startsWith('-'))) {
		const {helpFor} = await import('./help.js');
		const {helpWidth} = await import('./invoke.js');
		context.output.write(await helpFor([first], helpWidth(context)));
		return 0;
	}

	const typed = isFamily ? `${first} ${second!}` : first;
	const names = commandNames().filter(name => name.startsWith(`${first} `) === isFamily);
	const near = didYouMean(typed, isFamily ? names : names.filter(name => !name.includes(' ')));
	const later = Object.hasOwn(laterCommands, typed) ? laterCommands[typed] : undefined;
	context.errors.write([
		later === undefined ? `tug: unknown command: tug ${typed}` : `tug: 'tug ${typed}' is not there yet: it comes with ${later}`,
		...(near === undefined || later !== undefined ? [] : ['', `Did you mean ${near}?`]),
		'',
		`Run 'tug ${isFamily ? `${first} ` : ''}--help' for more information`,
		'',
	].join('\n'));
	return 1;
}
