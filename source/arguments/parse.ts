/**
docker's (pflag's) grammar: `-it`, `-eB=2`, `-p8080:80`, `--rm=false`, `--opt value`, `--opt=value`, `--`, and for run, create, exec and top options that
stop at the first argument.
*/
import {convertValue} from './convert.js';
import {didYouMean} from './did-you-mean.js';
import type {Option, OptionTable, OptionValues} from './option.js';
import {UsageError} from './usage-error.js';

export type Grammar<T extends OptionTable = OptionTable> = {
	readonly options: T;
	/** False: the first argument ends the options. */
	readonly interspersed?: boolean;
};

export type Parsed<T extends OptionTable = OptionTable> = {
	readonly options: OptionValues<T>;
	/** The long names that were written. */
	readonly given: ReadonlySet<string>;
	readonly arguments: readonly string[];
	readonly wantsHelp: boolean;
};

type Values = Record<string, string | number | boolean | readonly string[] | undefined>;

/** Throws UsageError. */
export function parse<T extends OptionTable>(grammar: Grammar<T>, words: readonly string[]): Parsed<T> {
	const reader = new Reader(grammar.options);
	const positional: string[] = [];
	const queue = [...words];
	while (queue.length > 0) {
		const word = queue.shift()!;
		if (word === '--') {
			positional.push(...queue);
			break;
		}

		if (word.startsWith('--')) {
			reader.long(word, queue);
		} else if (word.startsWith('-') && word !== '-') {
			reader.short(word, queue);
		} else {
			positional.push(word);
			if (grammar.interspersed === false) {
				positional.push(...queue);
				break;
			}
		}
	}

	return {options: reader.values as OptionValues<T>, given: reader.given, arguments: positional, wantsHelp: reader.wantsHelp};
}

class Reader {
	readonly given = new Set<string>();
	readonly values: Values = {};
	wantsHelp = false;
	private readonly table: OptionTable;

	constructor(table: OptionTable) {
		this.table = table;
		for (const [name, option] of Object.entries(table)) {
			this.values[name] = option.kind === 'bool' ? (option.initially ?? false) : (option.kind === 'list' ? [] : undefined);
		}
	}

	long(word: string, rest: string[]): void {
		const equals = word.indexOf('=');
		const name = word.slice(2, equals === -1 ? undefined : equals);
		if (name === 'help') {
			this.wantsHelp = equals === -1 || word.slice(equals + 1) !== 'false';
			return;
		}

		if (name === '' || name.startsWith('-')) {
			throw new UsageError(`bad flag syntax: ${word}`);
		}

		const option = Object.hasOwn(this.table, name) ? this.table[name]! : undefined;
		if (option === undefined) {
			const near = didYouMean(name, Object.keys(this.table).filter(key => !this.table[key]!.hidden));
			throw new UsageError(`unknown flag: --${name}`, {suggestion: near === undefined ? undefined : `--${near}`});
		}

		if (equals !== -1) {
			this.set(name, option, word.slice(equals + 1));
		} else if (option.kind === 'bool') {
			this.set(name, option, 'true');
		} else if (rest.length === 0) {
			throw new UsageError(`flag needs an argument: --${name}`);
		} else {
			this.set(name, option, rest.shift()!);
		}
	}

	short(word: string, rest: string[]): void {
		for (let index = 1; index < word.length; index++) {
			const letter = word[index]!;
			const after = word.slice(index + 1);
			const name = Object.keys(this.table).find(key => this.table[key]!.short === letter);
			if (name === undefined) {
				if (letter === 'h') {
					this.wantsHelp = true;
					continue;
				}

				throw new UsageError(`unknown shorthand flag: '${letter}' in -${word.slice(index)}`);
			}

			const option = this.table[name]!;
			if (after.startsWith('=')) {
				this.set(name, option, after.slice(1));
				return;
			}

			if (option.kind === 'bool') {
				this.set(name, option, 'true');
				continue;
			}

			if (after === '' && rest.length === 0) {
				throw new UsageError(`flag needs an argument: '${letter}' in ${word}`);
			}

			this.set(name, option, after === '' ? rest.shift()! : after);
			return;
		}
	}

	private set(name: string, option: Option, text: string): void {
		const conversion = convertValue(option, text);
		if ('wrong' in conversion) {
			throw new UsageError(`invalid argument ${JSON.stringify(text)} for "${option.short === undefined ? '' : `-${option.short}, `}--${name}" flag: ${conversion.wrong}`);
		}

		if (option.later !== undefined && conversion.value !== false) {
			throw new UsageError(`--${name} is not supported yet: ${option.later}`);
		}

		this.given.add(name);
		this.values[name] = option.kind === 'list' ? [...(this.values[name] as readonly string[]), text] : conversion.value;
	}
}
