import assert from 'node:assert/strict';
import type xterm from '@xterm/headless';
import test from 'ava';
import fc from 'fast-check';
import {attribute, plainStyle, type CellStyle} from '../../source/presentation/cell-style.js';
import {frameDifference} from '../../source/terminal/frame-diff.js';
import {createGrid, putText, unknownCell, type Grid} from '../../source/terminal/grid.js';
import {type Cursor} from '../../source/terminal/pen.js';
import {StyleTable} from '../../source/terminal/style-table.js';
import {cellsOf, emulator, firstDifference, play, type Cell} from '../helpers/replay.js';

const unknownCursor: Cursor = {x: undefined, y: undefined, style: 0};

const styles: readonly CellStyle[] = [
	plainStyle,
	{foreground: '32', background: '', attributes: 0},
	{foreground: '38;5;111', background: '', attributes: attribute.bold},
	{foreground: '', background: '48;5;24', attributes: 0},
	{foreground: '38;2;1;2;3', background: '48;2;9;8;7', attributes: attribute.bold | attribute.inverse},
	{foreground: '', background: '', attributes: attribute.inverse},
];

const word = fc.oneof(
	{weight: 5, arbitrary: fc.stringMatching(/^[ -~]{1,12}$/)},
	{weight: 3, arbitrary: fc.nat({max: 14}).map(length => ' '.repeat(length))},
	{weight: 2, arbitrary: fc.stringMatching(/^[─│╭●▌…]{1,6}$/u)},
	{weight: 2, arbitrary: fc.stringMatching(/^[漢字かなカナ한글]{1,4}$/u)},
	{weight: 2, arbitrary: fc.constantFrom('😀', '🚀x', 'e\u0301', 'a\u0308\u0323b', '✓', '☃', 'ﬁ', '𝔘')},
);

type Piece = {readonly text: string; readonly style: number};
type Row = readonly Piece[];

const row: fc.Arbitrary<Row> = fc.array(fc.record({text: word, style: fc.nat({max: styles.length - 1})}), {maxLength: 6});

/** A screen, and others that come from it by changes such as a program makes: rows anew, rows moved, the same again. */
const session = fc.record({
	columns: fc.integer({min: 4, max: 44}),
	rows: fc.integer({min: 2, max: 14}),
	first: fc.array(row, {maxLength: 14}),
	steps: fc.array(fc.oneof(
		fc.record({kind: fc.constant('replace' as const), at: fc.nat({max: 13}), row}),
		fc.record({kind: fc.constant('scroll' as const), from: fc.nat({max: 6}), by: fc.integer({min: -4, max: 4}), row}),
		fc.record({kind: fc.constant('all' as const), rows: fc.array(row, {maxLength: 14})}),
	), {maxLength: 8}),
});

test('what was sent, played into a terminal, is what was wanted', async t => {
	await fc.assert(fc.asyncProperty(session, async ({columns, rows, first, steps}) => {
		const table = new StyleTable();
		const terminal = emulator(columns, rows);
		await play(terminal, '\u001B[?7l');
		let shown = createGrid(columns, rows);
		let cursor = unknownCursor;
		for (const lines of screens(first, steps)) {
			const next = draw(lines, {columns, rows, table});
			const difference = frameDifference(shown, next, cursor, table);
			await play(terminal, difference.output);
			assertSame(terminal, next, table, difference.output);
			assert.equal(frameDifference(next, next, difference.cursor, table).output, '');
			shown = next;
			({cursor} = difference);
		}

		terminal.dispose();
	}), {numRuns: 300});
	t.pass();
});

test('from a screen nobody knows, every cell is written', async t => {
	await fc.assert(fc.asyncProperty(session, async ({columns, rows, first}) => {
		const table = new StyleTable();
		const terminal = emulator(columns, rows);
		await play(terminal, `\u001B[?7l\u001B[31;44m${'漢x'.repeat(columns * rows)}`);
		const next = draw(first, {columns, rows, table});
		const {output} = frameDifference(createGrid(columns, rows, unknownCell), next, unknownCursor, table);
		// The pen is where the other program left it: the first style change starts from there.
		await play(terminal, `\u001B[m${output}`);
		assertSame(terminal, next, table, output);
		assert.doesNotMatch(output, /\u001B\[[23]?J/);
		terminal.dispose();
	}), {numRuns: 150});
	t.pass();
});

test('a terminal that draws emoji one column wide keeps everything else in place', async t => {
	const table = new StyleTable();
	const terminal = emulator(20, 2, {isOld: true});
	const next = draw([[{text: 'a😀b 漢 🚀🚀 end', style: 0}]], {columns: 20, rows: 2, table});
	await play(terminal, frameDifference(createGrid(20, 2, unknownCell), next, unknownCursor, table).output);
	t.is(terminal.buffer.active.getLine(0)!.translateToString(true), 'a😀 b 漢 🚀 🚀  end');
});

test('one changed word costs a move and the word', t => {
	const table = new StyleTable();
	const size = {columns: 120, rows: 40, table};
	const before = draw([[], [{text: 'state: running', style: 0}]], size);
	const after = draw([[], [{text: 'state: stopped', style: 0}]], size);
	t.is(frameDifference(before, after, unknownCursor, table).output, '\u001B[2;8Hstopped');
	t.is(frameDifference(before, after, {x: 7, y: 1, style: 0}, table).output, 'stopped');
});

test('a row that became shorter is erased to its end', t => {
	const table = new StyleTable();
	const size = {columns: 80, rows: 2, table};
	const before = draw([[{text: 'x'.repeat(70), style: 0}]], size);
	const after = draw([[{text: 'xx', style: 0}]], size);
	t.is(frameDifference(before, after, unknownCursor, table).output, '\u001B[1;3H\u001B[K');
});

test('a followed log scrolls in its region and writes one line', t => {
	const table = new StyleTable();
	const size = {columns: 100, rows: 30, table};
	const lines = Array.from({length: 40}, (_, index) => [{text: `${'abcdefghij'.slice(index % 7)} request ${index * 7919} took ${index * 31}ms`, style: index % 3}]);
	const frame = (first: number) => draw([[{text: 'header', style: 2}], ...lines.slice(first, first + 28), [{text: 'footer', style: 2}]], size);
	const {output} = frameDifference(frame(0), frame(1), unknownCursor, table);
	t.true(output.startsWith('\u001B[2;29r\u001B[S\u001B[r'), JSON.stringify(output));
	t.true(output.length < 100, `${output.length} bytes`);
});

function assertSame(terminal: xterm.Terminal, wanted: Grid, table: StyleTable, output: string): void {
	const difference = firstDifference(cellsOf(terminal), modelCells(wanted, table), wanted.columns);
	assert.equal(difference, undefined, `${difference ?? ''} after ${JSON.stringify(output)}`);
}

function * screens(first: readonly Row[], steps: ReadonlyArray<{readonly kind: 'replace'; readonly at: number; readonly row: Row} | {readonly kind: 'scroll'; readonly from: number; readonly by: number; readonly row: Row} | {readonly kind: 'all'; readonly rows: readonly Row[]}>): Generator<readonly Row[]> {
	let lines = first;
	yield lines;
	for (const step of steps) {
		if (step.kind === 'all') {
			lines = step.rows;
		} else if (step.kind === 'replace') {
			lines = lines.map((old, index) => (index === step.at ? step.row : old));
		} else {
			const head = lines.slice(0, step.from);
			const tail = lines.slice(step.from);
			const filler = Array.from({length: Math.abs(step.by)}, () => step.row);
			lines = step.by >= 0 ? [...head, ...tail.slice(step.by), ...filler] : [...head, ...filler, ...tail];
		}

		yield lines;
	}
}

function draw(lines: readonly Row[], {columns, rows, table}: {readonly columns: number; readonly rows: number; readonly table: StyleTable}): Grid {
	const grid = createGrid(columns, rows);
	for (const [y, pieces] of lines.slice(0, rows).entries()) {
		let x = 0;
		for (const {text, style} of pieces) {
			x = putText(grid, text, {x, y, right: columns, style: table.idOf(styles[style]!)});
		}
	}

	return grid;
}

function modelCells(grid: Grid, table: StyleTable): Cell[] {
	return grid.characters.map((text, index) => {
		const {foreground, background, attributes} = table.styleOf(grid.styles[index]!);
		return {text, foreground, background, bold: (attributes & attribute.bold) !== 0, inverse: (attributes & attribute.inverse) !== 0};
	});
}
