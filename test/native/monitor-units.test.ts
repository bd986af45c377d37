/** The monitor's log writer and frame parser by themselves, compiled with the sanitizers. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {compileC} from '../helpers/compile-c.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Line = {readonly log: string; readonly stream: 'stdout' | 'stderr'; readonly time: string};
type Settings = {readonly maxSize?: number; readonly maxFiles?: number; readonly seed?: number; readonly file?: string};

const pieceMax = 16_384;
const sanitizers = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const compiled = new Map<string, string | undefined>();

/** Compiles a program of test/native once; undefined, with the reason logged and the test passed, when that can't be done here. */
function compile(t: ExecutionContext, name: string): string | undefined {
	if (!compiled.has(name)) {
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-units-'));
		process.once('exit', () => {
			fs.rmSync(folder, {recursive: true, force: true});
		});
		const reason = compileC(name, path.join(folder, name), sanitizers);
		compiled.set(name, reason === undefined ? path.join(folder, name) : undefined);
		if (reason !== undefined) {
			t.log(`skipped: ${reason}`);
		}
	}

	const program = compiled.get(name);
	if (program === undefined) {
		t.pass();
	}

	return program;
}

function writeLog(program: string, file: string, input: Uint8Array, {maxSize = 0, maxFiles = 1, seed = 1}: Settings = {}): void {
	const {status, stderr} = spawnSync(program, [file, String(maxSize), String(maxFiles), String(seed)], {input});
	if (status !== 0) {
		throw new Error(`log-writer ended with ${String(status)}: ${String(stderr)}`);
	}
}

function readLog(file: string): Line[] {
	const text = fs.readFileSync(file, 'utf8');
	return text.split('\n').slice(0, -1).map(line => JSON.parse(line) as Line);
}

/** As Go's encoder, docker's: each byte of no valid sequence becomes one U+FFFD. */
function decode(bytes: Uint8Array): string {
	const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
	let text = '';
	for (let at = 0; at < bytes.length;) {
		const first = bytes[at]!;
		const size = first < 0x80 ? 1 : (first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2));
		try {
			text += strict.decode(bytes.subarray(at, at + size));
			at += size;
		} catch {
			text += '\uFFFD';
			at++;
		}
	}

	return text;
}

test('whatever bytes come, every line is JSON that says them, U+FFFD for those that are no text', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'log');
	const interesting = fc.oneof(
		fc.uint8Array({maxLength: 40}),
		fc.string({unit: 'grapheme', maxLength: 40}).map(text => Buffer.from(text)),
		fc.constantFrom('\n', '"', '\\', '\r\n', '\t', '\u001B[31m', '\u007F', '\uFFFF', '\u{10FFFF}').map(text => Buffer.from(text)),
		fc.constantFrom([0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80], [0xF0, 0x80], [0xC3], [0xE2, 0x82], [0xFF]).map(bytes => Uint8Array.from(bytes)),
	);
	fc.assert(fc.property(fc.array(interesting, {maxLength: 60}), fc.nat(1000), (parts, seed) => {
		const input = Buffer.concat(parts).filter(byte => byte !== 0);
		fs.rmSync(file, {force: true});
		writeLog(program, file, input, {seed});
		t.is(readLog(file).map(({log}) => log).join(''), decode(input));
	}), {numRuns: 150});
});

test('a long line is cut into pieces of 16 KiB that never split a character', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'log');
	for (const unit of ['x', 'é', '€', '😀', 'ab€']) {
		for (const extra of [0, 1, 2, 3, pieceMax, 2 * pieceMax + 1]) {
			const line = 'y'.repeat(extra % 4) + unit.repeat(Math.ceil((pieceMax + extra) / Buffer.byteLength(unit)));
			fs.rmSync(file, {force: true});
			writeLog(program, file, Buffer.from(`short\n${line}\nnext\n`), {seed: extra});
			const lines = readLog(file);
			t.is(lines.map(({log}) => log).join(''), `short\n${line}\nnext\n`);
			const pieces = lines.slice(1, -1);
			t.true(pieces.every(({log}) => Buffer.byteLength(log.replace(/\n$/, '')) <= pieceMax));
			t.true(pieces.slice(0, -1).every(({log}) => Buffer.byteLength(log) > pieceMax - 4 && !log.endsWith('\n')));
			t.true(pieces.at(-1)!.log.endsWith('\n'));
		}
	}
});

test('exactly 16 KiB with its newline is one line', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'log');
	for (let seed = 1; seed < 6; seed++) {
		fs.rmSync(file, {force: true});
		writeLog(program, file, Buffer.from(`${'z'.repeat(pieceMax)}\n`), {seed});
		t.deepEqual(readLog(file).map(({log}) => log.length), [pieceMax + 1]);
	}
});

test('streams keep their partial lines apart, and times rise', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'log');
	writeLog(program, file, Buffer.from('out \0err \0put\nlast\0or\n'));
	const lines = readLog(file);
	t.deepEqual(lines.map(({log, stream}) => `${stream}:${log}`), ['stdout:out put\n', 'stderr:err or\n', 'stdout:last']);
	t.true(lines.every(({time}) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(time)));
	t.deepEqual(lines.map(({time}) => time), lines.map(({time}) => time).toSorted());
	t.is(new Set(lines.map(({time}) => time)).size, 3);
	t.true(Math.abs(Date.parse(lines[0]!.time) - Date.now()) < 60_000);
});

test('rotation keeps every file below the limit and loses no line of those that are kept', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	for (const maxSize of [100, 1000, 4096, 50_000]) {
		const folder = temporaryFolder(t);
		const file = path.join(folder, 'log');
		const all = Array.from({length: 1500}, (_, index) => `line ${String(index)} ${'x'.repeat(index % 90)}\n`);
		writeLog(program, file, Buffer.from(all.join('')), {maxSize, maxFiles: 4, seed: maxSize});
		const names = fs.readdirSync(folder).sort();
		t.true(names.length <= 4);
		t.true(names.includes('log'));
		const lines = names.toReversed().flatMap(name => readLog(path.join(folder, name)));
		t.deepEqual(lines.map(({log}) => log), all.slice(-lines.length));
		for (const name of names) {
			t.true(fs.statSync(path.join(folder, name)).size <= Math.max(maxSize, 200), name);
		}
	}
});

test('with one file, rotation begins it anew', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	const file = path.join(folder, 'log');
	writeLog(program, file, Buffer.from(Array.from({length: 100}, (_, index) => `${String(index)}\n`).join('')), {maxSize: 1000, maxFiles: 1});
	t.deepEqual(fs.readdirSync(folder), ['log']);
	const lines = readLog(file);
	t.is(lines.at(-1)!.log, '99\n');
	t.true(lines.length < 15);
});

test('a log that is there is gone on with; a line torn by a crash is cut off', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const whole = '{"log":"before\\n","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}\n';
	for (const torn of ['', '{"log":"hal', '\0'.repeat(300_000), 'x'.repeat(1_000_000)]) {
		for (const before of [whole, '']) {
			const file = path.join(temporaryFolder(t), 'log');
			fs.writeFileSync(file, before + torn);
			writeLog(program, file, Buffer.from('after\n'));
			t.deepEqual(readLog(file).map(({log}) => log), [...(before === '' ? [] : ['before\n']), 'after\n']);
		}
	}
});

test('a symlink, a directory or a fifo in the place of the log is refused', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'precious'), 'precious');
	fs.symlinkSync('precious', path.join(folder, 'link'));
	fs.mkdirSync(path.join(folder, 'folder'));
	spawnSync('mkfifo', [path.join(folder, 'fifo')]);
	for (const name of ['link', 'folder', 'fifo']) {
		t.throws(() => {
			writeLog(program, path.join(folder, name), Buffer.from('x\n'));
		}, {message: /open log/}, name);
	}

	t.is(fs.readFileSync(path.join(folder, 'precious'), 'utf8'), 'precious');
});

test('a log that can take no more stays whole lines', t => {
	const program = compile(t, 'log-writer');
	if (program === undefined) {
		return;
	}

	// RLIMIT_FSIZE stands in for a full disk: the same failing write, without root.
	const file = path.join(temporaryFolder(t), 'log');
	const input = Buffer.from(Array.from({length: 3000}, (_, index) => `line ${String(index)}\n`).join(''));
	const {status, stderr} = spawnSync('bash', ['-c', 'ulimit -f 64; trap "" XFSZ; exec "$@"', 'bash', program, file, '0', '1', '3'], {input});
	t.is(status, 0, String(stderr));
	const logged = readLog(file).map(({log}) => log);
	t.true(logged.length > 100 && logged.length < 3000);
	t.true(fs.readFileSync(file, 'utf8').endsWith('}\n'));
	t.true(logged.filter(line => line.startsWith('line ')).every((line, index, all) => index === 0 || Number(line.slice(5)) > Number(all[index - 1]!.slice(5))));
});

test('frames cut at any place come out as they were sent; garbage ends the connection and nothing else', t => {
	const program = compile(t, 'client-frames');
	if (program === undefined) {
		return;
	}

	for (const seed of [1, 2, 3]) {
		const {status, stdout, stderr} = spawnSync(program, [String(seed), '150'], {encoding: 'utf8'});
		t.is(status, 0, stderr);
		const counts = JSON.parse(stdout) as Record<string, number>;
		t.true(counts['commands']! > 1000 && counts['refused']! > 10 && counts['stdinBytes']! > 1_000_000, stdout);
	}
});
