/** What a command is given, so that tests can give it something else. */
import type {Readable} from 'node:stream';
import type {Engine} from '../../engine/index.js';
import type {Command as AnyCommand} from '../arguments/command.js';
import type {OptionTable} from '../arguments/option.js';
import type {Output} from '../foreground/standard-streams.js';

export type CommandContext = {
	/** Opened at the first call, closed by the entry point. */
	engine(): Promise<Engine>;
	readonly output: Output;
	readonly errors: Output;
	readonly input: Input;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly directory: string;
	/** Says what is being done, under --debug. */
	debug(text: string): void;
	/** Aborted by ctrl-c: what streams ends quietly. */
	interrupted(): AbortSignal;
	readonly global: GlobalOptions;
};

export type GlobalOptions = {readonly root?: string | undefined; readonly debug: boolean};

export type Input = {
	readonly isTerminal: boolean;
	/** The stream itself: opening it is not free, so only who needs it asks. */
	stream(): Readable & {setRawMode?: (raw: boolean) => unknown};
};

export type Command<T extends OptionTable = OptionTable> = AnyCommand<T, CommandContext>;

/** Infers the type of the options for `run`. */
export function defineCommand<T extends OptionTable>(command: Command<T>): Command<T> {
	return command;
}

/** An ending with a message and an exit code that is nobody's fault in the engine. */
export class CommandError extends Error {
	override readonly name = 'CommandError';
	/** Undefined: what the verb uses for its own failures (125 for run, else 1). */
	readonly exitCode: number | undefined;
	readonly hint: string | undefined;

	constructor(message: string, {exitCode, hint, cause}: {exitCode?: number; hint?: string | undefined; cause?: unknown} = {}) {
		super(message, cause === undefined ? undefined : {cause});
		this.exitCode = exitCode;
		this.hint = hint;
	}
}
