import {setTimeout as wait} from 'node:timers/promises';
import test from 'ava';
import type {ContainerInfo, ContainerStats} from '../../engine/index.js';
import {statsRow} from '../../source/commands/stats-row.js';
import {fakeEngine} from '../helpers/fake-engine.js';
import {runCommand} from '../helpers/run-command.js';

const sample = (name: string) => ({id: name.repeat(64), name: `/${name}`, pids_stats: {current: 1}}) as unknown as ContainerStats;
const listed = (name: string) => ({Id: name.repeat(64), Names: [`/${name}`]}) as unknown as ContainerInfo;

test('the live table follows containers that come and go, and ctrl-c ends it', async t => {
	const controller = new AbortController();
	let names = ['a'];
	const open = new Set<string>();
	const {engine} = fakeEngine({
		listContainers: async () => names.map(name => listed(name)),
		async * stats(id, options) {
			open.add(id[0]!);
			while (options?.signal?.aborted !== true) {
				yield sample(id[0]!);
				await wait(10);
			}

			open.delete(id[0]!);
		},
	});
	const outcome = runCommand(['stats', '--format', '{{.Name}}'], {engine, interrupted: controller.signal});
	await wait(700);
	names = ['a', 'b'];
	await wait(1200);
	names = ['b'];
	await wait(700);
	controller.abort();
	const {output, exitCode} = await outcome;
	t.is(exitCode, 0);
	const tables = output.trim();
	t.regex(tables, /^a\n(a\n)*(a\nb\n)+(b\n)*b$/);
	await wait(50);
	t.deepEqual([...open], []);
});

test('a container that does not run has zeros', t => {
	t.deepEqual(statsRow({id: 'x', name: '/x'} as unknown as ContainerStats), {id: 'x', name: 'x', cpuPercent: 0, memoryBytes: 0, memoryLimitBytes: 0, receivedBytes: 0, sentBytes: 0, readBytes: 0, writtenBytes: 0, processes: 0});
});

test('the droppable cache is not counted, under either cgroup version', t => {
	const used = (stats: Readonly<Record<string, number>>) => statsRow({memory_stats: {usage: 100, stats}} as unknown as ContainerStats).memoryBytes;
	t.is(used({inactive_file: 30}), 70);
	t.is(used({total_inactive_file: 40, inactive_file: 30}), 60);
	t.is(used({inactive_file: 200}), 100);
	t.is(used({}), 100);
});

test('CPU is a share of one CPU, and never negative', t => {
	const percent = (used: number, system: number, cpus?: number) => statsRow({cpu_stats: {cpu_usage: {total_usage: used}, system_cpu_usage: system, ...(cpus === undefined ? {} : {online_cpus: cpus})}, precpu_stats: {cpu_usage: {total_usage: 100}, system_cpu_usage: 1000}} as unknown as ContainerStats).cpuPercent;
	t.is(percent(600, 2000, 2), 100);
	t.is(percent(600, 2000), 50);
	t.is(percent(50, 2000, 2), 0);
	t.is(percent(600, 1000, 2), 0);
});

test('a container that is not there ends it with an error', async t => {
	const {engine} = fakeEngine({
		async inspectContainer() {
			throw Object.assign(new Error('No such container: x'), {name: 'EngineError', kind: 'notFound'});
		},
	});
	t.deepEqual(await runCommand(['stats', '--no-stream', 'x'], {engine}), {exitCode: 1, output: '', errors: 'tug: No such container: x\n'});
	t.is((await runCommand(['stats', 'x'], {engine})).exitCode, 1);
});
