import net from 'node:net';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import * as fc from 'fast-check';
import {connectMonitor, type MonitorConnection} from '../../engine/runtime/monitor-client.js';
import {encodeFrame, frameReader, frameType} from '../../engine/runtime/monitor-protocol.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

test('frames are read whatever pieces they come in', t => {
	fc.assert(fc.property(
		fc.array(fc.oneof(
			fc.record({type: fc.constantFrom(1, 2), data: fc.uint8Array({maxLength: 40})}),
			fc.record({type: fc.constantFrom(32, 33), data: fc.json().map(text => json({text}))}),
		)),
		fc.array(fc.integer({min: 1, max: 30})),
		(frames, cuts) => {
			const seen: Array<[number, string]> = [];
			const note = (type: number) => (report: unknown) => {
				seen.push([type, JSON.stringify(report)]);
			};

			const read = frameReader({
				output(stream, data) {
					const type = stream === 'stdout' ? 1 : 2;
					const last = seen.at(-1);
					if (last?.[0] === type) {
						last[1] += data.toString('hex');
					} else {
						seen.push([type, data.toString('hex')]);
					}
				},
				reply: note(32),
				exit: note(33),
			});
			let bytes = Buffer.concat(frames.map(({type, data}) => encodeFrame(type, data)));
			for (let index = 0; bytes.length > 0; index++) {
				const cut = cuts[index % (cuts.length || 1)] ?? 9;
				read(bytes.subarray(0, cut));
				bytes = bytes.subarray(cut);
			}

			const expected: Array<[number, string]> = [];
			for (const {type, data} of frames) {
				const text = type < 3 ? Buffer.from(data).toString('hex') : Buffer.from(data).toString();
				const last = expected.at(-1);
				if (type < 3 && text === '') {
					continue;
				}

				if (type < 3 && last?.[0] === type) {
					last[1] += text;
				} else {
					expected.push([type, text]);
				}
			}

			return JSON.stringify(seen) === JSON.stringify(expected);
		},
	));
	t.pass();
});

for (const [title, bytes] of [
	['a type that only goes the other way', encodeFrame(frameType.start)],
	['a reply of four gigabytes', Buffer.from([32, 0, 0, 0, 255, 255, 255, 255])],
	['a reply that is not JSON', encodeFrame(32, Buffer.from('{'))],
	['a reply that is no object', encodeFrame(32, Buffer.from('7'))],
] as const) {
	test(`refused: ${title}`, t => {
		const ignore = () => {};
		t.like(t.throws(() => {
			frameReader({output: ignore, reply: ignore, exit: ignore})(bytes);
		}), {kind: 'system'});
	});
}

type FakeMonitor = {readonly connection: MonitorConnection; readonly socket: net.Socket; readonly received: Buffer[]};

async function fakeMonitor(t: ExecutionContext): Promise<FakeMonitor> {
	const file = path.join(temporaryFolder(t), 's');
	const received: Buffer[] = [];
	const accepted = new Promise<net.Socket>(resolve => {
		const server = net.createServer(socket => {
			socket.on('data', data => received.push(data));
			socket.on('error', () => {});
			resolve(socket);
		});
		server.listen(file);
		t.teardown(() => server.close());
	});
	await delay(5);
	const connection = (await connectMonitor(file))!;
	t.teardown(() => {
		connection.close();
	});
	return {connection, socket: await accepted, received};
}

test('nobody there is not an error', async t => {
	t.is(await connectMonitor(path.join(temporaryFolder(t), 'none')), undefined);
});

test('replies belong to commands in their order', async t => {
	const {connection, socket, received} = await fakeMonitor(t);
	const answers = Promise.allSettled([connection.attach({stdin: true, stderr: true}), connection.signal(15), connection.resize({rows: 258, columns: 3}), connection.command(frameType.pids)]);
	while (Buffer.concat(received).length < 9 + 12 + 12 + 8) {
		await delay(1);
	}

	socket.write(Buffer.concat([
		encodeFrame(32, json({ok: true})), encodeFrame(32, json({ok: false, kind: 'conflict', message: 'too late', exitCode: 127})), encodeFrame(32, json({ok: true})), encodeFrame(32, json({ok: true, pids: [1]})),
	]));
	const [attached, signalled, , pids] = await answers;
	t.is(attached.status, 'fulfilled');
	t.like(signalled.status === 'rejected' ? signalled.reason : undefined, {kind: 'conflict', message: 'too late', exitCode: 127});
	t.deepEqual(pids.status === 'fulfilled' ? pids.value : undefined, {ok: true, pids: [1]});
	t.is(Buffer.concat(received).toString('hex'), ['1000000000000001 05', '1300000000000004 0000000f', '1200000000000004 01020003', '1900000000000000'].join('').replaceAll(' ', ''));
});

test('all output is read before the end, even when nobody read in time', async t => {
	const {connection, socket} = await fakeMonitor(t);
	socket.end(Buffer.concat([encodeFrame(1, Buffer.from('a')), encodeFrame(2, Buffer.from('b')), encodeFrame(33, json({exitCode: 3, signal: 0, oomKilled: false, finishedAt: 'now'}))]));
	t.deepEqual(await connection.exit, {exitCode: 3, oomKilled: false, finishedAt: 'now'});
	await delay(20);
	const pieces: string[] = [];
	for await (const {stream, data} of connection.output) {
		pieces.push(`${stream} ${data.toString()}`);
	}

	t.deepEqual(pieces, ['stdout a', 'stderr b']);
});

test('who does not read makes the other side wait', async t => {
	const {connection, socket} = await fakeMonitor(t);
	const block = encodeFrame(1, Buffer.alloc(64 * 1024));
	let isFull = false;
	for (let i = 0; i < 400 && !isFull; i++) {
		isFull = !socket.write(block);
		await delay(0);
		isFull &&= socket.writableLength > 1024 * 1024;
	}

	t.true(isFull);
	let bytes = 0;
	socket.end();
	for await (const {data} of connection.output) {
		bytes += data.length;
	}

	t.is(bytes % (64 * 1024), 0);
	t.true(bytes > 1024 * 1024);
});

test('a monitor that goes without a word fails what waits', async t => {
	const {connection, socket} = await fakeMonitor(t);
	const answer = connection.command(frameType.stats);
	await delay(10);
	socket.destroy();
	t.like(await t.throwsAsync(answer), {kind: 'unavailable', code: 'monitorGone'});
	t.is(await connection.exit, undefined);
	t.like(await t.throwsAsync(connection.wait()), {code: 'monitorGone'});
	await connection.write(Buffer.from('lost'));
	await connection.closeStdin();
	for await (const output of connection.output) {
		t.fail(String(output));
	}
});

test('closing ends everything quietly', async t => {
	const {connection} = await fakeMonitor(t);
	const reading = (async () => {
		for await (const output of connection.output) {
			t.fail(String(output));
		}
	})();
	connection.close();
	connection.close();
	await reading;
	t.is(await connection.exit, undefined);
});
