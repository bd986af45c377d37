import {setTimeout as wait} from 'node:timers/promises';
import type {ContainerStats, Engine} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {formatList} from '../format/list-format.js';
import {defineCommand, type CommandContext} from './context.js';
import {formatHelp} from './format-help.js';
import {statsColumns, statsRow, type StatsRow} from './stats-row.js';

const shown = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];
const refreshMs = 500;

export const command = defineCommand({
	name: 'stats',
	usage: '[OPTIONS] [CONTAINER...]',
	summary: 'Show what containers use, live',
	options: {
		all: bool('a', 'Show all containers, not only the running ones'),
		format: string('', formatHelp),
		'no-stream': bool('', 'Show it once'),
		'no-trunc': bool('', 'Don\'t cut ids'),
	},
	arguments: {min: 0},
	completes: ['running'],
	async run(context, {options, arguments: names}) {
		const engine = await context.engine();
		const list = {columns: statsColumns(options['no-trunc']), shown, format: options.format};
		if (options['no-stream']) {
			const ids = await chosen(engine, names, options.all);
			const samples = await Promise.all(ids.map(async id => firstSample(engine, id)));
			context.output.write(await formatList(samples.filter(sample => sample !== undefined).map(sample => statsRow(sample)), list));
			return 0;
		}

		await follow(context, engine, {names, all: options.all, print: async rows => formatList(rows, list)});
		return 0;
	},
});

async function chosen(engine: Engine, names: readonly string[], all: boolean): Promise<string[]> {
	if (names.length > 0) {
		return Promise.all(names.map(async name => (await engine.inspectContainer(name)).Id));
	}

	return (await engine.listContainers({all})).map(container => container.Id);
}

async function firstSample(engine: Engine, id: string): Promise<ContainerStats | undefined> {
	const samples = engine.stats(id, {stream: false})[Symbol.asyncIterator]() as AsyncIterator<ContainerStats, undefined>;
	const {value} = await samples.next();
	return value;
}

/** One stream a container; the table is drawn over itself. Containers that come and go are followed by asking again with each drawing. */
async function follow(context: CommandContext, engine: Engine, {names, all, print}: {names: readonly string[]; all: boolean; print: (rows: readonly StatsRow[]) => Promise<string>}): Promise<void> {
	const signal = context.interrupted();
	const rows = new Map<string, StatsRow>();
	const streams = new Map<string, AbortController>();
	const failures: unknown[] = [];
	const forget = (id: string) => {
		streams.get(id)?.abort();
		streams.delete(id);
		rows.delete(id);
	};

	if (context.output.isTerminal) {
		context.output.write('\u001B[2J');
	}

	while (!signal.aborted) {
		const ids = new Set(await chosen(engine, names, all));
		for (const id of [...streams.keys()].filter(id => !ids.has(id))) {
			forget(id);
		}

		for (const id of [...ids].filter(id => !streams.has(id))) {
			const controller = new AbortController();
			streams.set(id, controller);
			sample(engine, id, {rows, signal: controller.signal}).catch((error: unknown) => failures.push(error));
		}

		if (failures.length > 0) {
			throw failures[0];
		}

		const table = await print([...ids].flatMap(id => rows.get(id) ?? []));
		context.output.write(context.output.isTerminal ? `\u001B[H${table.replaceAll('\n', '\u001B[K\n')}\u001B[J` : table);
		await wait(refreshMs, undefined, {signal}).catch(() => {}); // ctrl-c ends the waiting, and the loop
	}

	for (const id of streams.keys()) {
		forget(id);
	}
}

async function sample(engine: Engine, id: string, {rows, signal}: {rows: Map<string, StatsRow>; signal: AbortSignal}): Promise<void> {
	for await (const stats of engine.stats(id, {stream: true, signal})) {
		if (!signal.aborted) {
			rows.set(id, statsRow(stats));
		}
	}
}
