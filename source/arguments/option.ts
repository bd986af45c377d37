/**
The option table's vocabulary. A verb's options are data; the quick parser, the help, the completion and docs/commands.md all read the same table.
*/

/** What the words of an option become. */
export type OptionKinds = {
	readonly bool: boolean;
	readonly string: string | undefined;
	readonly list: readonly string[];
	readonly int: number | undefined;
	/** Bytes; docker's `512m`. */
	readonly bytes: number | undefined;
	/** Nanoseconds; Go's `1h30m`. */
	readonly duration: number | undefined;
};

export type OptionKind = keyof OptionKinds;

export type Option<K extends OptionKind = OptionKind> = {
	readonly kind: K;
	/** One letter. */
	readonly short?: string;
	readonly help: string;
	/** What the value is called in the help. */
	readonly value?: string;
	/** For a bool: what it is when not named. */
	readonly initially?: boolean;
	/** docker knows it, tug can't do it yet: using it is an error that says so. */
	readonly later?: string;
	/** Works otherwise than docker's; told in docs/commands.md. */
	readonly differs?: string;
	/** Taken for the sake of scripts, shown nowhere. */
	readonly hidden?: boolean;
	/** Gives what is wrong with a value. */
	readonly check?: (value: string) => string | undefined;
	/** The words completion offers. */
	readonly choices?: readonly string[];
	/** What completion looks up. */
	readonly completes?: CompletionKind;
};

export type CompletionKind = 'container' | 'running' | 'stopped' | 'image' | 'volume' | 'file' | 'directory' | 'command' | 'none';

export type OptionTable = Readonly<Record<string, Option>>;

export type OptionValues<T extends OptionTable> = {readonly [K in keyof T]: OptionKinds[T[K]['kind']]};

type Extra<K extends OptionKind> = Omit<Partial<Option<K>>, 'kind' | 'help' | 'short'>;

type Maker<K extends OptionKind> = (short: string, help: string, extra?: Extra<K>) => Option<K>;

export const bool = maker('bool');
export const string = maker('string');
export const list = maker('list');
export const int = maker('int');
export const bytes = maker('bytes');
export const duration = maker('duration');

/** `''` as the short name means there is none. */
function maker<K extends OptionKind>(kind: K): Maker<K> {
	return (short, help, extra = {}) => ({kind, help, ...(short === '' ? {} : {short}), ...extra});
}

/** How a value is called in the help, as docker's pflag has it. */
export function valueName(option: Option): string {
	return option.kind === 'bool' ? '' : (option.value ?? option.kind);
}
