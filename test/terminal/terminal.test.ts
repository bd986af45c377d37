/** The owner of the terminal, on a tty of its own: what it takes, gives back, lends and hears. The real signals are played in app.test. */
import {EventEmitter} from 'node:events';
import process from 'node:process';
import type tty from 'node:tty';
import test from 'ava';
import {plainStyle} from '../../source/presentation/cell-style.js';
import type {InputEvent} from '../../source/terminal/input-parser.js';
import {Terminal, type Size, type TerminalOptions} from '../../source/terminal/terminal.js';

// A terminal of Node is an event emitter.
/* eslint-disable unicorn/prefer-event-target */
function fakeTty({columns = 40, rows = 10} = {}) {
	const written: string[] = [];
	const raw: boolean[] = [];
	const input = Object.assign(new EventEmitter(), {
		isTTY: true, setRawMode: (isRaw: boolean) => raw.push(isRaw), resume() {}, pause() {}, unref() {},
	});
	// Not a descriptor: what is written synchronously at the end fails, as when the terminal is gone.
	const output = Object.assign(new EventEmitter(), {columns, rows, fd: -1, isTTY: true, write: (data: string | Uint8Array) => written.push(Buffer.from(data).toString())});
	/* eslint-enable unicorn/prefer-event-target */
	const terminal = new Terminal({input: input as unknown as tty.ReadStream, output: output as unknown as TerminalOptions['output']});
	const heard: InputEvent[] = [];
	const sizes: Size[] = [];
	let hungUp = 0;
	terminal.open({
		onInput(event) {
			heard.push(event);
		},
		onResize(size) {
			sizes.push(size);
		},
		onHangUp() {
			hungUp++;
		},
	});
	return {
		terminal, input, output, written, raw, heard, sizes,
		hungUp: () => hungUp,
		type(text: string) {
			input.emit('data', Buffer.from(text));
		},
		show(text: string) {
			const {columns, rows} = terminal.size;
			const token = terminal.canvas.put({lines: [[{text}]], width: columns, height: rows, layer: 0, styleOf: () => plainStyle});
			terminal.frames.write(token);
		},
		all: () => written.join(''),
	};
}

// One at a time: each watches for the signals of this process.
test.serial('opening takes the alternate screen, raw keys, paste and mouse', t => {
	const {terminal, all, raw} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	for (const mode of ['?1049h', '?25l', '?2004h', '?1000h', '?1006h']) {
		t.true(all().includes(`\u001B[${mode}`), mode);
	}

	t.deepEqual(raw, [true]);
});

test.serial('a frame is shown; the next sends the difference', t => {
	const {terminal, written, show} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	written.length = 0;
	show('hello');
	show('hallo');
	show('hallo');
	t.deepEqual(written, ['\u001B[Hhello', '\u001B[2Ga']);
	t.is(terminal.sent.frames, 2);
});

test.serial('keys are heard, in pieces too; a lone escape after a moment', async t => {
	const {terminal, type, heard} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	type('q\u001B[');
	type('A');
	type('\u001B');
	t.deepEqual(heard.map(event => event.type === 'key' && event.key), ['q', 'up']);
	await new Promise(resolve => {
		setTimeout(resolve, 60);
	});
	t.deepEqual(heard.at(-1), {type: 'key', key: 'escape'});
});

test.serial('a character cut in two is one key', t => {
	const {terminal, input, heard} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	const bytes = Buffer.from('漢');
	input.emit('data', bytes.subarray(0, 1));
	input.emit('data', bytes.subarray(1));
	t.deepEqual(heard, [{type: 'key', key: '漢'}]);
});

test.serial('another size is told, and the next frame writes everything', t => {
	const {terminal, output, written, show, sizes} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	show('hello');
	Object.assign(output, {columns: 30, rows: 8});
	output.emit('resize');
	t.deepEqual(sizes, [{columns: 30, rows: 8}]);
	t.is(terminal.frames.columns, 30);
	written.length = 0;
	show('hello');
	t.is(written.length, 1);
	t.true(written[0]!.includes('hello'));
});

test.serial('lent, the terminal is the guest\'s: what was typed before it listens waits, frames do not show', async t => {
	const {terminal, type, written, show, heard, all} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	show('dashboard');
	const typed: string[] = [];
	await terminal.lend(async guest => {
		t.true(all().endsWith('\u001B[?1049l'));
		type('ls');
		written.length = 0;
		show('changed meanwhile');
		t.deepEqual(written, []);
		guest.onInput(data => {
			typed.push(data.toString());
		});
		type('\r');
		guest.write('output');
		t.deepEqual(written, ['output']);
		t.deepEqual(guest.size, {columns: 40, rows: 10});
	});
	t.deepEqual(typed, ['ls', '\r']);
	t.deepEqual(heard, []);
	t.true(all().includes('changed meanwhile'));
});

test.serial('the guest hears of another size, and the dashboard after it', async t => {
	const {terminal, output, sizes} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	const guests: Size[] = [];
	await terminal.lend(async guest => {
		guest.onResize(size => {
			guests.push(size);
		});
		Object.assign(output, {columns: 50});
		output.emit('resize');
		t.deepEqual(sizes, []);
	});
	t.deepEqual(guests, [{columns: 50, rows: 10}]);
	t.deepEqual(sizes, [{columns: 50, rows: 10}]);
});

test.serial('the terminal comes back also when the guest fails', async t => {
	const {terminal, all} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	await t.throwsAsync(async () => terminal.lend(async () => {
		throw new Error('no shell');
	}), {message: 'no shell'});
	t.is(all().match(/\u001B\[\?1049h/g)?.length, 2);
});

test.serial('mouse and clipboard', t => {
	const {terminal, written} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	written.length = 0;
	terminal.setMouse(true);
	terminal.setMouse(false);
	terminal.copy('id');
	t.deepEqual(written, ['\u001B[?1006l\u001B[?1000l', '\u001B]52;c;aWQ=\u0007']);
});

test.serial('a terminal that is gone is told once per sign, and closing does not fail', t => {
	const {terminal, input, output, hungUp} = fakeTty();
	input.emit('end');
	output.emit('error', new Error('EIO'));
	t.is(hungUp(), 2);
	t.notThrows(() => {
		terminal.close();
		terminal.close();
	});
});

test.serial('closed, it listens to nothing any more', t => {
	const before = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGTSTP', 'exit', 'uncaughtException'].map(name => process.listenerCount(name));
	const {terminal, input, output, type, heard} = fakeTty();
	terminal.close();
	type('q');
	t.deepEqual(heard, []);
	t.is(input.listenerCount('data') + output.listenerCount('resize'), 0);
	t.deepEqual(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGTSTP', 'exit', 'uncaughtException'].map(name => process.listenerCount(name)), before);
});

test.serial('millions of colours do not pile up', t => {
	const {terminal, all} = fakeTty();
	t.teardown(() => {
		terminal.close();
	});
	for (let frame = 0; frame < 300; frame++) {
		const lines = Array.from({length: 10}, (_, y) => Array.from({length: 10}, (_, x) => ({text: 'ab', tone: `${frame} ${y} ${x}`})));
		const token = terminal.canvas.put({lines, width: 40, height: 10, layer: 0, styleOf({tone = ''}) {
			const [a = 0, b = 0, c = 0] = tone.split(' ').map(Number);
			return {foreground: `38;2;${a % 256};${b};${c}`, background: '', attributes: Math.trunc(a / 256)};
		}});
		terminal.frames.write(token);
	}

	const last = all().slice(-4000);
	t.true(last.includes('38;2;43;9;9'), 'the newest colours are the right ones');
});
