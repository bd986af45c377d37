/** What could follow on the command line: the scripts of `tug completion` ask with `tug __complete WORDS…`, the last word being the one under the cursor. */
import type {Engine} from '../../engine/index.js';
import {globalOptions} from '../arguments/global-options.js';
import type {CompletionKind, Option, OptionTable} from '../arguments/option.js';
import {splitReference} from './image-rows.js';
import type {Command, CommandContext} from './context.js';
import {entries, families, findCommand} from './registry.js';

type Candidate = {readonly word: string; readonly what?: string};

/** Prints one candidate a line, `WORD<tab>WHAT IT IS`; `:files` or `:directories` leaves the choice to the shell. */
export async function complete(context: CommandContext, words: readonly string[]): Promise<number> {
	const candidates = await candidatesFor(context, words);
	context.output.write(candidates.map(({word, what}) => `${word}${what === undefined ? '' : `\t${what}`}\n`).join(''));
	return 0;
}

async function candidatesFor(context: CommandContext, words: readonly string[]): Promise<readonly Candidate[]> {
	const current = words.at(-1) ?? '';
	const before = words.slice(0, -1);
	const {rest, pending} = skipOptions(globalOptions, before);
	if (pending !== undefined) {
		return valueCandidates(context, pending, current);
	}

	if (rest.length === 0) {
		return matching(current.startsWith('-') ? optionNames(globalOptions) : await verbs(), current);
	}

	if (rest.length === 1 && Object.hasOwn(families, rest[0]!)) {
		return matching(await members(rest[0]!), current);
	}

	const found = findCommand(rest);
	return found === undefined ? [] : forCommand(context, {command: await found.entry.load(), typed: found.rest, current});
}

async function forCommand(context: CommandContext, {command, typed, current}: {command: Command; typed: readonly string[]; current: string}): Promise<readonly Candidate[]> {
	const {rest, pending} = skipOptions(command.options, typed, command.interspersed !== false);
	if (pending !== undefined) {
		return valueCandidates(context, pending, current);
	}

	const inline = /^(--[^=]+)=(.*)$/.exec(current);
	if (inline !== null) {
		const option = command.options[inline[1]!.slice(2)];
		const values = option === undefined ? [] : await valueCandidates(context, option, inline[2]!);
		return values.map(({word}) => ({word: word.startsWith(':') ? word : `${inline[1]!}=${word}`}));
	}

	if (current.startsWith('-') && (rest.length === 0 || command.interspersed !== false)) {
		return matching(optionNames(command.options), current);
	}

	const kinds = command.completes ?? [];
	return lookUp(context, kinds[Math.min(rest.length, kinds.length - 1)] ?? 'none', current, rest);
}

async function valueCandidates(context: CommandContext, option: Option, current: string): Promise<readonly Candidate[]> {
	if (option.choices !== undefined) {
		return matching(option.choices.map(word => ({word})), current);
	}

	return lookUp(context, option.completes ?? 'file', current, []);
}

async function lookUp(context: CommandContext, kind: CompletionKind, current: string, used: readonly string[]): Promise<readonly Candidate[]> {
	switch (kind) {
		case 'none': {
			return [];
		}

		case 'file':
		case 'command': {
			return [{word: ':files'}];
		}

		case 'directory': {
			return [{word: ':directories'}];
		}

		case 'image': {
			return matching(await imageNames(await context.engine()), current);
		}

		case 'volume': {
			const volumes = await (await context.engine()).listVolumes();
			return matching(volumes.map(({Name: word}) => ({word})).filter(({word}) => !used.includes(word)), current);
		}

		default: {
			const names = await containerNames(await context.engine(), kind, current);
			return matching(names.filter(({word}) => !used.includes(word)), current);
		}
	}
}

/** Names; ids only when what was typed can't be the beginning of a name. */
async function containerNames(engine: Engine, kind: 'container' | 'running' | 'stopped', current: string): Promise<Candidate[]> {
	const containers = await engine.listContainers({all: kind !== 'running'});
	const chosen = containers.filter(container => kind !== 'stopped' || container.State !== 'running');
	const names = chosen.flatMap(container => container.Names.map(name => ({word: name.replace(/^\//, ''), what: `${container.Image}, ${container.Status}`})));
	const ids = chosen.map(container => ({word: container.Id.slice(0, 12), what: `${container.Image}, ${container.Status}`}));
	return current !== '' && !names.some(({word}) => word.startsWith(current)) ? ids : names;
}

async function imageNames(engine: Engine): Promise<Candidate[]> {
	const images = await engine.listImages();
	return images.flatMap(image => (image.RepoTags ?? []).map(reference => ({word: splitReference(reference).tag === 'latest' ? splitReference(reference).repository : reference})));
}

function optionNames(table: OptionTable): Candidate[] {
	return Object.entries(table).filter(([, option]) => !option.hidden && option.later === undefined).map(([name, option]) => ({word: `--${name}`, what: option.help}));
}

async function verbs(): Promise<Candidate[]> {
	const single = entries.filter(entry => !entry.name.includes(' '));
	return [
		...await Promise.all(single.map(async entry => ({word: entry.name, what: (await entry.load()).summary}))),
		...Object.entries(families).map(([word, what]) => ({word, what})),
		{word: 'help', what: 'Show how a command is used'},
	];
}

async function members(family: string): Promise<Candidate[]> {
	const found = entries.flatMap(entry => [entry.name, ...(entry.aliases ?? [])].filter(name => name.startsWith(`${family} `)).map(name => ({entry, word: name.slice(family.length + 1)})));
	return Promise.all(found.map(async ({entry, word}) => ({word, what: (await entry.load()).summary})));
}

/** What is left without the options and their values; `pending` is an option still waiting for its value. */
function skipOptions(table: OptionTable, words: readonly string[], isInterspersed = false): {rest: string[]; pending?: Option} {
	const rest: string[] = [];
	for (let index = 0; index < words.length; index++) {
		const word = words[index]!;
		if (rest.length > 0 && !isInterspersed) {
			rest.push(word);
		} else if (word === '--') {
			rest.push(...words.slice(index + 1));
			break;
		} else if (word.startsWith('-') && word !== '-') {
			const option = waitingOption(table, word);
			if (option !== undefined) {
				index++;
				if (index === words.length) {
					return {rest, pending: option};
				}
			}
		} else {
			rest.push(word);
		}
	}

	return {rest};
}

/** The option whose value is the next word. */
function waitingOption(table: OptionTable, word: string): Option | undefined {
	if (word.startsWith('--')) {
		const option = word.includes('=') ? undefined : table[word.slice(2)];
		return option?.kind === 'bool' ? undefined : option;
	}

	const option = Object.values(table).find(candidate => candidate.short === word.at(-1));
	const switches = new Set(Object.values(table).flatMap(candidate => (candidate.kind === 'bool' ? [candidate.short] : [])));
	const isLast = [...word].slice(1, -1).every(letter => switches.has(letter));
	return option !== undefined && option.kind !== 'bool' && isLast ? option : undefined;
}

function matching(candidates: readonly Candidate[], current: string): Candidate[] {
	return candidates.filter(({word}) => word.startsWith(current));
}
