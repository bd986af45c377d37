/** The command line: finds the verb, gives it its context, and turns what comes of it into an exit code. Loads nothing it may not need. */
import process from 'node:process';
import type {Engine} from '../engine/index.js';
import {globalOptions} from './arguments/global-options.js';
import {parse, type Parsed} from './arguments/parse.js';
import {UsageError} from './arguments/usage-error.js';
import type {Command, CommandContext} from './commands/context.js';
import {findCommand} from './commands/registry.js';
import {describeError} from './commands/report-error.js';
import {BrokenPipeError, isTerminal, standardOutput} from './foreground/standard-streams.js';

type Globals = Parsed<typeof globalOptions>;

const brokenPipeExit = 141; // as a shell shows a death by SIGPIPE
const output = standardOutput(1);
const errors = standardOutput(2);

let opened: Promise<Engine> | undefined;
let debug = false;

/** Runs one command. Resolves to its exit code. */
export async function main(words: readonly string[]): Promise<number> {
	let command: Command | undefined;
	try {
		const globals = parse({options: globalOptions, interspersed: false}, words);
		debug = globals.options.debug;
		if (globals.options.version) {
			const {productVersion} = await import('./product-version.js');
			output.write(`tug version ${productVersion()}\n`);
			return 0;
		}

		const context = makeContext(globals);
		const [first] = globals.arguments;
		if (globals.wantsHelp || first === 'help' || (first === undefined && !output.isTerminal)) {
			return await help(context, globals.arguments.slice(first === 'help' ? 1 : 0));
		}

		if (first === undefined) {
			return await dashboard(context);
		}

		const found = findCommand(globals.arguments);
		if (found === undefined) {
			return await unknown(context, globals.arguments);
		}

		command = await found.entry.load();
		const {invoke} = await import('./commands/invoke.js');
		return await invoke(context, {command, entry: found.entry, words: found.rest});
	} catch (error) {
		return await report(error, command);
	} finally {
		await close();
	}
}

function makeContext(globals: Globals): CommandContext {
	let interruption: AbortController | undefined;
	return {
		async engine() {
			opened ??= openEngine(globals);
			return opened;
		},
		output,
		errors,
		input: {
			get isTerminal() {
				return isTerminal(0);
			},
			stream: () => process.stdin,
		},
		environment: process.env,
		directory: process.cwd(),
		debug(text) {
			if (debug) {
				say(text);
			}
		},
		interrupted() {
			if (interruption === undefined) {
				const controller = new AbortController();
				interruption = controller;
				for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
					process.once(signal, () => {
						controller.abort();
					});
				}
			}

			return interruption.signal;
		},
		global: {root: globals.options.root, debug},
	};
}

async function openEngine({options}: Globals): Promise<Engine> {
	const {openLocalEngine} = await import('./commands/open-engine.js');
	const engine = await openLocalEngine({root: options.root, hosts: options.host, environment: process.env});
	if (!debug) {
		return engine;
	}

	const {tracedEngine} = await import('./commands/traced-engine.js');
	return tracedEngine(engine, say);
}

/** With the time since the program began. */
function say(text: string): void {
	errors.write(`tug: ${performance.now().toFixed(0).padStart(5)} ms ${text}\n`);
}

async function help(context: CommandContext, words: readonly string[]): Promise<number> {
	const {helpFor} = await import('./commands/help.js');
	const {helpWidth} = await import('./commands/invoke.js');
	output.write(await helpFor(words, helpWidth(context)));
	return 0;
}

async function dashboard(context: CommandContext): Promise<number> {
	const engine = await context.engine();
	const {runDashboard} = await import('./app.js');
	return runDashboard(engine, {
		async demo() {
			const {startDemo} = await import('../engine/index.js');
			await startDemo(engine);
		},
		async openRegistry() {
			const {openRegistryServer} = await import('../engine/index.js');
			const root = context.global.root || context.environment['TUG_ROOT'];
			return openRegistryServer({...(root ? {root} : {}), listen: '127.0.0.1:5000'});
		},
	});
}

async function unknown(context: CommandContext, words: readonly string[]): Promise<number> {
	const [first] = words;
	if (first === '__complete') {
		const {complete} = await import('./commands/complete.js');
		return complete(context, words.slice(1));
	}

	const {describeUnknown} = await import('./commands/unknown-command.js');
	return describeUnknown(context, words);
}

async function report(error: unknown, command: Command | undefined): Promise<number> {
	if (error instanceof BrokenPipeError) {
		return brokenPipeExit;
	}

	const {text, exitCode} = describeError(error, {command, debug});
	try {
		errors.write(text);
	} catch {
		// Nobody listens.
	}

	return error instanceof UsageError ? error.exitCode : exitCode;
}

async function close(): Promise<void> {
	try {
		const engine = opened;
		opened = undefined;
		await (await engine)?.close();
	} catch {
		// What went wrong with opening was reported; closing has nothing left to lose.
	}
}
