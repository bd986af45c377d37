/** Runs one verb as the command line would, with a fake engine, and gives what it printed. */
import {Readable} from 'node:stream';
import type {Engine} from '../../engine/index.js';
import type {Command, CommandContext} from '../../source/commands/context.js';
import {invoke} from '../../source/commands/invoke.js';
import {findCommand} from '../../source/commands/registry.js';
import {describeError} from '../../source/commands/report-error.js';
import type {Output} from '../../source/foreground/standard-streams.js';

export type Outcome = {readonly exitCode: number; readonly output: string; readonly errors: string};

export type RunSettings = {
	readonly engine?: Engine;
	readonly input?: string | Readable;
	readonly isTerminal?: boolean;
	readonly environment?: Readonly<Record<string, string>>;
	readonly directory?: string;
	readonly interrupted?: AbortSignal;
};

export async function runCommand(words: readonly string[], settings: RunSettings = {}): Promise<Outcome> {
	const {context, collected} = fakeContext(settings);
	const found = findCommand(words);
	if (found === undefined) {
		throw new Error(`no such verb: ${words.join(' ')}`);
	}

	let command: Command | undefined;
	let exitCode: number;
	try {
		command = await found.entry.load();
		exitCode = await invoke(context, {command, entry: found.entry, words: found.rest});
	} catch (error) {
		const failure = describeError(error, {command});
		context.errors.write(failure.text);
		exitCode = failure.exitCode;
	}

	return {exitCode, ...collected()};
}

export function fakeContext(settings: RunSettings = {}): {context: CommandContext; collected: () => {output: string; errors: string}} {
	const output = fakeOutput(settings.isTerminal);
	const errors = fakeOutput(settings.isTerminal);
	return {
		collected: () => ({output: output.text(), errors: errors.text()}),
		context: {
			async engine() {
				if (settings.engine === undefined) {
					throw new Error('the command opened an engine');
				}

				return settings.engine;
			},
			output,
			errors,
			input: {isTerminal: settings.isTerminal ?? false, stream: () => (settings.input instanceof Readable ? settings.input : Readable.from(settings.input === undefined ? [] : [Buffer.from(settings.input)]))},
			environment: settings.environment ?? {},
			directory: settings.directory ?? '/',
			debug() {},
			interrupted: () => settings.interrupted ?? new AbortController().signal,
			global: {root: undefined, debug: false},
		},
	};
}

export function fakeOutput(isTerminal = false): Output & {text: () => string} {
	const pieces: Buffer[] = [];
	return {
		isTerminal,
		write(data) {
			pieces.push(Buffer.from(data as string));
		},
		async send(data) {
			pieces.push(Buffer.from(data));
		},
		text: () => Buffer.concat(pieces).toString(),
	};
}
