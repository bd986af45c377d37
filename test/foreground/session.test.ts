import process from 'node:process';
import {PassThrough} from 'node:stream';
import {setTimeout as wait} from 'node:timers/promises';
import test from 'ava';
import {runSession, type SessionOptions} from '../../source/foreground/session.js';
import {BrokenPipeError} from '../../source/foreground/standard-streams.js';
import {fakeAttachment} from '../helpers/fake-engine.js';
import {fakeOutput} from '../helpers/run-command.js';

const detachKeys = Uint8Array.from([0x10, 0x11]);

function setUp(overrides: Partial<SessionOptions> & {tty?: boolean; hasInput?: boolean} = {}) {
	const attachment = fakeAttachment({tty: overrides.tty ?? false});
	const stream = new PassThrough();
	const output = fakeOutput();
	const errors = fakeOutput();
	const input = overrides.hasInput === false ? undefined : {isTerminal: false, stream: () => stream};
	return {attachment, stream, output, errors, options: {attachment, input, output, errors, detachKeys, sendSignal: undefined, ...overrides}};
}

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) {
		await wait(5);
	}
}

test('both streams are copied apart, and the exit code comes back', async t => {
	const {attachment, output, errors, options} = setUp();
	const session = runSession(options);
	attachment.emit({stream: 'stdout', data: Buffer.from('one\n')});
	attachment.emit({stream: 'stderr', data: Buffer.from('two\n')});
	attachment.finish(7);
	t.deepEqual(await session, {reason: 'exited', exitCode: 7});
	t.is(output.text(), 'one\n');
	t.is(errors.text(), 'two\n');
});

test('output begins to be read before the process begins', async t => {
	const {attachment, output, options} = setUp({
		async begin() {
			attachment.emit({stream: 'stdout', data: Buffer.from('first words')});
			attachment.finish(0);
		},
	});
	await runSession(options);
	t.is(output.text(), 'first words');
});

test('a start that fails ends the session with its error', async t => {
	const {attachment, options} = setUp({
		async begin() {
			throw new Error('no such program');
		},
	});
	await t.throwsAsync(runSession(options), {message: 'no such program'});
	t.deepEqual(await attachment.done, {reason: 'detached'});
});

test('input is passed on, then its end', async t => {
	const {attachment, stream, options} = setUp();
	const session = runSession(options);
	stream.write('abc\u0010\u0011');
	stream.end('def');
	await until(() => attachment.wasEnded());
	t.is(Buffer.concat(attachment.received).toString(), 'abc\u0010\u0011def');
	attachment.finish(0);
	await session;
});

test('at a terminal the detach keys leave the process running', async t => {
	const {attachment, stream, options} = setUp({tty: true});
	const session = runSession(options);
	stream.write('ls\n\u0010');
	stream.write('\u0011');
	t.deepEqual(await session, {reason: 'detached'});
	t.is(Buffer.concat(attachment.received).toString(), 'ls\n');
	t.false(attachment.wasEnded());
	t.true(stream.destroyed);
});

test('without input nothing is sent', async t => {
	const {attachment, options} = setUp({hasInput: false});
	const session = runSession(options);
	attachment.finish(0);
	await session;
	t.deepEqual(attachment.received, []);
	t.false(attachment.wasEnded());
});

test('a reader that went away ends the session', async t => {
	const {attachment, options} = setUp({
		output: {
			isTerminal: false,
			write() {},
			async send() {
				throw new BrokenPipeError('broken pipe');
			},
		},
	});
	const session = runSession(options);
	attachment.emit({stream: 'stdout', data: Buffer.from('x')});
	await t.throwsAsync(session, {instanceOf: BrokenPipeError});
});

test('input waits until the process took it', async t => {
	const attachment = fakeAttachment();
	let pending = 0;
	let most = 0;
	const slow = {
		...attachment,
		async write() {
			pending++;
			most = Math.max(most, pending);
			await wait(2);
			pending--;
		},
	};
	const {stream, options} = setUp({attachment: slow});
	const session = runSession({...options, attachment: slow});
	for (let index = 0; index < 20; index++) {
		stream.write(Buffer.alloc(1000));
	}

	stream.end();
	await until(() => attachment.wasEnded());
	attachment.finish(0);
	await session;
	t.is(most, 1);
});

test.serial('signals are passed on while the session lasts, and no longer', async t => {
	const sent: string[] = [];
	const {attachment, options} = setUp({
		async sendSignal(signal) {
			sent.push(signal);
		},
	});
	const before = process.listenerCount('SIGUSR2');
	const session = runSession(options);
	process.emit('SIGUSR2', 'SIGUSR2'); // tests run in a thread, which no real signal reaches
	await until(() => sent.length > 0);
	t.deepEqual(sent, ['SIGUSR2']);
	attachment.finish(3);
	t.deepEqual(await session, {reason: 'exited', exitCode: 3});
	t.is(process.listenerCount('SIGUSR2'), before);
});

test.serial('asking three times to end gives up on a process that does not', async t => {
	const {options} = setUp({async sendSignal() {}});
	const session = runSession(options);
	for (let index = 0; index < 3; index++) {
		process.emit('SIGTERM', 'SIGTERM');
	}

	t.deepEqual(await session, {reason: 'givenUp', why: 'asked'});
});
