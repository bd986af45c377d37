/** Parts of the monitor by themselves (test/native/monitor-parts.c), compiled with the sanitizers: cgroup files of hosts we don't have, odd processes, records. */
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {processStartTicks, readBootId, readRuntimeStatus} from '../../engine/runtime/status-file.js';
import {compileC} from '../helpers/compile-c.js';
import {repositoryRoot} from '../helpers/repository-root.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Stats = {
	readonly cpu: {readonly totalNs: number; readonly userNs: number; readonly systemNs: number};
	readonly memory: {readonly usageBytes: number; readonly inactiveFileBytes?: number; readonly limitBytes?: number};
	readonly pids: {readonly current: number; readonly limit?: number};
	readonly blkio: {readonly readBytes: number; readonly writeBytes: number};
	readonly networks?: Readonly<Record<string, Readonly<Record<string, number>>>>;
	readonly sources: Readonly<Record<string, string>>;
};

const sources = ['error', 'json', 'utf8', 'journal', 'log_line', 'proc_file', 'process_tree', 'stats', 'status_file'];

/** Undefined: not tried yet; a text without a slash at its beginning says why it can't be compiled here. */
let compiled: string | undefined;

function compile(t: ExecutionContext): string | undefined {
	if (compiled === undefined) {
		const native = path.join(repositoryRoot, 'engine', 'native');
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-parts-'));
		process.once('exit', () => {
			fs.rmSync(folder, {recursive: true, force: true});
		});
		const program = path.join(folder, 'parts');
		const options = ['-I', native, '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', ...sources.map(name => path.join(native, `${name}.c`))];
		compiled = compileC('monitor-parts', program, options) ?? program;
	}

	if (compiled.startsWith('/')) {
		return compiled;
	}

	t.log(`skipped: ${compiled}`);
	t.pass();
	return undefined;
}

function call(program: string, ...args: readonly string[]): string {
	const {status, stdout, stderr} = spawnSync(program, args, {encoding: 'utf8'});
	if (status !== 0) {
		throw new Error(`${args.join(' ')} ended with ${String(status)}: ${stdout}${stderr}`);
	}

	return stdout.trim();
}

function stats(program: string, ...groups: readonly string[]): Stats {
	return JSON.parse(call(program, 'stats', String(process.pid), ...groups)) as Stats;
}

function makeGroup(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
	const folder = temporaryFolder(t);
	for (const [name, text] of Object.entries(files)) {
		fs.writeFileSync(path.join(folder, name), text);
	}

	return folder;
}

/** A process of ours that does nothing, ended with the test. */
async function sleeper(t: ExecutionContext, command: readonly string[] = ['sleep', '100']): Promise<ChildProcess & {readonly pid: number}> {
	const child = spawn(command[0]!, command.slice(1), {stdio: 'ignore', detached: true});
	await once(child, 'spawn');
	t.teardown(() => {
		try {
			process.kill(-child.pid!, 'SIGKILL');
		} catch {} // Gone already
	});
	return child as ChildProcess & {readonly pid: number};
}

test('a version 2 cgroup: its own numbers, units turned into ours, "max" is no limit', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const group = makeGroup(t, {
		'cpu.stat': 'usage_usec 5000001\nuser_usec 3000000\nsystem_usec 2000001\nnr_periods 0\n',
		'memory.current': '104857600\n',
		'memory.max': 'max\n',
		'memory.stat': 'anon 1\nfile 2\nactive_file 77\ninactive_file 4096\n',
		'pids.current': '7\n',
		'pids.max': '100\n',
		'io.stat': '8:0 rbytes=1000 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=9 dios=1\n',
	});
	const {networks, ...rest} = stats(program, group);
	t.like(rest, {
		cpu: {totalNs: 5_000_001_000, userNs: 3_000_000_000, systemNs: 2_000_001_000},
		memory: {usageBytes: 104_857_600, inactiveFileBytes: 4096},
		pids: {current: 7, limit: 100},
		blkio: {readBytes: 1001, writeBytes: 22},
		sources: {cpu: 'cgroup2', memory: 'cgroup2', pids: 'cgroup2', blkio: 'cgroup2'},
	});
	t.false('limitBytes' in rest.memory);
	t.truthy(networks);
	fs.writeFileSync(path.join(group, 'memory.max'), '209715200\n');
	fs.writeFileSync(path.join(group, 'pids.max'), 'max\n');
	t.is(stats(program, group).memory.limitBytes, 209_715_200);
	t.false('limit' in stats(program, group).pids);
});

test('version 1 cgroups: one directory a controller', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const cpu = makeGroup(t, {'cpuacct.usage': '9000000000\n', 'cpuacct.usage_user': '5000000000\n', 'cpuacct.usage_sys': '4000000000\n'});
	const memory = makeGroup(t, {
		'memory.usage_in_bytes': '5000000\n', 'memory.limit_in_bytes': '9223372036854771712\n', 'memory.stat': 'inactive_file 1\ntotal_inactive_file 300\n',
	});
	const blkio = makeGroup(t, {'blkio.throttle.io_service_bytes_recursive': '8:0 Read 11\n8:0 Write 22\n8:0 Sync 33\n8:0 Total 33\n8:16 Read 100\n8:16 Write 200\nTotal 333\n'});
	const pids = makeGroup(t, {'pids.current': '3\n', 'pids.max': 'max\n'});
	const found = stats(program, cpu, memory, blkio, pids);
	t.like(found, {
		cpu: {totalNs: 9_000_000_000, userNs: 5_000_000_000, systemNs: 4_000_000_000},
		memory: {usageBytes: 5_000_000, inactiveFileBytes: 300},
		pids: {current: 3},
		blkio: {readBytes: 111, writeBytes: 222},
		sources: {cpu: 'cgroup1', memory: 'cgroup1', blkio: 'cgroup1'},
	});
	t.false('limitBytes' in found.memory, 'the largest number stands for none');
	fs.writeFileSync(path.join(memory, 'memory.limit_in_bytes'), '67108864\n');
	t.is(stats(program, memory).memory.limitBytes, 67_108_864);
});

test('what the cgroups lack comes from /proc; a directory that is gone is no error', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const group = makeGroup(t, {'pids.current': '12\n'});
	const found = stats(program, '/nowhere/at/all', group);
	t.like(found, {pids: {current: 12}, sources: {cpu: 'proc', memory: 'proc', blkio: 'proc', pids: 'cgroup2'}});
});

test('files that hold nonsense, or nothing, are none', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const long = 'x'.repeat(100_000);
	for (const text of ['', '\n', '-1\n', 'abc\n', '99999999999999999999999999\n', 'usage_usec', 'usage_usec \nuser_usec x\n', long]) {
		const group = makeGroup(t, {'cpu.stat': text, 'memory.current': text, 'pids.current': text, 'cpuacct.usage': text, 'memory.stat': text});
		t.like(stats(program, group), {sources: {cpu: 'proc', memory: 'proc', pids: 'proc'}}, JSON.stringify(text.slice(0, 20)));
		t.is(call(program, 'oom', group), 'false');
	}
});

test('a kill for want of memory is found in either version', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	for (const [file, text, wanted] of [
		['memory.events', 'low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n', 'true'],
		['memory.events', 'low 0\nhigh 0\nmax 5\noom 2\noom_kill 0\n', 'false'],
		['memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n', 'true'],
		['memory.oom_control', 'oom_kill_disable 1\nunder_oom 0\noom_kill 0\n', 'false'],
		['memory.oom_control', 'oom_kill_disable 1\nunder_oom 0\n', 'false'],
		['other', 'oom_kill 3\n', 'false'],
	] as const) {
		t.is(call(program, 'oom', '/nowhere', makeGroup(t, {[file]: text})), wanted, `${file}: ${text}`);
	}
});

test('networks are those of the process, without lo', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const {networks} = stats(program);
	const wanted = fs.readFileSync('/proc/net/dev', 'latin1').split('\n').slice(2).map(line => line.split(':')[0]!.trim()).filter(name => name !== '' && name !== 'lo');
	t.deepEqual(Object.keys(networks!).sort(), wanted.sort());
	for (const counters of Object.values(networks!)) {
		t.deepEqual(Object.keys(counters), ['rxBytes', 'rxPackets', 'rxErrors', 'rxDropped', 'txBytes', 'txPackets', 'txErrors', 'txDropped']);
	}
});

test('a process may have any name', async t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	for (const name of ['a) R 1 (b', '((((', ')', 'x y', '\u00E9']) {
		const file = path.join(temporaryFolder(t), name);
		fs.copyFileSync('/bin/sleep', file);
		fs.chmodSync(file, 0o755);
		const child = await sleeper(t, [file, '100']);
		t.like(JSON.parse(call(program, 'stat', String(child.pid))), {state: 'S', parent: process.pid, startTicks: processStartTicks(child.pid)}, name);
	}

	t.is(call(program, 'stat', '4194399'), 'none');
});

test('descendants are found to any depth, strangers are not', async t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const child = await sleeper(t, ['sh', '-c', 'sleep 100 & sh -c "sleep 101 & sleep 102; true"; true']);
	const stranger = await sleeper(t);
	let pids: number[] = [];
	for (let attempt = 0; attempt < 500 && pids.length < 4; attempt++) {
		pids = call(program, 'tree', String(child.pid), String(child.pid), 'descendants').split('\n').filter(Boolean).map(Number);
	}

	t.is(pids.length, 4, 'two shells less the first, three sleeps');
	t.false(pids.includes(child.pid));
	t.false(pids.includes(stranger.pid));
	t.true(call(program, 'tree', String(process.pid), '1', 'own').split('\n').includes(String(stranger.pid)), 'the same pid namespace');
});

test('the record is what the other side reads', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'status.json.tmp'), 'left by a crash '.repeat(1000));
	for (const [kind, name] of ['created', 'running', 'paused', 'exited'].entries()) {
		call(program, 'status', folder, String(kind));
		t.like(readRuntimeStatus(path.join(folder, 'status.json')), {
			status: name, pid: process.pid, startTicks: processStartTicks(process.pid), bootId: readBootId(), exitCode: 300, startedAt: '', error: 'a "quoted" reason\n\uFFFD',
		});
	}

	t.deepEqual(fs.readdirSync(folder), ['status.json']);
	fs.symlinkSync('/nowhere', path.join(folder, 'status.json.tmp'));
	t.throws(() => {
		call(program, 'status', folder, '0');
	}, {message: /too many levels of symbolic links/});
});

test('events of many writers at once are whole lines, in each writer\'s order', async t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'events.jsonl');
	const writers = Array.from({length: 4}, () => spawn(program, ['journal', file, '300'], {stdio: 'ignore'}));
	await Promise.all(writers.map(async writer => once(writer, 'close')));
	const events = fs.readFileSync(file, 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as {Actor: {Attributes: Record<string, string>}});
	t.is(events.length, 1200);
	const numbers = new Map<string, number>();
	for (const {Actor: {Attributes}} of events) {
		t.is(Attributes['image'], 'i');
		const {writer, number} = Attributes;
		if (writer !== undefined) {
			t.true(Number(number) > (numbers.get(writer) ?? -1));
			numbers.set(writer, Number(number));
		}
	}

	t.is(numbers.size, 4);
	t.is(fs.statSync(file).mode & 0o777, 0o600);
});

test('a journal that cannot be written, or is a symlink, is done without', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	call(program, 'journal', path.join(folder, 'nowhere', 'events.jsonl'), '1');
	fs.symlinkSync('target', path.join(folder, 'events.jsonl'));
	call(program, 'journal', path.join(folder, 'events.jsonl'), '1');
	t.deepEqual(fs.readdirSync(folder), ['events.jsonl']);
});

test('the log\'s times: nine digits, rising, and following a clock that was set', t => {
	const program = compile(t);
	if (program === undefined) {
		return;
	}

	const steps = [
		['1795240749 5', '2026-11-21T05:59:09.000000005Z'],
		['1795240749 5', '2026-11-21T05:59:09.000000006Z'], // The same reading twice
		['-1 0', '2026-11-21T05:59:09.000000007Z'],
		['1795240749 999999999', '2026-11-21T05:59:09.999999999Z'],
		['-1 0', '2026-11-21T05:59:10.000000000Z'],
		['1795240749 999999999', '2026-11-21T05:59:10.000000001Z'], // A little back: no
		['1795240700 0', '2026-11-21T05:58:20.000000000Z'], // Set back
		['1795240700 199999999', '2026-11-21T05:58:20.199999999Z'],
		['-1 0', '2026-11-21T05:58:20.200000000Z'],
		['4102444799 1', '2099-12-31T23:59:59.000000001Z'],
		['951782400 0', '2000-02-29T00:00:00.000000000Z'],
	] as const;
	const {stdout} = spawnSync(program, ['clock'], {input: steps.map(([input]) => `${input}\n`).join(''), encoding: 'utf8'});
	t.deepEqual(stdout.trimEnd().split('\n'), steps.map(([, wanted]) => wanted));
});
