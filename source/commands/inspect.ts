import type {Engine} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand, type CommandContext} from './context.js';
import {formatOneHelp} from './format-help.js';
import {isEngineError, reportFailure} from './report-error.js';

type Kind = 'container' | 'image' | 'volume';

const inspectors: Readonly<Record<Kind, (engine: Engine, name: string, size: boolean) => Promise<unknown>>> = {
	container: async (engine, name, size) => engine.inspectContainer(name, size ? {size} : {}),
	image: async (engine, name) => engine.inspectImage(name),
	volume: async (engine, name, size) => engine.inspectVolume(name, size ? {size} : {}),
};

const later = new Set(['config', 'network', 'node', 'plugin', 'secret', 'service', 'task']);

export const command = defineCommand({
	name: 'inspect',
	usage: '[OPTIONS] NAME|ID [NAME|ID...]',
	summary: 'Show everything known of containers, images and volumes',
	options: {
		format: string('f', formatOneHelp),
		size: bool('s', 'With the sizes of containers'),
		type: string('', 'Only objects of this type: container, image, volume', {choices: ['container', 'image', 'volume'], differs: 'container, image and volume'}),
	},
	arguments: {min: 1},
	completes: ['container'],
	examples: [['tug inspect -f \'{{.State.Pid}}\' web', 'one field'], ['tug inspect -f \'{{json .Config.Env}}\' web', 'as JSON']],
	async run(context, {options, arguments: names}) {
		return inspectAll(context, names, {...options, kinds: kindsOf(options.type)});
	},
});

export const containerInspect = defineCommand({
	name: 'container inspect',
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Show everything known of containers',
	options: {
		format: string('f', formatOneHelp),
		size: bool('s', 'With the sizes'),
	},
	arguments: {min: 1},
	completes: ['container'],
	run: async (context, {options, arguments: names}) => inspectAll(context, names, {...options, kinds: ['container']}),
});

export const imageInspect = defineCommand({
	name: 'image inspect',
	usage: '[OPTIONS] IMAGE [IMAGE...]',
	summary: 'Show everything known of images',
	options: {
		format: string('f', formatOneHelp),
		platform: string('', 'Of this platform', {later: 'images of several platforms keep only the one of this machine'}),
	},
	arguments: {min: 1},
	completes: ['image'],
	run: async (context, {options, arguments: names}) => inspectAll(context, names, {format: options.format, size: false, kinds: ['image']}),
});

export const volumeInspect = defineCommand({
	name: 'volume inspect',
	usage: '[OPTIONS] VOLUME [VOLUME...]',
	summary: 'Show everything known of volumes',
	options: {
		format: string('f', formatOneHelp),
		size: bool('s', 'With how much they hold', {differs: 'docker has it in system df -v'}),
	},
	arguments: {min: 1},
	completes: ['volume'],
	run: async (context, {options, arguments: names}) => inspectAll(context, names, {...options, kinds: ['volume']}),
});

async function inspectAll(context: CommandContext, names: readonly string[], {format, size, kinds}: {format: string | undefined; size: boolean; kinds: readonly Kind[]}): Promise<number> {
	const print = format === undefined || format === '' || format === 'json' ? undefined : (await import('../format/template.js')).compileTemplate(format.replaceAll(String.raw`\t`, '\t').replaceAll(String.raw`\n`, '\n'));
	const engine = await context.engine();
	const found: unknown[] = [];
	const failures: unknown[] = [];
	for (const name of names) {
		try {
			const object = await inspectOne(engine, name, {size, kinds});
			found.push(object);
			if (print !== undefined) {
				context.output.write(`${print(object)}\n`);
			}
		} catch (error) {
			failures.push(error);
		}
	}

	if (print === undefined) {
		context.output.write(`${format === 'json' || found.length === 0 ? JSON.stringify(found) : JSON.stringify(found, undefined, 4)}\n`);
	}

	for (const error of failures) {
		reportFailure(context.errors, error, context.global.debug);
	}

	return failures.length > 0 ? 1 : 0;
}

async function inspectOne(engine: Engine, name: string, {size, kinds}: {size: boolean; kinds: readonly Kind[]}): Promise<unknown> {
	for (const kind of kinds) {
		try {
			return await inspectors[kind](engine, name, size);
		} catch (error) {
			if (kinds.length === 1 || !isEngineError(error) || error.kind !== 'notFound') {
				throw error;
			}
		}
	}

	throw new CommandError(`No such object: ${name}`);
}

function kindsOf(type: string | undefined): readonly Kind[] {
	if (type === undefined || type === '') {
		return ['container', 'image', 'volume'];
	}

	if (type === 'container' || type === 'image' || type === 'volume') {
		return [type];
	}

	throw new CommandError(later.has(type) ? `tug has no objects of type "${type}" yet` : `unknown type: "${type}": must be one of "container", "image", "volume"`);
}
