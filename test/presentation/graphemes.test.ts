import test from 'ava';
import fc from 'fast-check';
import stringWidth from 'string-width';
import {fit, graphemes, takeColumns, textWidth, truncate} from '../../source/presentation/graphemes.js';

const width = test.macro({
	exec(t, text: string, expected: number) {
		t.is(textWidth(text), expected);
	},
	title: (_, text: string, expected: number) => `${JSON.stringify(text)} takes ${expected}`,
});

test(width, '', 0);
test(width, 'abc', 3);
test(width, '│─╭●‖×▌…', 8);
test(width, '漢字', 4);
test(width, 'e\u0301', 1);
test(width, '😀', 2);
test(width, 'カナ', 4);

test('agrees with string-width about each cluster; none takes more than two columns', t => {
	const clusters = (text: string) => Array.from(new Intl.Segmenter().segment(text), ({segment}) => Math.min(2, stringWidth(segment)));
	fc.assert(fc.property(fc.string({unit: 'grapheme'}), text => textWidth(text) === clusters(text).reduce((sum, columns) => sum + columns, 0)), {numRuns: 500});
	t.pass();
});

test('cutting and filling give exactly the width', t => {
	fc.assert(fc.property(fc.string({unit: 'grapheme'}), fc.nat({max: 20}), (text, columns) => textWidth(fit(text, columns)) === columns && textWidth(takeColumns(text, columns)) <= columns), {numRuns: 500});
	t.pass();
});

test('what was cut ends with an ellipsis', t => {
	t.is(truncate('container', 6), 'conta…');
	t.is(truncate('container', 9), 'container');
	t.is(truncate('漢字漢字', 4), '漢…');
	t.is(truncate('x', 0), '');
	t.is(fit('7', 3, 'right'), '  7');
});

test('only what all terminals agree on is trusted', t => {
	t.deepEqual(graphemes('a漢😀').map(({trusted}) => trusted), [true, true, false]);
	t.false(graphemes('e\u0301')[0]!.trusted);
});
