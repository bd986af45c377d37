import test from 'ava';
import fc from 'fast-check';
import {safeStyledText, safeText} from '../../source/presentation/safe-text.js';

const becomes = test.macro({
	exec(t, text: string, expected: string) {
		t.is(safeText(text), expected);
	},
	title: (_, text: string) => `safe form of ${JSON.stringify(text)}`,
});

test(becomes, 'plain', 'plain');
test(becomes, 'größe 漢字', 'größe 漢字');
test(becomes, 'a\u001B[31mred\u001B[0m', 'ared');
test(becomes, 'a\u001B[2J\u001B[H', 'a');
test(becomes, 'x\u001B]0;title\u0007y', 'xy');
test(becomes, 'x\u001B]52;c;ZXZpbA==\u001B\\y', 'xy');
test(becomes, 'x\u001BP+q544e\u001B\\y', 'xy');
test(becomes, 'x\u009B31my', 'xy');
test(becomes, 'x\u001Bcy', 'xy');
test(becomes, 'cut \u001B[', 'cut ');
test(becomes, 'cut \u001B', 'cut ');
test(becomes, 'bell\u0007 back\b del\u007F', 'bell back del');
test(becomes, 'two\nlines\r\nhere', 'two lines here');
test(becomes, 'a\tb', 'a       b');
test(becomes, 'abcdefgh\tb', 'abcdefgh        b');
test(becomes, 'evil\u202Etxt.exe', 'eviltxt.exe');
test(becomes, 'zero\u200Bwidth\uFEFF', 'zerowidth');
test(becomes, '👨\u200D👩\u200D👧', '👨👩👧');
test(becomes, '👍\u{1F3FD}', '👍');
test(becomes, '❤\uFE0F', '❤');
test(becomes, '🇩🇪', 'DE');
test(becomes, 'a\uD800b', 'a\uFFFDb');
test(becomes, `z${'\u0301'.repeat(40)}`, `z${'\u0301'.repeat(3)}`);
test(becomes, '\u0301x', ' \u0301x');

test('no control character survives, whatever comes', t => {
	fc.assert(fc.property(fc.string({unit: 'binary'}), text => {
		const safe = safeText(text);
		const styled = safeStyledText(text).map(piece => piece.text).join('');
		return !/[\u0000-\u001F\u007F-\u009F]/.test(safe + styled);
	}), {numRuns: 500});
	t.pass();
});

test('hostile mixes of escapes leave nothing behind', t => {
	const piece = fc.constantFrom('\u001B', '[', ']', '31m', '2J', '\u0007', '\u001B\\', '\u009B', 'P', 'x', ';', '?25h', '\r', '\n', '\u009D');
	fc.assert(fc.property(fc.array(piece, {maxLength: 20}), pieces => !/[\u0000-\u001F\u007F-\u009F]/.test(safeText(pieces.join('')) + safeStyledText(pieces.join('')).map(({text}) => text).join(''))), {numRuns: 1000});
	t.pass();
});

test('colours of a log line become data', t => {
	t.deepEqual(safeStyledText('\u001B[1;31mERR\u001B[0m ok'), [
		{text: 'ERR', style: {foreground: '31', background: '', attributes: 1}},
		{text: ' ok', style: {foreground: '', background: '', attributes: 0}},
	]);
	t.deepEqual(safeStyledText('\u001B[38;2;1;2;3mx\u001B[38;5;999my').map(({style}) => style.foreground), ['38;2;1;2;3', '38;2;1;2;3']);
});

test('a carriage return shows what was written last', t => {
	t.deepEqual(safeStyledText('10%\r50%\r100%').map(({text}) => text), ['100%']);
	t.deepEqual(safeStyledText('windows line\r').map(({text}) => text), ['windows line']);
});

test('tabs count from the start of the line, across colours', t => {
	t.is(safeStyledText('ab\u001B[31mcd\tx').map(({text}) => text).join(''), 'abcd    x');
});
