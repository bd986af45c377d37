import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import type {ContainerId, ContainerRecord} from '../../engine/container/container.js';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import {markLeaving} from '../../engine/container/leaving.js';
import {listSummaries, summarize, type SummaryCache} from '../../engine/container/summary.js';
import type {Store} from '../../engine/store/open-store.js';
import {testStore} from '../helpers/image-lab.js';

const idOf = (index: number) => index.toString(16).padStart(64, '0') as ContainerId;
const boot = () => 'boot';

function addContainer(store: Store, index: number, name = `c${index}`): void {
	const id = idOf(index);
	const record = {
		version: 1, id, name, created: new Date(index * 1000).toISOString(), imageId: `sha256:${'a'.repeat(64)}`, layers: [], platform: 'linux', path: 'sh', args: ['-c', 'x'],
		config: {Image: 'busybox', Labels: {a: 'b'}, Env: ['PATH=/bin']}, hostConfig: parseHostSettings({}), mounts: [],
	} as unknown as ContainerRecord;
	fs.mkdirSync(store.layout.container(id), {recursive: true});
	fs.writeFileSync(path.join(store.layout.container(id), 'config.json'), JSON.stringify(record));
}

function setStatus(store: Store, index: number, status: Record<string, unknown>): void {
	const file = path.join(store.layout.container(idOf(index)), 'status.json');
	fs.writeFileSync(`${file}.tmp`, JSON.stringify({version: 1, pid: 1, startTicks: 1, bootId: 'boot', monitorPid: 1, monitorStartTicks: 1, startedAt: 's', finishedAt: 'f', exitCode: 0, signal: 0, oomKilled: false, error: '', ...status}));
	fs.renameSync(`${file}.tmp`, file);
}

function list(store: Store, cache: SummaryCache): Record<string, string> {
	return Object.fromEntries(listSummaries(store, cache, boot).map(({name, state}) => [name, state.status]));
}

test('every change shows at once, whatever was remembered', async t => {
	const store = testStore(t);
	const cache: SummaryCache = new Map();
	addContainer(store, 1);
	addContainer(store, 2);
	t.deepEqual(list(store, cache), {c1: 'created', c2: 'created'});
	for (let round = 0; round < 20; round++) {
		setStatus(store, 1, {status: 'exited', exitCode: round});
		const first = listSummaries(store, cache, boot).find(({name}) => name === 'c1');
		t.like(first?.state, {status: 'exited', exitCode: round});
		await delay(round % 4 === 0 ? 70 : 1);
	}

	markLeaving(store, idOf(2), {phase: 'now', removesVolumes: false});
	t.deepEqual(list(store, cache), {c1: 'exited', c2: 'removing'});
	fs.rmSync(store.layout.container(idOf(1)), {recursive: true});
	t.deepEqual(list(store, cache), {c2: 'removing'});
});

test('one whose monitor is gone is listed as ended', t => {
	const store = testStore(t);
	addContainer(store, 1);
	setStatus(store, 1, {status: 'running', monitorPid: 999_999_999});
	const [lost] = listSummaries(store, new Map(), boot);
	t.like(lost?.state, {status: 'exited', exitCode: 137});
	const [again] = listSummaries(store, new Map(), boot);
	t.deepEqual(again?.state, lost?.state);
});

test('damaged records and strange files do not hide the others', t => {
	const store = testStore(t);
	addContainer(store, 1);
	addContainer(store, 2);
	fs.writeFileSync(path.join(store.layout.container(idOf(2)), 'config.json'), '{"version":');
	fs.mkdirSync(path.join(store.layout.containers, 'strange'));
	fs.mkdirSync(store.layout.container(idOf(3)));
	t.deepEqual(list(store, new Map()), {c1: 'created'});
});

test('a damaged cache is only slower', t => {
	const store = testStore(t);
	for (let index = 0; index < 20; index++) {
		addContainer(store, index);
	}

	t.is(Object.keys(list(store, new Map())).length, 20);
	const file = path.join(store.layout.root, 'containers.cache');
	t.true(fs.existsSync(file));
	for (const content of ['', '{', '{"version":1}', '{"version":1,"entries":7}', '[]', 'null', '{"version":2,"entries":[["x",1]]}']) {
		fs.writeFileSync(file, content);
		t.is(Object.keys(list(store, new Map())).length, 20, content);
	}
});

test('a thousand containers', async t => {
	const store = testStore(t);
	for (let index = 0; index < 1000; index++) {
		addContainer(store, index);
		setStatus(store, index, {status: 'exited', exitCode: 3});
	}

	await delay(80);
	const cpuMs = (cache: SummaryCache) => {
		const before = process.cpuUsage();
		t.is(listSummaries(store, cache, boot).length, 1000);
		const {user, system} = process.cpuUsage(before);
		return (user + system) / 1000;
	};

	const cold = cpuMs(new Map());
	const warm = [1, 2, 3, 4, 5].map(() => cpuMs(new Map())).sort((a, b) => a - b);
	const held: SummaryCache = new Map();
	cpuMs(held);
	t.log(`processor time: ${cold.toFixed(1)} ms without a cache, ${warm[2]!.toFixed(1)} ms in a new process, ${cpuMs(held).toFixed(1)} ms in the same`);
	t.true(warm[0]! < 60);
});

const commandOf = test.macro({
	exec(t, program: string, args: readonly string[], expected: string) {
		t.is(summarize({id: idOf(1), name: 'x', config: {Image: 'i', Labels: {}}, hostConfig: {}, path: program, args, mounts: []} as unknown as ContainerRecord).command, expected);
	},
	title: (_, program: string, args: readonly string[]) => `${JSON.stringify([program, ...args])} is shown as docker shows it`,
});

test(commandOf, 'sh', [], 'sh');
test(commandOf, 'sleep', ['1000'], 'sleep 1000');
test(commandOf, 'sh', ['-c', 'echo a; echo b'], 'sh -c \'echo a; echo b\'');
test(commandOf, 'echo', ['two  spaces', 'none', 'say "hi" now'], 'echo \'two  spaces\' none \'say "hi" now\'');
test(commandOf, '/my program', ['x'], '/my program x');
test(commandOf, 'echo', ['tab\there', ''], 'echo tab\there ');
