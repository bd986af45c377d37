import {createHash, randomBytes} from 'node:crypto';
import fs from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {frameType} from '../../engine/runtime/monitor-protocol.js';
import {MonitorClient} from '../helpers/monitor-client.js';
import {forEachSubject} from '../helpers/native-container.js';
import {create, createExec, createSession, isAlive, readLogLines, until} from '../helpers/monitor-session.js';

const once = {flags: ['openStdin', 'stdinOnce']} as const;
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

test('megabytes of stdin arrive whole, wait for a slow reader, and end with CLOSE_STDIN', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'sleep 0.3; sha256sum', once);
		const input = randomBytes(20_000_000);
		await client.command(frameType.start);
		await client.sendInput(input);
		t.like(await client.command(frameType.closeStdin), {ok: true, closed: true});
		t.is((await client.exit()).exitCode, 0);
		t.is(String(client.output()), `${digest(input)}  -\n`);
	});
});

test('what goes in comes out through cat', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'cat', once);
		const input = randomBytes(8_000_000);
		await client.command(frameType.start);
		const sent = client.sendInput(input).then(() => {
			client.endInput();
		});
		t.is((await client.exit()).exitCode, 0);
		await sent;
		t.is(digest(client.output()), digest(input));
	});
});

test('one stdin frame may be longer than any buffer', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'sha256sum', once);
		const input = randomBytes(3_000_000);
		client.send(frameType.start);
		client.send(frameType.stdin, input);
		client.send(frameType.closeStdin);
		t.is((await client.exit()).exitCode, 0);
		t.is(String(client.output()), `${digest(input)}  -\n`);
	});
});

test('stdin opened for one client ends when that client goes, by whatever way; output goes on', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		for (const how of ['close', 'shut', 'disconnect'] as const) {
			const {container, client} = await createSession(t, subject, rootfs, 'cat; echo end', once);
			const other = await MonitorClient.connect(t, subject, container.plan.socket);
			await other.attach(6);
			await client.command(frameType.start);
			client.send(frameType.stdin, Buffer.from('text\n'));
			await other.untilOutput('text');
			if (how === 'close') {
				client.send(frameType.closeStdin);
			} else if (how === 'shut') {
				client.endInput();
			} else {
				client.destroy();
			}

			t.is((await other.exit()).exitCode, 0);
			t.is(String(other.output()), 'text\nend\n');
			if (how !== 'disconnect') {
				await client.exit();
				t.is(String(client.output()), 'text\nend\n');
			}
		}
	});
});

test('stdin that stays open outlives its clients', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'while read line; do echo "got $line"; [ "$line" = end ] && exit 0; done', {flags: ['openStdin']});
		await client.command(frameType.start);
		client.send(frameType.stdin, Buffer.from('one\n'));
		await client.untilOutput('got one');
		t.like(await client.command(frameType.closeStdin), {ok: true, closed: false});
		client.destroy();
		const next = await MonitorClient.connect(t, subject, container.plan.socket);
		await next.attach();
		next.send(frameType.stdin, Buffer.from('end\n'));
		t.is((await next.exit()).exitCode, 0);
		t.is(String(next.output()), 'got end\n');
	});
});

test('stdin nobody opened, and stdin of somebody who did not attach it, goes nowhere and blocks nothing', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'wc -c; sleep 100');
		await client.command(frameType.start);
		await client.untilOutput('0\n');
		await client.sendInput(Buffer.alloc(2_000_000));
		t.like(await client.command(frameType.pids), {ok: true});
		const stranger = await MonitorClient.connect(t, subject, container.plan.socket);
		t.like(await stranger.command(frameType.closeStdin), {ok: false, kind: 'conflict'});
		await stranger.sendInput(Buffer.alloc(100_000));
		t.like(await stranger.signal(9), {ok: true});
		t.is((await client.exit()).exitCode, 137);
	});
});

test('a process that closes its stdin does not stop the rest', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'exec <&-; echo closed; sleep 0.5; echo end', once);
		await client.command(frameType.start);
		await client.untilOutput('closed');
		await client.sendInput(Buffer.alloc(500_000));
		t.is((await client.exit()).exitCode, 0);
		t.is(String(client.output()), 'closed\nend\n');
	});
});

test('somebody who does not read slows the container; log and others have what was read; nothing is lost', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const total = 12_000_000;
		const {container, client} = await createSession(t, subject, rootfs, `yes 0123456789abcdef | head -c ${String(total)}`);
		const slow = await MonitorClient.connect(t, subject, container.plan.socket);
		await slow.attach(2);
		slow.pause();
		await client.command(frameType.start);
		await until(() => client.output().length > 1_000_000, 'a megabyte came');
		let before = -1;
		while (before !== client.output().length) {
			before = client.output().length;
			await delay(150);
		}

		t.true(before < total - 1_000_000, `${String(before)} bytes came although somebody does not read`);
		const memory = Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${String(container.report['monitorPid'])}/status`, 'utf8'))![1]);
		t.true(memory < 4096, `${String(memory)} KiB`);
		slow.resume();
		t.is((await client.exit()).exitCode, 0);
		await slow.exit();
		t.is(client.output().length, total);
		t.is(digest(slow.output()), digest(client.output()));
		t.is(readLogLines(container.plan).map(({log}) => log).join(''), String(client.output()));
	});
});

test('somebody who does not read and goes away stops slowing the container at once', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'yes 0123456789abcdef | head -c 9000000');
		const slow = await MonitorClient.connect(t, subject, container.plan.socket);
		await slow.attach(2);
		slow.pause();
		await client.command(frameType.start);
		await until(() => client.output().length > 1_000_000, 'a megabyte came');
		await delay(100);
		slow.destroy();
		t.is((await client.exit()).exitCode, 0);
		t.is(client.output().length, 9_000_000);
	});
});

test('somebody slow has all the output after the end, and keeps nobody from starting anew', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client: slow} = await createSession(t, subject, rootfs, 'yes 0123456789abcdef | head -c 900000');
		const {plan} = container;
		await slow.command(frameType.start);
		slow.pause();
		await until(() => fs.existsSync(`${plan.stateDir}/status.json`) && fs.readFileSync(`${plan.stateDir}/status.json`, 'utf8').includes('exited'), 'it ended');
		const {report} = create(t, subject, rootfs, 'true', {stateDir: plan.stateDir, socket: plan.socket});
		t.true(report.ok, report.message);
		slow.resume();
		t.is((await slow.exit()).exitCode, 0);
		t.is(slow.output().length, 900_000);
		await until(() => !isAlive(container.report['monitorPid'] as number), 'the monitor is gone');
	});
});

test('only the streams asked for come', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'echo out; echo err >&2');
		const outputs = await Promise.all([0, 2, 4].map(async bits => {
			const one = await MonitorClient.connect(t, subject, container.plan.socket);
			await one.attach(bits);
			return one;
		}));
		await client.command(frameType.start);
		await Promise.all([client, ...outputs].map(async one => one.exit()));
		t.deepEqual(outputs.map(one => [String(one.output(1)), String(one.output(2))]), [['', ''], ['out\n', ''], ['', 'err\n']]);
	});
});

test('sixty clients at once all get everything', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'seq 5000');
		const many = await Promise.all(Array.from({length: 60}, async () => {
			const one = await MonitorClient.connect(t, subject, container.plan.socket);
			await one.attach(6);
			return one;
		}));
		await client.command(frameType.start);
		const wanted = Array.from({length: 5000}, (_, index) => `${String(index + 1)}\n`).join('');
		for (const one of [client, ...many]) {
			t.is((await one.exit()).exitCode, 0);
			t.is(String(one.output()), wanted);
		}
	}, ({prefix}) => prefix.length === 0); // A process for each client of another user would be too much
});

test('a terminal: echo, size, job control signals; its end of input only detaches', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'trap "stty size" WINCH; trap "echo interrupted" INT; stty size; tty; while true; do sleep 0.1; done', {
			flags: ['tty', 'openStdin', 'stdinOnce'], ttySize: {rows: 11, columns: 22},
		});
		await client.command(frameType.start);
		await client.untilOutput(/11 22\r\n\/dev\/(pts\/0|console)\r\n/);
		t.like(await client.command(frameType.resize, Buffer.of(0, 33, 0, 44)), {ok: true});
		await client.untilOutput('33 44\r\n');
		t.like(await client.command(frameType.resize, Buffer.of(1, 2, 3)), {ok: false, kind: 'invalidParameter'});
		client.send(frameType.stdin, Buffer.from('typed\n'));
		await client.untilOutput('typed\r\n');
		client.send(frameType.stdin, Buffer.of(3));
		await client.untilOutput('interrupted');
		t.like(await client.command(frameType.closeStdin), {ok: true, closed: false});
		client.destroy();
		const next = await MonitorClient.connect(t, subject, container.plan.socket);
		t.like(await next.attach(), {ok: true, tty: true});
		next.send(frameType.stdin, Buffer.of(3));
		await next.untilOutput('interrupted');
		await next.signal(9);
		t.is((await next.exit()).exitCode, 137);
		t.deepEqual(next.output(2), Buffer.alloc(0));
		t.true(readLogLines(container.plan).some(({log}) => log === '33 44\r\n'));
	});
});

test('a terminal that no process has open for a while is still there', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'echo first; exec <&- >&- 2>&-; sleep 0.5; echo second >/dev/console', {flags: ['tty']});
		await client.command(frameType.start);
		t.is((await client.exit()).exitCode, 0);
		t.is(String(client.output()), 'first\r\nsecond\r\n');
		t.is(readLogLines(container.plan).map(({log}) => log).join(''), 'first\r\nsecond\r\n');
	});
});

test('output nobody was there for is in the log, and only there', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'echo early; trap "echo late; exit 0" TERM; while true; do sleep 0.05; done', {command: 'run'});
		await until(() => readLogLines(container.plan).length === 1, 'the first line is logged');
		const client = await MonitorClient.connect(t, subject, container.plan.socket);
		await client.attach();
		await client.signal(15);
		await client.exit();
		t.is(String(client.output()), 'late\n');
		t.deepEqual(readLogLines(container.plan).map(({log}) => log), ['early\n', 'late\n']);
	});
});

test('an exec with a terminal and one with pipes', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		for (const flags of [['openStdin'], ['openStdin', 'tty']] as const) {
			const {plan, report} = createExec(subject, container, 'read line; echo "<$line>"; [ -t 1 ] && echo terminal; exit 9', {flags});
			t.true(report.ok, report.message);
			const client = await MonitorClient.connect(t, subject, plan.socket);
			await client.attach();
			client.send(frameType.start);
			client.send(frameType.stdin, Buffer.from('word\n'));
			t.is((await client.exit()).exitCode, 9);
			t.regex(String(client.output()), flags.includes('tty' as never) ? /<word>\r\nterminal\r\n$/ : /^<word>\n$/);
		}
	});
});
