import test from 'ava';
import {applyScroll, findScroll, type Scroll} from '../../source/terminal/scroll-region.js';
import {createGrid, gridText, putText, type Grid} from '../../source/terminal/grid.js';

function gridOf(lines: readonly string[]): Grid {
	const grid = createGrid(8, lines.length);
	for (const [y, line] of lines.entries()) {
		putText(grid, line, {x: 0, y, right: 8, style: 0});
	}

	return grid;
}

const finds = test.macro({
	exec(t, before: string, after: string, expected: Scroll | undefined) {
		t.deepEqual(findScroll(gridOf([...before]), gridOf([...after])), expected);
	},
	title: (_, before: string, after: string) => `from ${before} to ${after}`,
});

test(finds, 'habcdef', 'hbcdefg', {top: 1, bottom: 6, by: 1});
test(finds, 'habcdefx', 'hcdefghx', {top: 1, bottom: 6, by: 2});
test(finds, 'habcdef', 'hgabcde', {top: 1, bottom: 6, by: -1});
test(finds, 'abcdef', 'abcdef', undefined);
test(finds, 'abcdef', 'uvwxyz', undefined);
test(finds, '      ', 'abcdef', undefined);

test('rows move in the model as on the screen', t => {
	const up = gridOf(['h', 'a', 'b', 'c', 'f']);
	applyScroll(up, {top: 1, bottom: 3, by: 1});
	t.is(gridText(up), 'h\nb\nc\n\nf');
	const down = gridOf(['h', 'a', 'b', 'c', 'f']);
	applyScroll(down, {top: 1, bottom: 3, by: -2});
	t.is(gridText(down), 'h\n\n\na\nf');
});
