import test from 'ava';
import {plainStyle} from '../../source/presentation/cell-style.js';
import {Canvas, type Block} from '../../source/terminal/canvas.js';
import {gridText} from '../../source/terminal/grid.js';
import {StyleTable} from '../../source/terminal/style-table.js';

const red = {foreground: '31', background: '', attributes: 0};

function block(lines: readonly string[], options: Partial<Block> = {}): Block {
	return {lines: lines.map(text => [{text}]), width: 10, height: lines.length, layer: 0, styleOf: () => plainStyle, ...options};
}

test('a block stands where its character stands', t => {
	const canvas = new Canvas(new StyleTable());
	const first = canvas.put(block(['one', 'two']));
	const second = canvas.put(block(['drei', 'vier']));
	t.is(gridText(canvas.paint(`${first}         ${second}`, 24, 3)), 'one       drei\ntwo       vier');
});

test('what is cut off by the block or the screen is not drawn', t => {
	const canvas = new Canvas(new StyleTable());
	const token = canvas.put(block(['0123456789ABC', 'second', 'third'], {height: 2, width: 8}));
	t.is(gridText(canvas.paint(`   ${token}`, 9, 3)), '   012345\n   second');
});

test('a block with a higher layer lies over the others, wherever it begins', t => {
	const canvas = new Canvas(new StyleTable());
	const dialog = canvas.put(block(['XX'], {width: 2, layer: 1}));
	const lower = canvas.put(block(['aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc']));
	t.is(gridText(canvas.paint(`${lower}\n   ${dialog}\n`, 10, 3)), 'aaaaaaaaaa\nbbbXXbbbbb\ncccccccccc');
});

test('ordinary text with colours is drawn as it is', t => {
	const styles = new StyleTable();
	const grid = new Canvas(styles).paint('a\u001B[31mb\u001B[39m漢c', 10, 1);
	t.is(gridText(grid), 'ab漢c');
	t.deepEqual(styles.styleOf(grid.styles[1]!), red);
	t.is(grid.styles[2], 0);
	t.is(grid.characters[3], '');
});

test('spans get the style that the block says', t => {
	const styles = new StyleTable();
	const canvas = new Canvas(styles);
	const token = canvas.put({...block([]), lines: [[{text: 'a', tone: 'red'}, {text: 'b'}]], height: 1, styleOf: ({tone}) => (tone === 'red' ? red : plainStyle)});
	const grid = canvas.paint(token, 10, 1);
	t.deepEqual([styles.styleOf(grid.styles[0]!), styles.styleOf(grid.styles[1]!)], [red, plainStyle]);
});

test('blocks that no frame shows are forgotten, those shown stay for ever', t => {
	const canvas = new Canvas(new StyleTable());
	const lasting = canvas.put(block(['here']));
	for (let frame = 0; frame < 20_000; frame++) {
		const passing = canvas.put(block([`frame ${frame}`]));
		if (frame % 1000 === 0) {
			t.is(gridText(canvas.paint(`${lasting}\n${passing}`, 10, 2)), `here\nframe ${frame}`.slice(0, 15));
		} else {
			canvas.paint(`${lasting}\n${passing}`, 10, 2);
		}
	}
});
