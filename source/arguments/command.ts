/** What a verb is: its place in the table, its options, and what it does. */
import type {CompletionKind, OptionTable, OptionValues} from './option.js';

export type ArgumentCount = {readonly min: number; readonly max?: number};

export type Command<T extends OptionTable = OptionTable, Context = unknown> = {
	/** As typed: `run`, `container prune`. */
	readonly name: string;
	/** What follows the name: `[OPTIONS] IMAGE [COMMAND] [ARG...]`; several lines when there are several forms. */
	readonly usage: string;
	readonly summary: string;
	readonly description?: string;
	/** Long names in alphabetical order, as docker lists them. */
	readonly options: T;
	readonly arguments: ArgumentCount;
	/** False: options stop at the first argument. */
	readonly interspersed?: boolean;
	readonly examples?: ReadonlyArray<readonly [command: string, what: string]>;
	/** What completion offers for the arguments, by place; the last one repeats. */
	readonly completes?: readonly CompletionKind[];
	/** Resolves to the exit code. */
	run(context: Context, invocation: Invocation<T>): Promise<number>;
};

export type Invocation<T extends OptionTable = OptionTable> = {
	readonly options: OptionValues<T>;
	readonly given: ReadonlySet<string>;
	readonly arguments: readonly string[];
};

/** docker's sentence for a wrong number of arguments, without the command's name; undefined when it is right. */
export function argumentCountProblem(count: number, {min, max}: ArgumentCount): string | undefined {
	if (count >= min && (max === undefined || count <= max)) {
		return undefined;
	}

	if (max === 0) {
		return 'accepts no arguments';
	}

	if (max === undefined) {
		return `requires at least ${words(min)}`;
	}

	if (min === max) {
		return `requires ${words(min)}`;
	}

	return min === 0 ? `requires at most ${words(max)}` : `requires at least ${min} and at most ${words(max)}`;
}

function words(count: number): string {
	return `${count} argument${count === 1 ? '' : 's'}`;
}
