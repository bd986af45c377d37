import test from 'ava';
import fc from 'fast-check';
import {headingLine, measureColumns, rowLine, type Column} from '../../source/presentation/columns.js';
import {lineWidth, type Line} from '../../source/presentation/line.js';

const columns: readonly Column[] = [
	{title: 'NAME', width: {least: 6, weight: 2}},
	{title: 'SIZE', width: 5, align: 'right'},
	{title: 'NOTE', width: {least: 8, weight: 1}, priority: 1},
	{title: 'ID', width: 4, priority: 2},
];

const textOf = (line: Line) => line.map(({text}) => text).join('');

const measures = test.macro({
	exec(t, width: number, expected: string) {
		t.is(measureColumns(columns, width).map(({column, width}) => `${column.title} ${width}`).join(', '), expected);
	},
	title: (_, width: number) => `columns in ${width}`,
});

test(measures, 40, 'NAME 15, SIZE 5, NOTE 13, ID 4');
test(measures, 26, 'NAME 6, SIZE 5, NOTE 8, ID 4');
test(measures, 25, 'NAME 14, SIZE 5, ID 4');
test(measures, 17, 'NAME 6, SIZE 5, ID 4');
test(measures, 16, 'NAME 10, SIZE 5');
test(measures, 5, 'NAME 6, SIZE 5');

test('all the width is used, whatever it is', t => {
	fc.assert(fc.property(fc.integer({min: 12, max: 300}), width => {
		const measured = measureColumns(columns, width);
		return lineWidth(headingLine(measured)) === width && lineWidth(rowLine(measured, [{text: '漢字漢字漢字'}, {text: '1'}, {text: ''}, {text: 'abcdef'}])) === width;
	}));
	t.pass();
});

test('cells belong to their column also when others were dropped', t => {
	const measured = measureColumns(columns, 17);
	t.is(textOf(rowLine(measured, [{text: 'web'}, {text: '42'}, {text: 'dropped'}, {text: 'ab12'}])), 'web       42 ab12');
	t.is(textOf(headingLine(measured)), 'NAME    SIZE ID  ');
});

test('a tone that hugs covers the text and not the filling', t => {
	const measured = measureColumns(columns, 17);
	t.deepEqual(rowLine(measured, [{text: 'web', tone: 'selection', hug: true}])[0], {text: 'web', tone: 'selection'});
	t.deepEqual(rowLine(measured, [{text: 'web', tone: 'selection'}])[0], {text: 'web   ', tone: 'selection'});
});

test('a missing cell is empty', t => {
	t.is(textOf(rowLine(measureColumns(columns, 17), [])), ' '.repeat(17));
});
