/** Many starts in a row, several monitors at once, and containers that are not docker's default kind. */
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {frameType} from '../../engine/runtime/monitor-protocol.js';
import {MonitorClient} from '../helpers/monitor-client.js';
import {forEachSubject, readStatus, waitForStatus} from '../helpers/native-container.js';
import {create, createSession, isAlive, readJournal, readLogLines, until} from '../helpers/monitor-session.js';
import {run} from '../helpers/native-trees.js';

test('whoever is told the exit, or reads it, may start again at once; the log goes on', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {plan} = create(t, subject, rootfs, 'echo 0', {command: 'run'});
		await waitForStatus(plan.stateDir, 'exited');
		for (let round = 1; round <= 12; round++) {
			const again = create(t, subject, rootfs, `echo ${String(round)}`, {stateDir: plan.stateDir, socket: plan.socket, log: plan.log!, id: plan.id, command: 'run'});
			t.true(again.report.ok, `${String(round)}: ${String(again.report.message)}`);
			await waitForStatus(plan.stateDir, 'exited');
		}

		t.deepEqual(readLogLines(plan).map(({log}) => log), Array.from({length: 13}, (_, index) => `${String(index)}\n`));
		t.is(readJournal({plan}).filter(({Action}) => Action === 'die').length, 13);
		await until(() => !fs.existsSync(plan.socket), 'the last socket is gone');
	});
});

test('the start command releases a created container, or says why it cannot', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {plan} = create(t, subject, rootfs, 'echo started; sleep 100');
		t.true(run(subject, 'start', ['--socket', plan.socket]).report.ok);
		t.is(readStatus(plan.stateDir).status, 'running');
		t.like(run(subject, 'start', ['--socket', plan.socket]).report, {ok: false, kind: 'conflict'});
		t.like(run(subject, 'delete', ['--state', plan.stateDir, '--socket', plan.socket]).report, {ok: false, kind: 'conflict'});
		t.true(run(subject, 'delete', ['--state', plan.stateDir, '--socket', plan.socket, '--force']).report.ok);
		t.like(readStatus(plan.stateDir), {status: 'exited', exitCode: 137, signal: 9});
		t.like(run(subject, 'start', ['--socket', plan.socket]).report, {ok: false, kind: 'conflict'});
		fs.writeFileSync(path.join(rootfs, 'bin', 'script'), '#!/bin/nothing\n', {mode: 0o755});
		const bad = create(t, subject, rootfs, ['/bin/script']);
		t.like(run(subject, 'start', ['--socket', bad.plan.socket]).report, {ok: false, exitCode: 127});
	});
});

test('without a log everything else works', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const nowhere = path.join(path.dirname(rootfs), 'none');
		fs.mkdirSync(nowhere, {recursive: true});
		const {container, client} = await createSession(t, subject, rootfs, 'seq 1000; printf end', {log: undefined} as never);
		t.is(container.plan.log, undefined);
		await client.command(frameType.start);
		t.is((await client.exit()).exitCode, 0);
		t.is(client.output().length, 3893 + 3);
	});
});

test('twenty containers at once keep their outputs and ends apart', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const containers = Array.from({length: 20}, (_, index) => create(t, subject, rootfs, `seq ${String(index * 100)}; exit ${String(index)}`, {flags: ['noSync'], command: 'run'}));
		for (const [index, {plan, report}] of containers.entries()) {
			t.true(report.ok, report.message);
			t.is((await waitForStatus(plan.stateDir, 'exited')).exitCode, index);
			t.is(readLogLines(plan).length, index * 100);
		}

		const events = readJournal(containers[7]!);
		t.deepEqual(events.map(({Action, Actor}) => `${Action} ${Actor.Attributes['exitCode'] ?? ''}`), ['start ', 'die 7']);
	});
});

test('in the host\'s pid namespace, what the first process leaves behind is ended with it', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, '(trap "" HUP; sleep 1000 & sleep 1001; true) & echo ready; read x; exit 4', {
			flags: ['openStdin', 'stdinOnce'],
			mounts: [],
			masked: [],
			readonly: [],
			namespaces: [{kind: 'mount'}, {kind: 'net'}, {kind: 'ipc'}, {kind: 'uts'}],
		});
		const reply = await client.command(frameType.start);
		t.true(reply.ok, reply.message);
		await client.untilOutput('ready');
		let pids: number[] = [];
		while (pids.length < 4) {
			pids = (await client.command(frameType.pids))['pids'] as number[];
		}

		t.true(pids.includes(container.report['pid'] as number));
		t.false(pids.includes(process.pid));
		t.like(await client.command(frameType.pause), {ok: true});
		t.like(await client.command(frameType.unpause), {ok: true});
		client.send(frameType.stdin, Buffer.from('\n'));
		t.is((await client.exit()).exitCode, 4);
		await until(() => !pids.some(pid => isAlive(pid)), 'all of them are dead');
	}, ({name}) => name === 'root');
});

test('bytes pass in both directions at once, message by message', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'while read -r line; do echo "answer $line"; done', {flags: ['openStdin', 'stdinOnce']});
		await client.command(frameType.start);
		for (let round = 0; round < 100; round++) {
			client.send(frameType.stdin, Buffer.from(`${String(round)}\n`));
			await client.untilOutput(`answer ${String(round)}\n`);
		}

		client.endInput();
		t.is((await client.exit()).exitCode, 0);
	});
});

test('many small writes arrive whole, though they are gathered', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		// A line a write, by the shell.
		const {container, client} = await createSession(t, subject, rootfs, 'i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done; echo last >&2', {flags: ['noSync']});
		await client.command(frameType.start);
		t.is((await client.exit()).exitCode, 0);
		const wanted = Array.from({length: 30_000}, (_, index) => `${String(index)}\n`).join('');
		t.is(String(client.output()), wanted);
		t.is(readLogLines(container.plan).filter(({stream}) => stream === 'stdout').map(({log}) => log).join(''), wanted);
		t.is(String(client.output(2)), 'last\n');
	});
});

test('a client that connects and says nothing is no hindrance', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'true');
		const silent = await MonitorClient.connect(t, subject, container.plan.socket);
		const half = await MonitorClient.connect(t, subject, container.plan.socket);
		half.sendRaw(Buffer.of(19, 0, 0));
		await client.command(frameType.start);
		t.is((await client.exit()).exitCode, 0);
		await Promise.all([silent.closed, half.closed]);
		await until(() => !isAlive(container.report['monitorPid'] as number), 'the monitor is gone');
	});
});
