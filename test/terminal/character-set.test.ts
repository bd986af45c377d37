import test from 'ava';
import fc from 'fast-check';
import {keyGroups} from '../../source/keymap/key-groups.js';
import {stateMark} from '../../source/presentation/container-state.js';
import {textWidth} from '../../source/presentation/graphemes.js';
import {plainStyle} from '../../source/presentation/cell-style.js';
import {paneLines} from '../../source/presentation/pane-frame.js';
import {Canvas} from '../../source/terminal/canvas.js';
import {asciiText, isAsciiLocale} from '../../source/terminal/character-set.js';
import {gridText} from '../../source/terminal/grid.js';
import {StyleTable} from '../../source/terminal/style-table.js';

const locale = test.macro({
	exec(t, environment: Record<string, string>, expected: boolean) {
		t.is(isAsciiLocale(environment), expected);
	},
	title: (_, environment: Record<string, string>, expected: boolean) => `${JSON.stringify(environment)} ${expected ? 'knows ASCII only' : 'reads UTF-8'}`,
});

test(locale, {}, false);
test(locale, {LANG: ''}, false);
test(locale, {LANG: 'C'}, true);
test(locale, {LANG: 'POSIX'}, true);
test(locale, {LANG: 'C.UTF-8'}, false);
test(locale, {LANG: 'en_US.utf8'}, false);
test(locale, {LANG: 'de_DE'}, false);
test(locale, {LANG: 'de_DE@euro'}, false);
test(locale, {LANG: 'de_DE.ISO-8859-15@euro'}, true);
test(locale, {LANG: 'ru_RU.KOI8-R'}, true);
test(locale, {LANG: 'C', LC_ALL: 'en_US.UTF-8'}, false);
test(locale, {LANG: 'en_US.UTF-8', LC_CTYPE: 'C'}, true);
test(locale, {LANG: 'en_US.UTF-8', LC_CTYPE: 'C', LC_ALL: 'C.UTF-8'}, false);
test(locale, {LANG: 'en_US.UTF-8', LC_ALL: ''}, false);

test('ASCII stays as it is', t => {
	t.is(asciiText('plain ~ text'), 'plain ~ text');
	t.is(asciiText(''), '');
});

test('a frame keeps its corners and edges', t => {
	const lines = paneLines({width: 12, height: 3, isFocused: true, title: [{text: 'box'}], lines: [[{text: 'a…'}]], note: [{text: '1'}]});
	t.deepEqual(lines.map(line => asciiText(line.map(({text}) => text).join(''))), ['+- box ----+', '|a~        |', '+------ 1 -+']);
});

test('the signs of the states stay different from each other', t => {
	const signs = (['running', 'paused', 'created', 'dead', 'restarting'] as const).map(state => asciiText(stateMark({state, exitCode: undefined, health: undefined}).glyph));
	t.is(new Set(signs).size, signs.length);
	t.not(asciiText(stateMark({state: 'exited', exitCode: 0, health: undefined}).glyph), asciiText(stateMark({state: 'exited', exitCode: 1, health: undefined}).glyph));
});

test('what has no counterpart becomes question marks, as many as it has columns', t => {
	t.is(asciiText('漢字 é'), '???? ?');
});

test('every key is shown in words that ASCII can write', t => {
	for (const {shown} of keyGroups.flatMap(({bindings}) => bindings)) {
		t.false(asciiText(shown).includes('?') && shown !== '?', shown);
	}
});

test('whatever the text, it is ASCII and as wide as before', t => {
	fc.assert(fc.property(fc.string({unit: 'grapheme', maxLength: 60}), text => {
		const spelled = asciiText(text);
		return [...spelled].every(character => character <= '~') && (/[\u0000-\u001F\u007F]/.test(text) || textWidth(spelled) === textWidth(text));
	}));
	t.pass();
});

test('a canvas for such a terminal draws nothing else', t => {
	const canvas = new Canvas(new StyleTable(), {isAscii: true});
	const token = canvas.put({lines: [[{text: '│ ● 漢 │'}]], width: 9, height: 1, layer: 0, styleOf: () => plainStyle});
	t.is(gridText(canvas.paint(`${token}`, 12, 1)), '| * ?? |');
	t.is(gridText(canvas.paint('Error × …', 12, 1)), 'Error x ~');
});
