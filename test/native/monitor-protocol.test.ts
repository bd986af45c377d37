/** Clients of the monitor that break the rules. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import {encodeFrame, frameHeader, frameType} from '../../engine/runtime/monitor-protocol.js';
import {MonitorClient} from '../helpers/monitor-client.js';
import {forEachSubject} from '../helpers/native-container.js';
import {create, createSession, isAlive} from '../helpers/monitor-session.js';
import {hasProgram} from '../helpers/native-trees.js';

test('a payload of the wrong size, a command nobody knows: an error, and on it goes', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'sleep 100');
		for (const [type, payload] of [
			[frameType.attach, Buffer.alloc(0)], [frameType.attach, Buffer.alloc(2)], [frameType.attach, Buffer.of(8)], [frameType.resize, Buffer.alloc(3)],
			[frameType.signal, Buffer.alloc(5)], [frameType.start, Buffer.alloc(1)], [frameType.pids, Buffer.alloc(1_000_000)],
		] as const) {
			t.like(await client.command(type, payload), {ok: false, kind: 'invalidParameter'}, String(type));
		}

		t.like(await client.command(26), {ok: false, kind: 'notImplemented'});
		t.like(await client.command(31, Buffer.alloc(100_000)), {ok: false, kind: 'notImplemented'});
		t.like(await client.command(frameType.pids), {ok: false, kind: 'conflict'});
		t.like(await client.command(frameType.start), {ok: true});
		t.like(await client.command(frameType.resize, Buffer.alloc(4)), {ok: false, kind: 'conflict'});
		t.like(await client.command(frameType.pids), {ok: true});
	});
});

test('what is no frame ends the connection after a last reply, and harms nobody else', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'cat', {flags: ['openStdin']});
		await client.command(frameType.start);
		for (const bytes of [
			frameHeader(1, 10), frameHeader(2, 0), frameHeader(15, 0), frameHeader(32, 0), frameHeader(255, 4_294_967_295), frameHeader(frameType.signal, 1_048_577),
			Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
		]) {
			const bad = await MonitorClient.connect(t, subject, container.plan.socket);
			bad.sendRaw(bytes);
			t.like(await bad.reply(), {ok: false, kind: 'invalidParameter'});
			await bad.closed;
		}

		client.send(frameType.stdin, Buffer.from('still there\n'));
		await client.untilOutput('still there');
	});
});

test('frames may come byte by byte', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'read line; echo "<$line>"', {flags: ['openStdin', 'stdinOnce']});
		const bytes = Buffer.concat([encodeFrame(frameType.start), encodeFrame(frameType.stdin, Buffer.from('word\n')), encodeFrame(frameType.wait), encodeFrame(frameType.stdin)]);
		for (const byte of bytes) {
			client.sendRaw(Buffer.of(byte));
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		}

		t.is((await client.exit()).exitCode, 0);
		t.is(String(client.output()), '<word>\n');
	});
});

test('whatever bytes clients send, the monitor goes on', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		const frame = fc.oneof(
			fc.uint8Array({maxLength: 64}).map(bytes => Buffer.from(bytes)),
			// Not SIGNAL, PAUSE or UNPAUSE: those may rightly change what the next one finds.
			fc.tuple(fc.constantFrom(0, 16, 17, 18, 20, 21, 24, 25, 26), fc.uint8Array({maxLength: 12})).map(([type, payload]) => encodeFrame(type, payload)),
			fc.tuple(fc.integer({min: 0, max: 40}), fc.integer({min: 0, max: 100_000})).filter(([type]) => ![19, 22, 23].includes(type)).map(([type, length]) => frameHeader(type, length)),
		);
		await fc.assert(fc.asyncProperty(fc.array(frame, {maxLength: 12}), fc.boolean(), async (frames, isPolite) => {
			const bytes = Buffer.concat(frames);
			fc.pre(!holdsSignal(bytes));
			const client = await MonitorClient.connect(t, subject, container.plan.socket);
			client.sendRaw(bytes);
			if (isPolite) {
				client.endInput();
				await client.closed.catch(() => {});
			}

			client.destroy();
		}), {numRuns: 60});
		const client = await MonitorClient.connect(t, subject, container.plan.socket);
		t.like(await client.command(frameType.pids), {ok: true, pids: [container.report['pid']]});
		t.true(isAlive(container.report['monitorPid'] as number));
	}, ({prefix}) => prefix.length === 0);
});

/** True when random bytes happen to be a frame that would end or stop the container. */
function holdsSignal(bytes: Buffer): boolean {
	for (let at = 0; at + 8 <= bytes.length;) {
		if ([19, 22, 23].includes(bytes[at]!)) {
			return true;
		}

		at += 8 + bytes.readUInt32BE(at + 4);
	}

	return false;
}

test('a thousand commands at once are answered in order; their replies pile up no memory for who does not read', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		const client = await MonitorClient.connect(t, subject, container.plan.socket);
		for (let index = 0; index < 1000; index++) {
			client.send(index % 2 === 0 ? frameType.wait : 26);
		}

		for (let index = 0; index < 1000; index++) {
			t.is((await client.reply()).ok, index % 2 === 0);
		}

		const deaf = await MonitorClient.connect(t, subject, container.plan.socket);
		deaf.pause();
		const flood = Buffer.concat(Array.from({length: 100_000}, () => encodeFrame(26)));
		deaf.sendRaw(flood);
		t.like(await client.command(frameType.pids), {ok: true});
		const memory = Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${String(container.report['monitorPid'])}/status`, 'utf8'))![1]);
		t.true(memory < 4096, `${String(memory)} KiB`);
	});
});

test('more clients than it takes wait in the queue; the monitor does not spin', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		const clients = await Promise.all(Array.from({length: 560}, async () => MonitorClient.connect(t, subject, container.plan.socket)));
		t.like(await clients[0]!.command(frameType.wait), {ok: true});
		const ticks = () => fs.readFileSync(`/proc/${String(container.report['monitorPid'])}/stat`, 'latin1').split(' ').slice(13, 15).reduce((sum, text) => sum + Number(text), 0);
		const before = ticks();
		await new Promise(resolve => {
			setTimeout(resolve, 500);
		});
		t.true(ticks() - before < 10, 'it is idle');
		for (const client of clients.slice(0, 100)) {
			client.destroy();
		}

		t.like(await clients.at(-1)!.command(frameType.pids), {ok: true});
		for (const client of clients) {
			client.destroy();
		}
	}, ({prefix}) => prefix.length === 0);
});

test('another user is refused, whatever the socket\'s mode', async t => {
	if (process.getuid!() !== 0 || !hasProgram(t, 'setpriv')) {
		t.log('skipped: only root can be somebody else');
		t.pass();
		return;
	}

	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		fs.chmodSync(container.plan.socket, 0o777);
		for (let folder = path.dirname(container.plan.socket); folder.startsWith(`${os.tmpdir()}/`); folder = path.dirname(folder)) {
			fs.chmodSync(folder, 0o777);
		}

		const script = 'const s=require("net").connect(process.argv[1],()=>{s.write(Buffer.from([20,0,0,0,0,0,0,0]))});let n=0;s.on("data",d=>{n+=d.length});s.on("error",()=>{});s.on("close",()=>{process.stdout.write(String(n))})';
		const child = spawn('setpriv', ['--reuid', '65533', '--regid', '65533', '--clear-groups', process.execPath, '-e', script, container.plan.socket]);
		let text = '';
		child.stdout.on('data', (chunk: Buffer) => {
			text += String(chunk);
		});
		await once(child, 'close');
		t.is(text, '0');
		t.true(isAlive(container.report['monitorPid'] as number));
	});
});
