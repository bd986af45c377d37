/**
`--change` of commit and import: Dockerfile instructions that change the configuration only.
*/
import path from 'node:path';
import {EngineError} from '../errors.js';
import type {ContainerDefaults, Healthcheck} from '../oci/image-config.js';
import {expandWord, jsonWords, splitWords, type Variables} from './instruction-words.js';

type Change = {
	readonly defaults: ContainerDefaults;
	readonly text: string;
	readonly variables: Variables;
	/** An earlier change has set CMD: a later ENTRYPOINT keeps it. */
	readonly isCmdSet: boolean;
};

/** Applies the changes in order. Throws `invalidParameter` for one that can't be read or does not belong here. */
export function applyConfigChanges(defaults: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
	let result = defaults;
	let isCmdSet = false;
	for (const line of changes.flatMap(change => logicalLines(change))) {
		const [, unsafeName, text] = /^\s*(\S+)\s*(.*)$/s.exec(line)!;
		const name = unsafeName!.toUpperCase();
		if (!Object.hasOwn(instructions, name)) {
			throw new EngineError('invalidParameter', `${name} is not a valid change command`, {hint: `Known: ${Object.keys(instructions).join(', ')}.`});
		}

		if (text!.trim() === '' && name !== 'CMD' && name !== 'ENTRYPOINT') {
			throw new EngineError('invalidParameter', `${name} requires at least one argument`);
		}

		const env = result.Env ?? [];
		result = instructions[name as keyof typeof instructions]({
			defaults: result,
			text: text!.trim(),
			variables: variable => env.find(entry => entry.startsWith(`${variable}=`))?.slice(variable.length + 1),
			isCmdSet,
		});
		isCmdSet ||= name === 'CMD';
	}

	return result;
}

const instructions = {
	CMD: ({defaults, text}: Change): ContainerDefaults => ({...defaults, Cmd: commandOf(text, defaults)}),
	ENTRYPOINT({defaults, text, isCmdSet}: Change): ContainerDefaults {
		const {Cmd, ...rest} = defaults; // A new entrypoint makes an inherited command meaningless.
		return {...rest, Entrypoint: commandOf(text, defaults), ...(isCmdSet && Cmd !== undefined ? {Cmd} : {})};
	},
	ENV({defaults, text, variables}: Change): ContainerDefaults {
		const added = new Map(readPairs('ENV', text, variables));
		const before = (defaults.Env ?? []).map(entry => entry.split('=', 1)[0]!);
		// A variable that is there keeps its place.
		const replaced = (defaults.Env ?? []).map((entry, index) => (added.has(before[index]!) ? `${before[index]!}=${added.get(before[index]!)!}` : entry));
		return {...defaults, Env: [...replaced, ...[...added].filter(([key]) => !before.includes(key)).map(pair => pair.join('='))]};
	},
	EXPOSE: ({defaults, text, variables}: Change): ContainerDefaults => ({
		...defaults,
		ExposedPorts: {...defaults.ExposedPorts, ...toSet(splitWords(text).flatMap(word => readPorts(expandWord(word, variables))))},
	}),
	HEALTHCHECK: ({defaults, text}: Change): ContainerDefaults => ({...defaults, Healthcheck: readHealthcheck(text)}),
	LABEL: ({defaults, text, variables}: Change): ContainerDefaults => ({...defaults, Labels: {...defaults.Labels, ...Object.fromEntries(readPairs('LABEL', text, variables))}}),
	ONBUILD({defaults, text}: Change): ContainerDefaults {
		const trigger = text.split(/\s/, 1)[0]!.toUpperCase();
		if (trigger === 'ONBUILD' || trigger === 'MAINTAINER' || trigger === 'FROM') {
			throw new EngineError('invalidParameter', trigger === 'ONBUILD' ? 'Chaining ONBUILD via `ONBUILD ONBUILD` isn\'t allowed' : `${trigger} isn't allowed as an ONBUILD trigger`);
		}

		return {...defaults, OnBuild: [...(defaults.OnBuild ?? []), text]};
	},
	STOPSIGNAL: ({defaults, text, variables}: Change): ContainerDefaults => ({...defaults, StopSignal: oneWord('STOPSIGNAL', text, variables)}),
	USER: ({defaults, text, variables}: Change): ContainerDefaults => ({...defaults, User: oneWord('USER', text, variables)}),
	VOLUME({defaults, text, variables}: Change): ContainerDefaults {
		const places = (jsonWords(text) ?? splitWords(text)).map(word => expandWord(word, variables).trim());
		if (places.includes('')) {
			throw new EngineError('invalidParameter', 'VOLUME specified can not be an empty string');
		}

		return {...defaults, Volumes: {...defaults.Volumes, ...toSet(places)}};
	},
	WORKDIR: ({defaults, text, variables}: Change): ContainerDefaults => ({
		...defaults,
		WorkingDir: path.posix.join('/', path.posix.isAbsolute(expandWord(text, variables)) ? '' : (defaults.WorkingDir ?? ''), expandWord(text, variables)).replace(/(?<=.)\/$/, ''),
	}),
} as const;

/** Lines joined at trailing backslashes; comments and empty lines left out. */
function logicalLines(text: string): readonly string[] {
	return text
		.replaceAll(/\\[ \t]*\r?\n/g, '')
		.split(/\r?\n/)
		.filter(line => line.trim() !== '' && !line.trim().startsWith('#'));
}

/** Exec form is a JSON list; anything else is a line for the shell. */
function commandOf(text: string, defaults: ContainerDefaults): readonly string[] {
	return jsonWords(text) ?? (text === '' ? [] : [...(defaults.Shell ?? ['/bin/sh', '-c']), text]);
}

/** `key=value …`, or the old form `key the rest of the line`. */
function readPairs(name: string, text: string, variables: Variables): ReadonlyArray<readonly [string, string]> {
	const words = splitWords(text);
	if (!words[0]!.includes('=')) {
		const [, key, value] = /^(\S+)\s+(.+)$/s.exec(text) ?? [];
		if (key === undefined) {
			throw new EngineError('invalidParameter', `${name} must have two arguments`);
		}

		return [[expandWord(key, variables), expandWord(value!, variables)]];
	}

	return words.map(word => {
		const equals = word.indexOf('=');
		const key = equals === -1 ? '' : expandWord(word.slice(0, equals), variables);
		if (key === '') {
			throw new EngineError('invalidParameter', equals === -1 ? `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value` : `${name} names can not be blank`);
		}

		return [key, expandWord(word.slice(equals + 1), variables)];
	});
}

/** `80`, `80/udp`, `8000-8002/tcp`. */
function readPorts(text: string): readonly string[] {
	const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
	const first = Number(match?.[1]);
	const last = Number(match?.[2] ?? match?.[1]);
	if (match === null || first < 1 || last > 65_535 || last < first) {
		throw new EngineError('invalidParameter', `invalid containerPort: ${text}`);
	}

	return Array.from({length: last - first + 1}, (_, index) => `${first + index}/${match[3]?.toLowerCase() ?? 'tcp'}`);
}

function readHealthcheck(text: string): Healthcheck {
	const flags = /^(?:--\S+\s+)*/.exec(text)![0];
	const [kind, ...rest] = text.slice(flags.length).split(/\s+/);
	const options = Object.fromEntries(flags.trim().split(/\s+/).filter(flag => flag !== '').map(flag => readHealthFlag(flag)));
	if (kind?.toUpperCase() === 'NONE' && rest.length === 0) {
		return {Test: ['NONE']};
	}

	if (kind?.toUpperCase() !== 'CMD' || rest.length === 0) {
		throw new EngineError('invalidParameter', `Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
	}

	const command = text.slice(flags.length + kind.length).trim();
	const exec = jsonWords(command);
	return {Test: exec === undefined ? ['CMD-SHELL', command] : ['CMD', ...exec], ...options};
}

const healthFlags: Readonly<Record<string, keyof Healthcheck>> = {interval: 'Interval', timeout: 'Timeout', 'start-period': 'StartPeriod', 'start-interval': 'StartInterval', retries: 'Retries'};
const nanoseconds: Readonly<Record<string, number>> = {ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12};

function readHealthFlag(flag: string): readonly [keyof Healthcheck, number] {
	const [, name, value] = /^--([a-z-]+)=(\S+)$/.exec(flag) ?? [];
	const key = healthFlags[name ?? ''];
	if (key === 'Retries' && /^\d{1,9}$/.test(value!)) {
		return [key, Number(value)];
	}

	if (key === undefined || key === 'Retries' || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value!)) {
		throw new EngineError('invalidParameter', `unknown or malformed HEALTHCHECK flag: ${flag}`);
	}

	return [key, [...value!.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + (Number(count) * nanoseconds[unit!]!), 0)];
}

function oneWord(name: string, text: string, variables: Variables): string {
	const words = splitWords(text);
	if (words.length !== 1) {
		throw new EngineError('invalidParameter', `${name} requires exactly one argument`);
	}

	return expandWord(words[0]!, variables);
}

function toSet(keys: readonly string[]): Readonly<Record<string, Readonly<Record<string, never>>>> {
	return Object.fromEntries(keys.map(key => [key, {}]));
}
