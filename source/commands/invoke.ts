/** From the words after the verb to its exit code. */
import {argumentCountProblem} from '../arguments/command.js';
import {parse} from '../arguments/parse.js';
import {UsageError} from '../arguments/usage-error.js';
import type {Command, CommandContext} from './context.js';
import type {Entry} from './registry.js';

/** Throws what the command throws, and UsageError. */
export async function invoke(context: CommandContext, {command, entry, words}: {command: Command; entry: Entry; words: readonly string[]}): Promise<number> {
	const parsed = parse({options: command.options, ...(command.interspersed === undefined ? {} : {interspersed: command.interspersed})}, words);
	if (parsed.wantsHelp) {
		const {commandHelp} = await import('./help.js');
		context.output.write(await commandHelp(command, entry, helpWidth(context)));
		return 0;
	}

	const problem = argumentCountProblem(parsed.arguments.length, command.arguments);
	if (problem !== undefined) {
		throw new UsageError(`tug: 'tug ${command.name}' ${problem}`, {exitCode: 1});
	}

	return command.run(context, parsed);
}

/** A terminal's width, 80 elsewhere. */
export function helpWidth({output}: CommandContext): number {
	return output.isTerminal ? process.stdout.columns || 80 : 80;
}
