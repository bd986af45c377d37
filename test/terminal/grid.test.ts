import test from 'ava';
import {createGrid, gridText, putText} from '../../source/terminal/grid.js';

const place = {x: 0, y: 0, right: 100, style: 0};

test('a wide character takes two cells, the second of them empty', t => {
	const grid = createGrid(6, 1);
	t.is(putText(grid, 'a漢b', place), 4);
	t.deepEqual(grid.characters, ['a', '漢', '', 'b', ' ', ' ']);
});

test('a wide character that does not fit becomes a space', t => {
	const grid = createGrid(4, 1);
	t.is(putText(grid, 'abc漢', place), 4);
	t.deepEqual(grid.characters, ['a', 'b', 'c', ' ']);
});

test('writing over half of a wide character blanks the other half', t => {
	const left = createGrid(4, 1);
	putText(left, '漢字', place);
	putText(left, 'x', {...place, x: 1});
	t.deepEqual(left.characters, [' ', 'x', '字', '']);
	const right = createGrid(4, 1);
	putText(right, '漢字', place);
	putText(right, 'x', {...place, x: 2});
	t.deepEqual(right.characters, ['漢', '', 'x', ' ']);
});

test('nothing is written outside', t => {
	const grid = createGrid(3, 1);
	putText(grid, 'abcdef', place);
	putText(grid, 'x', {...place, y: 1});
	putText(grid, 'x', {...place, x: 7});
	t.is(gridText(grid), 'abc');
});

test('marks stay with their character', t => {
	const grid = createGrid(4, 1);
	putText(grid, 'e\u0301x', place);
	t.deepEqual(grid.characters, ['e\u0301', 'x', ' ', ' ']);
});
