import test from 'ava';
import {Pen, type Cursor} from '../../source/terminal/pen.js';
import {StyleTable} from '../../source/terminal/style-table.js';

const moves = test.macro({
	exec(t, from: readonly [number | undefined, number | undefined], to: readonly [number, number], expected: string) {
		const pen = new Pen({x: from[0], y: from[1], style: 0}, new StyleTable());
		pen.moveTo(...to);
		t.is(pen.output, expected);
		t.deepEqual(pen.cursor, {x: to[0], y: to[1], style: 0});
	},
	title: (_, from: readonly unknown[], to: readonly unknown[]) => `from ${from.join(',')} to ${to.join(',')}`,
});

test(moves, [undefined, undefined], [0, 0], '\u001B[H');
test(moves, [undefined, undefined], [0, 4], '\u001B[5H');
test(moves, [undefined, undefined], [7, 4], '\u001B[5;8H');
test(moves, [7, 4], [7, 4], '');
test(moves, [7, 4], [8, 4], '\u001B[C');
test(moves, [7, 4], [12, 4], '\u001B[5C');
test(moves, [7, 4], [6, 4], '\b');
test(moves, [7, 4], [5, 4], '\b\b');
test(moves, [70, 4], [20, 4], '\u001B[21G');
test(moves, [70, 4], [0, 4], '\r');
test(moves, [undefined, 4], [0, 4], '\r');
test(moves, [undefined, 4], [9, 4], '\u001B[10G');
test(moves, [7, 4], [7, 5], '\u001B[B');
test(moves, [7, 4], [7, 3], '\u001B[A');
test(moves, [7, 4], [7, 30], '\u001B[26B');
test(moves, [7, 4], [0, 5], '\r\n');
test(moves, [70, 4], [1, 5], '\r\n\u001B[C');
test(moves, [undefined, 4], [0, 5], '\r\n');

const written = {style: 0, width: 1, trusted: true, atEnd: false};

test('after text it knows where the cursor is', t => {
	const pen = new Pen({x: 3, y: 1, style: 0}, new StyleTable());
	pen.write('abc', {...written, width: 3});
	t.deepEqual(pen.cursor, {x: 6, y: 1, style: 0});
});

test('at the right edge, and after a character of doubtful width, it does not', t => {
	const at = (options: Partial<typeof written>): Cursor => {
		const pen = new Pen({x: 3, y: 1, style: 0}, new StyleTable());
		pen.write('x', {...written, ...options});
		return pen.cursor;
	};

	t.is(at({atEnd: true}).x, undefined);
	t.is(at({trusted: false}).x, undefined);
	t.is(at({}).x, 4);
});

test('a style is sent once', t => {
	const styles = new StyleTable();
	const red = styles.idOf({foreground: '31', background: '', attributes: 0});
	const pen = new Pen({x: 0, y: 0, style: 0}, styles);
	pen.write('a', {...written, style: red});
	pen.write('b', {...written, style: red});
	pen.eraseToEnd();
	t.is(pen.output, '\u001B[31mab\u001B[m\u001B[K');
});

test('erasing does not move', t => {
	const pen = new Pen({x: 5, y: 2, style: 0}, new StyleTable());
	pen.erase(12);
	pen.moveTo(17, 2);
	t.is(pen.output, '\u001B[12X\u001B[18G');
});

test('scrolling sets and unsets the region and forgets the place', t => {
	const pen = new Pen({x: 5, y: 2, style: 0}, new StyleTable());
	pen.scroll({top: 3, bottom: 9, by: 1});
	pen.scroll({top: 0, bottom: 4, by: -3});
	t.is(pen.output, '\u001B[4;10r\u001B[S\u001B[r\u001B[1;5r\u001B[3T\u001B[r');
	t.deepEqual(pen.cursor, {x: undefined, y: undefined, style: 0});
});
