/** A live connection, from its beginning to each of its ends. */
import {setImmediate as nextTurn} from 'node:timers/promises';
import test from 'ava';
import {failedAttachment, makeAttachment, type AttachmentOptions} from '../../engine/container/attachment.js';
import {EngineError} from '../../engine/errors.js';
import type {MonitorConnection, MonitorExit, MonitorOutput} from '../../engine/runtime/monitor-client.js';

async function* outputOf(...texts: readonly string[]): AsyncGenerator<MonitorOutput> {
	for (const text of texts) {
		yield {stream: 'stdout', data: Buffer.from(text)};
	}
}

/** As much of a connection as an attachment uses. */
function fakeConnection(output: AsyncIterable<MonitorOutput> = outputOf()) {
	const calls: string[] = [];
	let tell: (exit: MonitorExit | undefined) => void = () => {};
	const exit = new Promise<MonitorExit | undefined>(resolve => {
		tell = resolve;
	});
	const connection = {
		output,
		exit,
		async write(data: Uint8Array) {
			calls.push(`write ${Buffer.from(data).toString()}`);
		},
		async closeStdin() {
			calls.push('closeStdin');
		},
		async resize({rows, columns}: {readonly rows: number; readonly columns: number}) {
			calls.push(`resize ${rows}x${columns}`);
		},
		close() {
			calls.push('close');
			tell(undefined);
		},
	};
	return {connection: connection as unknown as MonitorConnection, calls, tell};
}

function attach(options: Partial<AttachmentOptions> = {}, output?: AsyncIterable<MonitorOutput>) {
	const fake = fakeConnection(output);
	const events: string[] = [];
	const attachment = makeAttachment(fake.connection, {
		tty: false,
		hasStdin: true,
		onExit() {
			events.push('exit');
		},
		lostExitCode: () => 137,
		onDetach() {
			events.push('detach');
		},
		...options,
	});
	return {...fake, attachment, events};
}

test('it ends with the process', async t => {
	const {attachment, tell, calls, events} = attach({tty: true});
	t.true(attachment.tty);
	tell({exitCode: 3, oomKilled: false, finishedAt: ''});
	t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 3});
	t.deepEqual([calls, events], [['close'], ['exit']]);
	attachment.close();
	t.deepEqual(events, ['exit'], 'closing after the end changes nothing');
});

test('it ends by being closed', async t => {
	const {attachment, events} = attach();
	attachment.close();
	t.deepEqual(await attachment.done, {reason: 'detached'});
	t.deepEqual(events, ['detach']);
	const without = attach({onDetach() {}});
	without.attachment.close();
	t.deepEqual(await without.attachment.done, {reason: 'detached'});
});

test('when the monitor goes without telling, the record says how it ended', async t => {
	const {attachment, tell, events} = attach({lostExitCode: () => 42});
	tell(undefined);
	t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 42});
	t.deepEqual(events, ['exit']);
});

test('input goes through where it is open, and nowhere else', async t => {
	const open = attach();
	await open.attachment.write(Buffer.from('x'));
	await open.attachment.end();
	await open.attachment.resize({rows: 1, columns: 2});
	t.deepEqual(open.calls, ['write x', 'closeStdin', 'resize 1x2']);
	const closed = attach({hasStdin: false});
	await closed.attachment.write(Buffer.from('x'));
	await closed.attachment.end();
	t.deepEqual(closed.calls, []);
});

test('what was said before comes first', async t => {
	const {attachment} = attach({replay: outputOf('a', 'b')}, outputOf('c'));
	let text = '';
	for await (const {data} of attachment.output) {
		text += data.toString();
	}

	t.is(text, 'abc');
});

test('one that can\'t be built gives nothing, and its start tells why', async t => {
	const error = new EngineError('invalidParameter', 'no such program', {exitCode: 127});
	const {attachment, prepared} = failedAttachment(error, true);
	t.true(attachment.tty);
	const output: string[] = [];
	const reading = (async () => {
		for await (const {data} of attachment.output) {
			output.push(data.toString());
		}

		output.push('end');
	})();
	await attachment.write(Buffer.from('x'));
	await attachment.end();
	await attachment.resize({rows: 1, columns: 1});
	await prepared.resize({rows: 1, columns: 1});
	await nextTurn();
	t.deepEqual(output, [], 'it waits for the start');
	t.is(await t.throwsAsync(prepared.start()), error);
	t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 127});
	await reading;
	t.deepEqual(output, ['end']);
});

test('one that can\'t be built can be left', async t => {
	const {attachment} = failedAttachment(new EngineError('system', 'x'), false);
	attachment.close();
	t.deepEqual(await attachment.done, {reason: 'detached'});
	const {attachment: other, prepared} = failedAttachment(new EngineError('system', 'x'), false);
	await t.throwsAsync(prepared.start());
	t.deepEqual(await other.done, {reason: 'exited', exitCode: 128});
});
