import test from 'ava';
import fc from 'fast-check';
import {applySgr, plainStyle, type CellStyle} from '../../source/presentation/cell-style.js';
import {sgrBetween, StyleTable} from '../../source/terminal/style-table.js';

const colour = fc.constantFrom('', '31', '92', '38;5;75', '38;2;1;2;3');
const style: fc.Arbitrary<CellStyle> = fc.record({
	foreground: colour,
	background: colour.map(code => code.replace(/^3/, '4').replace(/^9/, '10')),
	attributes: fc.nat({max: 63}),
});

test('the sequence between two styles leads from one to the other', t => {
	fc.assert(fc.property(style, style, (from, to) => {
		const sequence = sgrBetween(from, to);
		const parameters = /^\u001B\[([\d;]*)m$/.exec(sequence)?.[1];
		return JSON.stringify(parameters === undefined ? from : applySgr(from, parameters)) === JSON.stringify(to);
	}), {numRuns: 500});
	t.pass();
});

test('it is never longer than starting anew', t => {
	t.is(sgrBetween({...plainStyle, attributes: 1, foreground: '38;5;75'}, plainStyle), '\u001B[m');
	t.is(sgrBetween({...plainStyle, foreground: '31'}, {...plainStyle, foreground: '32'}), '\u001B[32m');
	t.is(sgrBetween(plainStyle, plainStyle), '');
});

test('equal styles have one number, the plain one is 0', t => {
	const table = new StyleTable();
	t.is(table.idOf({...plainStyle}), 0);
	t.is(table.idOf({foreground: '31', background: '', attributes: 1}), table.idOf({foreground: '31', background: '', attributes: 1}));
	t.deepEqual(table.styleOf(table.idOf({foreground: '31', background: '', attributes: 1})), {foreground: '31', background: '', attributes: 1});
	t.is(table.change(0, 0), '');
});

test('cleared, it starts anew', t => {
	const table = new StyleTable();
	table.idOf({foreground: '31', background: '', attributes: 0});
	t.is(table.size, 2);
	table.clear();
	t.is(table.size, 1);
	t.is(table.idOf({foreground: '32', background: '', attributes: 0}), 1);
	t.is(table.change(0, 1), '\u001B[32m');
});
