import test from 'ava';
import {createGrid, putText, type Grid} from '../../source/terminal/grid.js';
import {Screen} from '../../source/terminal/screen.js';
import {StyleTable} from '../../source/terminal/style-table.js';

function gridOf(text: string, columns = 40, rows = 10): Grid {
	const grid = createGrid(columns, rows);
	for (const [y, line] of text.split('\n').entries()) {
		putText(grid, line, {x: 0, y, right: columns, style: 0});
	}

	return grid;
}

test('a frame is one write; one like the last is none', t => {
	const writes: string[] = [];
	const screen = new Screen(new StyleTable(), {columns: 40, rows: 10}, output => {
		writes.push(output);
	});
	screen.blank({columns: 40, rows: 10});
	screen.show(gridOf('hello'));
	screen.show(gridOf('hello'));
	screen.show(gridOf('hallo'));
	t.deepEqual(writes, ['\u001B[Hhello', '\u001B[2Ga']);
	t.is(screen.text, 'hallo');
});

test('a long frame is shown at once (synchronized output)', t => {
	const writes: string[] = [];
	const screen = new Screen(new StyleTable(), {columns: 40, rows: 10}, output => {
		writes.push(output);
	});
	screen.show(gridOf(Array.from({length: 10}, (_, y) => `${y}`.repeat(40)).join('\n')));
	t.is(writes.length, 1);
	t.true(writes[0]!.startsWith('\u001B[?2026h\u001B[m') && writes[0]!.endsWith('\u001B[?2026l'));
});

test('after another size or another program everything is written, and nothing is cleared', t => {
	const writes: string[] = [];
	const screen = new Screen(new StyleTable(), {columns: 40, rows: 10}, output => {
		writes.push(output);
	});
	screen.show(gridOf('hello'));
	screen.show(gridOf('hello', 20, 5));
	screen.forget();
	screen.show(gridOf('hello', 20, 5));
	t.is(writes.length, 3);
	t.true(writes.every(output => output.includes('hello')));
	t.false(writes.some(output => /\u001B\[[0-3]?J/.test(output)));
});
