import fs from 'node:fs';
import process from 'node:process';
import test from 'ava';
import {frameType} from '../../engine/runtime/monitor-protocol.js';
import {processStartTicks, readBootId} from '../../engine/runtime/status-file.js';
import {MonitorClient, type Exit} from '../helpers/monitor-client.js';
import {forEachSubject, readStatus, waitForStatus} from '../helpers/native-container.js';
import {create, createExec, createSession, isAlive, readJournal, readLogLines, until} from '../helpers/monitor-session.js';
import {run} from '../helpers/native-trees.js';

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

test('who attaches before the start gets every byte, the exit comes last, then the connection ends', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'echo out; echo err >&2; exit 7');
		t.true((container.report['pid'] as number) > 1);
		t.deepEqual(await client.command(frameType.start), {ok: true});
		t.like(await client.exit(), {exitCode: 7, signal: 0, oomKilled: false});
		await client.closed;
		t.is(String(client.output(1)), 'out\n');
		t.is(String(client.output(2)), 'err\n');
		t.is(client.frames.at(-1)!.type, frameType.exit);
		await until(() => !fs.existsSync(container.plan.socket), 'the socket is gone');
	});
});

test('processes that live for microseconds lose neither output nor exit code', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		for (let code = 0; code < 15; code++) {
			const {container, client} = await createSession(t, subject, rootfs, `echo ${String(code)}; exit ${String(code)}`, {flags: ['noSync']});
			client.send(frameType.wait);
			client.send(frameType.start);
			t.is((await client.exit()).exitCode, code);
			t.is(String(client.output()), `${String(code)}\n`);
			// Who was told may start the next one at once: nothing of this one is in the way.
			t.is(readStatus(container.plan.stateDir).status, 'exited');
			t.is(readLogLines(container.plan).at(-1)!.log, `${String(code)}\n`);
		}
	});
});

test('the record says who runs, since when, and how it ended', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'read line; exit 3', {flags: ['openStdin', 'stdinOnce']});
		t.is(readStatus(container.plan.stateDir).status, 'none');
		await client.command(frameType.start);
		const running = JSON.parse(fs.readFileSync(`${container.plan.stateDir}/status.json`, 'utf8')) as Record<string, unknown>;
		const {pid, monitorPid} = container.report as {pid: number; monitorPid: number} & typeof container.report;
		t.like(running, {version: 1, status: 'running', pid, monitorPid, bootId: readBootId(), finishedAt: '', exitCode: 0, signal: 0, oomKilled: false, error: ''});
		t.is(running['startTicks'], processStartTicks(pid));
		t.is(running['monitorStartTicks'], processStartTicks(monitorPid));
		t.regex(running['startedAt'] as string, rfc3339);
		t.is(fs.readFileSync(`/proc/${String(monitorPid)}/comm`, 'utf8'), 'tug-monitor\n');
		t.is(fs.statSync(container.plan.socket).mode & 0o777, 0o600);
		client.send(frameType.stdin, Buffer.from('go\n'));
		const exit = await client.exit();
		const exited = readStatus(container.plan.stateDir);
		t.like(exited, {status: 'exited', exitCode: 3, signal: 0, pid, monitorPid});
		t.is((exited as unknown as Exit).finishedAt, exit.finishedAt);
		t.regex(exit.finishedAt, rfc3339);
		t.deepEqual(fs.readdirSync(container.plan.stateDir).sort(), ['monitor.lock', 'status.json']);
	});
});

test('start and die are in the journal, as docker tells them', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'exit 5');
		t.deepEqual(readJournal(container), []);
		await client.command(frameType.start);
		await client.exit();
		const [start, die, ...rest] = readJournal(container);
		t.deepEqual(rest, []);
		const attributes = {image: 'busybox', name: 'a "name"'};
		t.like(start, {Type: 'container', Action: 'start', scope: 'local', Actor: {ID: container.plan.id, Attributes: attributes}});
		t.like(die, {Type: 'container', Action: 'die', Actor: {ID: container.plan.id, Attributes: {...attributes, exitCode: '5', execDuration: '0'}}});
		t.is(start!.time, Math.floor(start!.timeNano / 1e9));
		t.true(die!.timeNano >= start!.timeNano);
	});
});

test('a process ended by a signal exits with 128 and its number', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		for (const [number, line] of [[9, 'sleep 100'], [15, 'trap "kill -9 $$" USR1; sleep 100']] as const) {
			const {container, client} = await createSession(t, subject, rootfs, line);
			t.like(await client.signal(15), {ok: false, kind: 'conflict'});
			await client.command(frameType.start);
			t.like(await client.signal(0), {ok: false, kind: 'invalidParameter'});
			t.like(await client.signal(65), {ok: false, kind: 'invalidParameter'});
			if (number === 15) {
				// The first process of a pid namespace takes no signal it has no handler for.
				t.like(await client.signal(15), {ok: true});
				t.true(isAlive(container.report['pid'] as number));
			}

			t.like(await client.signal(9), {ok: true});
			t.like(await client.exit(), {exitCode: 137, signal: 9});
			t.like(readStatus(container.plan.stateDir), {status: 'exited', exitCode: 137, signal: 9});
		}
	});
});

test('a program that is not there: the starter is told why, and so is everybody who waits', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		fs.writeFileSync(`${rootfs}/bin/script`, '#!/bin/nothing\n', {mode: 0o755});
		const {container, client} = await createSession(t, subject, rootfs, ['/bin/script']);
		const waiter = await MonitorClient.connect(t, subject, container.plan.socket);
		t.like(await waiter.command(frameType.wait), {ok: true});
		const reply = await client.command(frameType.start);
		t.like(reply, {ok: false, exitCode: 127, errno: 2});
		t.regex(reply.message!, /no such file or directory/);
		t.like(await waiter.exit(), {exitCode: 127, error: reply.message});
		t.like(await client.exit(), {exitCode: 127});
		t.like(readStatus(container.plan.stateDir), {status: 'created', exitCode: 127, error: reply.message});
		t.deepEqual(readJournal(container), []);
		await Promise.all([client.closed, waiter.closed]);
		t.false(fs.existsSync(container.plan.socket));
	});
});

test('run reports only when the program runs, or that it does not', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const good = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		t.true(good.report.ok);
		t.is(readStatus(good.plan.stateDir).status, 'running');
		const {report: second} = create(t, subject, rootfs, 'true', {stateDir: good.plan.stateDir, socket: good.plan.socket, command: 'run'});
		t.like(second, {ok: false, kind: 'conflict'});
		t.is(readStatus(good.plan.stateDir).status, 'running');
		t.true(run(subject, 'delete', ['--state', good.plan.stateDir, '--socket', good.plan.socket, '--force']).report.ok);
		fs.writeFileSync(`${rootfs}/bin/script`, '#!/bin/nothing\n', {mode: 0o755});
		const bad = create(t, subject, rootfs, ['/bin/script'], {command: 'run'});
		t.like(bad.report, {ok: false, exitCode: 127});
		t.like(readStatus(bad.plan.stateDir), {status: 'created', exitCode: 127});
		t.false(fs.existsSync(bad.plan.socket));
	});
});

test('a second START is a conflict', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'sleep 100');
		client.send(frameType.start);
		client.send(frameType.start);
		t.like(await client.reply(), {ok: true});
		t.like(await client.reply(), {ok: false, kind: 'conflict'});
	});
});

test('a container killed before its start is a failed start', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'true');
		t.like(await client.signal(9), {ok: true});
		t.like(await client.exit(), {exitCode: 128});
		t.regex(readStatus(container.plan.stateDir).error, /before it could start/);
		await until(() => !isAlive(container.report['monitorPid'] as number), 'the monitor is gone');
	});
});

test('the monitor outlives whoever made it and terminal signals; the container does not outlive the monitor', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100 & sleep 100; true', {command: 'run'});
		const {pid, monitorPid} = container.report as {pid: number; monitorPid: number} & typeof container.report;
		for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE', 'SIGXFSZ'] as const) {
			process.kill(monitorPid, signal);
		}

		const client = await MonitorClient.connect(t, subject, container.plan.socket);
		let pids: number[] = [];
		while (pids.length < 3) {
			pids = (await client.command(frameType.pids))['pids'] as number[];
		}

		t.true(pids.includes(pid));
		process.kill(monitorPid, 'SIGKILL');
		await until(() => !pids.some(one => isAlive(one)), 'all processes are dead');
		t.is(readStatus(container.plan.stateDir).status, 'running', 'nobody wrote the end');
		t.true(run(subject, 'delete', ['--state', container.plan.stateDir, '--socket', container.plan.socket]).report.ok);
	});
});

test('a state directory that goes away under the monitor ends nothing', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'read line; exit 4', {flags: ['openStdin', 'stdinOnce']});
		await client.command(frameType.start);
		fs.rmSync(container.plan.stateDir, {recursive: true});
		fs.rmSync(container.plan.log!.path);
		client.send(frameType.stdin, Buffer.from('x\n'));
		t.like(await client.exit(), {exitCode: 4});
		await until(() => !isAlive(container.report['monitorPid'] as number), 'the monitor is gone');
		t.false(fs.existsSync(container.plan.stateDir));
	});
});

test('an exec has a record and events of its own, named after the container', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		const {plan, report} = createExec(subject, container, 'echo hello; exit 6');
		t.true(report.ok, report.message);
		const client = await MonitorClient.connect(t, subject, plan.socket);
		await client.attach();
		await client.command(frameType.start);
		t.like(await client.exit(), {exitCode: 6});
		t.is(String(client.output()), 'hello\n');
		t.like(await waitForStatus(plan.stateDir, 'exited'), {exitCode: 6});
		const die = readJournal(container).at(-1)!;
		t.like(die, {Action: 'exec_die', Actor: {ID: container.plan.id, Attributes: {execID: plan.id, exitCode: '6', name: 'n'}}});
		t.is(readStatus(container.plan.stateDir).status, 'running');
	});
});

test('an exec that leaves writers behind ends soon, with what was written until then', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		for (const flags of [[], ['tty']] as const) {
			const {plan} = createExec(subject, container, 'echo before; (trap "" HUP; while true; do echo late; sleep 0.01; done) & exit 2', {flags});
			const client = await MonitorClient.connect(t, subject, plan.socket);
			await client.attach();
			const started = Date.now();
			await client.command(frameType.start);
			t.like(await client.exit(), {exitCode: 2});
			t.true(Date.now() - started < 5000);
			t.regex(String(client.output()), /^before\r?\n/);
			await client.closed;
		}
	});
});

test('what a container uses, and where that is known from', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 100', {command: 'run'});
		const client = await MonitorClient.connect(t, subject, container.plan.socket);
		let stats = await client.command(frameType.stats);
		const cpu = () => (stats['cpu'] as {totalNs: number}).totalNs;
		let before = -1;
		while (cpu() === 0) {
			t.true(cpu() >= before);
			before = cpu();
			stats = await client.command(frameType.stats);
		}

		t.like(stats, {ok: true, sources: {cpu: 'proc', memory: 'proc', pids: 'proc', blkio: 'proc'}, networks: {}});
		t.true((stats['memory'] as {usageBytes: number}).usageBytes > 100_000);
		t.true((stats['pids'] as {current: number}).current >= 1);
		t.regex(stats['time'] as string, rfc3339);
		t.like(await client.signal(9), {ok: true});
	});
});
