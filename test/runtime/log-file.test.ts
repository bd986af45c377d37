import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import * as fc from 'fast-check';
import {logTime} from '../../engine/runtime/log-decoder.js';
import {logEnd, readLogFile, type LogQuery} from '../../engine/runtime/log-file.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Line = {readonly log: string; readonly stream?: 'stdout' | 'stderr'; readonly time?: string};

const time = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z`;
const encode = (lines: readonly Line[]) => lines.map(({log, stream = 'stdout', time: at = time(0)}) => `${JSON.stringify({log, stream, time: at})}\n`).join('');
const plain = {stdout: true, stderr: true, timestamps: false} as const;

function logFile(t: ExecutionContext, ...generations: string[]): string {
	const file = path.join(temporaryFolder(t), 'container.log');
	generations.forEach((content, index) => {
		fs.writeFileSync(index === generations.length - 1 ? file : `${file}.${generations.length - 1 - index}`, content);
	});
	return file;
}

async function read(file: string, query: Partial<LogQuery> = {}): Promise<string> {
	let text = '';
	for await (const {stream, data} of readLogFile(file, {...plain, ...query})) {
		text += stream === 'stderr' ? data.toString().replaceAll(/^(?=.)/gm, '!') : data.toString();
	}

	return text;
}

test('lines come as they were written, with their streams', async t => {
	const file = logFile(t, encode([{log: 'a\n'}, {log: 'b\n', stream: 'stderr'}, {log: 'c\n'}, {log: 'no newline'}]));
	t.is(await read(file), 'a\n!b\nc\nno newline');
	t.is(await read(file, {stderr: false}), 'a\nc\nno newline');
	t.is(await read(file, {stdout: false}), '!b\n');
});

test('many lines come in few pieces', async t => {
	const file = logFile(t, encode(Array.from({length: 10_000}, (_, index) => ({log: `line ${index}\n`}))));
	let pieces = 0;
	for await (const {data} of readLogFile(file, plain)) {
		t.true(data.length > 0);
		pieces++;
	}

	t.true(pieces < 10);
});

test('whatever text there is survives', async t => {
	const folder = temporaryFolder(t);
	let count = 0;
	await fc.assert(fc.asyncProperty(fc.array(fc.record({log: fc.oneof(fc.string(), fc.string({unit: 'grapheme'}), fc.constantFrom('\\', '"', '\\"\n', '\u0000\u001F', '\u2028', '\uD83D\uDE00\n', '","stream":"stderr","time":"x"}\n', '\\n', '\\u0041', 'é\\'))})), async lines => {
		const file = path.join(folder, String(count++));
		fs.writeFileSync(file, encode(lines));
		t.is(await read(file), lines.map(({log}) => Buffer.from(log).toString()).join(''));
	}), {numRuns: 300});
});

test('Go\'s escapes and other forms of the JSON are understood', async t => {
	const file = logFile(t, [
		String.raw`{"log":"\u003cb\u003e \u0026 \ud83d\ude00\n","stream":"stdout","time":"${time(1)}"}`,
		String.raw`{"time":"2026-01-01T00:00:02Z","stream":"stderr","log":"other order\n"}`,
		String.raw`{"log":"short time\n","stream":"stdout","time":"2026-01-01T00:00:03.5Z"}`,
		'not json at all',
		'{"nolog":1}',
		`{"log":"last\\n","stream":"stdout","time":"${time(4)}"}`,
		'',
	].join('\n'));
	t.is(await read(file), '<b> & \u{1F600}\n!other order\nshort time\nlast\n');
	t.is(await read(file, {timestamps: true}), [`${time(1)} <b> & \u{1F600}`, '!2026-01-01T00:00:02.000000000Z other order', '2026-01-01T00:00:03.500000000Z short time', `${time(4)} last`, ''].join('\n'));
});

test('since is inclusive, until is not', async t => {
	const file = logFile(t, encode([1, 2, 3, 4].map(second => ({log: `${second}\n`, time: time(second)}))));
	t.is(await read(file, {since: time(2), until: time(4)}), '2\n3\n');
	t.is(await read(file, {until: time(1)}), '');
	t.is(await read(file, {since: logTime(Date.parse('2026-01-01T00:00:03Z') / 1000)}), '3\n4\n');
});

test('generations are one log; the tail goes back over them', async t => {
	const numbers = (from: number, to: number) => encode(Array.from({length: to - from}, (_, index) => ({log: `${from + index}\n`})));
	const file = logFile(t, numbers(0, 5), numbers(5, 8), numbers(8, 10));
	const all = Array.from({length: 10}, (_, index) => `${index}\n`);
	t.is(await read(file), all.join(''));
	for (const tail of [0, 1, 2, 3, 5, 6, 9, 10, 11]) {
		t.is(await read(file, {tail}), all.slice(10 - Math.min(tail, 10)).join(''), `tail ${tail}`);
	}
});

test('the tail of a log larger than a block', async t => {
	const file = logFile(t, encode(Array.from({length: 20_000}, (_, index) => ({log: `${index}\n`}))));
	t.is(await read(file, {tail: 3}), '19997\n19998\n19999\n');
	t.is((await read(file, {tail: 15_000})).split('\n')[0], '5000');
});

test('a line of a megabyte and more', async t => {
	const long = 'x'.repeat(3_000_000);
	t.is(await read(logFile(t, encode([{log: `${long}\n`}, {log: 'end\n'}]))), `${long}\nend\n`);
});

test('no log, an empty log, and half a line', async t => {
	t.is(await read(path.join(temporaryFolder(t), 'none')), '');
	t.is(await read(logFile(t, '')), '');
	t.is(await read(logFile(t, `${encode([{log: 'a\n'}])}{"log":"cut`)), 'a\n');
});

test('reading up to a position', async t => {
	const file = logFile(t, encode([{log: 'a\n'}, {log: 'b\n'}]));
	const endAt = logEnd(file);
	fs.appendFileSync(file, encode([{log: 'c\n'}]));
	t.is(await read(file, {endAt}), 'a\nb\n');
});

test('following sees what is added, across rotations, and ends when told', async t => {
	const file = logFile(t, encode([{log: 'before\n'}]));
	let end: () => void = () => {};
	const until = new Promise<void>(resolve => {
		end = resolve;
	});
	const reading = read(file, {follow: {until}});
	await delay(30);
	const expected = ['before\n'];
	for (let i = 0; i < 30; i++) {
		fs.appendFileSync(file, encode([{log: `${i}\n`}]));
		expected.push(`${i}\n`);
		if (i % 7 === 3) {
			fs.renameSync(file, `${file}.${1}`);
			fs.writeFileSync(file, '');
		}

		await delay(i % 4);
	}

	end();
	t.is(await reading, expected.join(''));
});

test('following waits for the rest of a line', async t => {
	const file = logFile(t, '{"log":"one');
	let end: () => void = () => {};
	const until = new Promise<void>(resolve => {
		end = resolve;
	});
	const reading = read(file, {follow: {until}});
	await delay(20);
	fs.appendFileSync(file, `\\n","stream":"stdout","time":"${time(1)}"}\n`);
	await delay(20);
	end();
	t.is(await reading, 'one\n');
});

test('following ends quietly when nobody wants it any more', async t => {
	const file = logFile(t, encode([{log: 'a\n'}]));
	const controller = new AbortController();
	const reading = read(file, {follow: {until: new Promise(() => {})}, signal: controller.signal});
	await delay(20);
	controller.abort();
	t.is(await reading, 'a\n');
});

test('who does not follow gets what was there when they asked, however fast the log grows', async t => {
	const file = logFile(t, encode(Array.from({length: 40_000}, (_, index) => ({log: `line ${index}\n`}))));
	let text = '';
	for await (const {data} of readLogFile(file, plain)) {
		text += data.toString();
		fs.appendFileSync(file, encode([{log: 'late\n'}]));
	}

	t.is(text.split('\n').length, 40_001);
	t.false(text.includes('late'));
});
