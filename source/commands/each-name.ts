/** For verbs over several names: all are tried; each that worked is printed, in order; one failure makes the exit code 1. */
import type {Engine} from '../../engine/index.js';
import type {CommandContext} from './context.js';
import {reportFailure} from './report-error.js';

/** What is printed for a name: the name itself (undefined), another text, or nothing (null). */
type Result = string | undefined | null;

export async function eachName(context: CommandContext, names: readonly string[], action: (engine: Engine, name: string) => Promise<Result | void>): Promise<number> {
	const engine = await context.engine();
	// All at once, as docker does: stopping waits for processes.
	const results = await Promise.allSettled(names.map(async name => action(engine, name)));
	let exitCode = 0;
	for (const [index, result] of results.entries()) {
		if (result.status === 'rejected') {
			reportFailure(context.errors, result.reason, context.global.debug);
			exitCode = 1;
		} else if (result.value !== null) {
			context.output.write(`${result.value ?? names[index]!}\n`);
		}
	}

	return exitCode;
}
