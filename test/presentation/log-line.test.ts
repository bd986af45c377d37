import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import {lineWidth, type Line} from '../../source/presentation/line.js';
import {logRowCount, logRows, shortTime, type LogLineOptions} from '../../source/presentation/log-line.js';

const options: LogLineOptions = {width: 20, wrap: false, timestamps: false, left: 0, filter: ''};
const line = (text: string, stream: 'stdout' | 'stderr' = 'stdout') => ({stream, time: '2026-11-21T12:00:01.123456789Z', text});
const textOf = (row: Line) => row.map(({text}) => text).join('');

test('a line is cut at the edge, and a sign says so', t => {
	t.deepEqual(logRows(line('a line that is much too long'), options).map(row => textOf(row)), [' a line that is muc…']);
	t.deepEqual(logRows(line('exactly nineteen ch'), options).map(row => textOf(row)), [' exactly nineteen ch']);
	t.deepEqual(logRows(line('twenty characters so'), options).map(row => textOf(row)), [' twenty characters …']);
	t.deepEqual(logRows(line('漢字漢字漢字漢字漢字'), {...options, width: 12}).map(row => textOf(row)), [' 漢字漢字漢…']);
});

test('scrolled to the right it shows what was cut', t => {
	t.is(textOf(logRows(line('a line that is much too long'), {...options, left: 20})[0]!).trimEnd(), ' too long');
});

test('wrapped it takes the rows it needs', t => {
	const rows = logRows(line('0123456789'.repeat(5)), {...options, wrap: true});
	t.deepEqual(rows.map(row => textOf(row)), [' 0123456789012345678', ' 9012345678901234567', ' 890123456789']);
	t.is(logRowCount(line('0123456789'.repeat(5)), {...options, wrap: true}), 3);
	t.is(logRowCount(line(''), {...options, wrap: true}), 1);
	t.is(logRowCount(line('x'.repeat(100)), options), 1);
});

test('the error stream is marked by a sign, not by colour alone', t => {
	t.is(textOf(logRows(line('oops', 'stderr'), options)[0]!).trimEnd(), '┃oops');
});

test('times are shown when wanted, in the zone of the reader', t => {
	const shown = textOf(logRows(line('x'), {...options, timestamps: true})[0]!);
	t.regex(shown, /^ \d\d:\d\d:01\.123 x/);
	t.is(shortTime('nonsense').trim(), '');
});

test('what the filter found is marked', t => {
	const row = logRows(line('GET /Item'), {...options, filter: 'item'})[0]!;
	t.is(row.find(({tone}) => tone === 'match')?.text, 'Item');
	t.notThrows(() => logRows(line('a(b[c'), {...options, filter: '(b['}));
});

test('the colours of the container are kept', t => {
	const row = logRows(line('\u001B[32mok\u001B[0m'), options)[0]!;
	t.is(row.find(({text}) => text === 'ok')?.style?.foreground, '32');
});

test('whatever a container writes, rows fit the pane and hold no control characters', t => {
	fc.assert(fc.property(fc.string({unit: 'binary', maxLength: 200}), fc.integer({min: 3, max: 40}), fc.boolean(), fc.nat({max: 30}), (text, width, wrap, left) => {
		const rows = logRows(line(text), {...options, width, wrap, left});
		return rows.every(row => lineWidth(row) <= width && !/[\u0000-\u001F\u007F-\u009F]/.test(textOf(row))) && (!wrap || rows.length === logRowCount(line(text), {...options, width, wrap}));
	}), {numRuns: 500});
	t.pass();
});

test('a line of a megabyte does not hold up the frame', t => {
	const started = process.cpuUsage();
	logRows(line('漢'.repeat(1_000_000)), {...options, wrap: true});
	// Of the processor, as the clock also counts what others do.
	t.true(process.cpuUsage(started).user < 300_000);
});
