/** From the cells on the screen to the cells wanted, in as few bytes as we can find. */
import {graphemes} from '../presentation/graphemes.js';
import {Pen, type Cursor} from './pen.js';
import {type Grid} from './grid.js';
import {applyScroll, findScroll} from './scroll-region.js';
import {type StyleTable} from './style-table.js';

export type Difference = {readonly output: string; readonly cursor: Cursor};

// A run of blanks as long as this is erased rather than written.
const eraseFrom = 9;

/** `previous` and `next` have the same size. */
export function frameDifference(previous: Grid, next: Grid, cursor: Cursor, styles: StyleTable): Difference {
	const plain = rowDifferences(previous, next, cursor, styles);
	const scroll = plain.output.length > 200 ? findScroll(previous, next) : undefined;
	if (scroll === undefined) {
		return plain;
	}

	const pen = new Pen(cursor, styles);
	pen.scroll(scroll);
	const scrolled = {...previous, characters: [...previous.characters], styles: [...previous.styles]};
	applyScroll(scrolled, scroll);
	const rest = rowDifferences(scrolled, next, pen.cursor, styles);
	const output = pen.output + rest.output;
	return output.length < plain.output.length ? {output, cursor: rest.cursor} : plain;
}

function rowDifferences(previous: Grid, next: Grid, cursor: Cursor, styles: StyleTable): Difference {
	const pen = new Pen(cursor, styles);
	for (let y = 0; y < next.rows; y++) {
		writeRow(pen, previous, next, y);
	}

	return {output: pen.output, cursor: pen.cursor};
}

function writeRow(pen: Pen, previous: Grid, next: Grid, y: number): void {
	const start = y * next.columns;
	const differs = (x: number) => previous.characters[start + x] !== next.characters[start + x] || previous.styles[start + x] !== next.styles[start + x];
	const last = lastIn(0, next.columns, differs);
	const blankFrom = trailingBlanks(next, y);
	let x = 0;
	// The cell behind a character of doubtful width is written too: the terminal may have painted over it.
	let doubtful = false;
	while (x <= last) {
		if (!differs(x) && !doubtful) {
			x++;
			continue;
		}

		if (x >= blankFrom && last - x >= 3) {
			pen.moveTo(x, y);
			pen.eraseToEnd();
			return;
		}

		const blanks = lastIn(x, x + blankRun(next, y, x), differs) - x + 1;
		if (blanks >= eraseFrom) {
			pen.moveTo(x, y);
			pen.erase(blanks);
			x += blanks;
			doubtful = false;
			continue;
		}

		bridge(pen, next, x, y);
		const character = next.characters[start + x]!;
		if (character === '') {
			// Only reached when its left half is unchanged, which cannot be shown alone: write the whole character.
			x--;
			pen.moveTo(x, y);
			writeCell(pen, next, start + x);
			x += 2;
			continue;
		}

		doubtful = writeCell(pen, next, start + x) && x + 1 < next.columns;
		x += next.characters[start + x + 1] === '' && x + 1 < next.columns ? 2 : 1;
		if (doubtful && x > last && x < next.columns) {
			bridge(pen, next, x, y);
			writeCell(pen, next, start + x);
		}
	}
}

/** Gives true when the terminal may be of another mind about the width. */
function writeCell(pen: Pen, grid: Grid, index: number): boolean {
	const character = grid.characters[index]!;
	const style = grid.styles[index]!;
	const wide = grid.characters[index + 1] === '' && (index + 1) % grid.columns !== 0;
	const trusted = graphemes(character).every(cluster => cluster.trusted);
	pen.write(character, {style, width: wide ? 2 : 1, trusted, atEnd: (index + (wide ? 2 : 1)) % grid.columns === 0});
	return !trusted;
}

// From where the pen is to x: over the few unchanged cells in between by writing them again when that is shorter than moving.
function bridge(pen: Pen, grid: Grid, x: number, y: number): void {
	const from = pen.cursor.x;
	if (pen.cursor.y === y && from !== undefined && from < x && x - from <= 4) {
		const start = y * grid.columns;
		const gap = grid.characters.slice(start + from, start + x);
		const sameStyle = grid.styles.slice(start + from, start + x).every(style => style === pen.cursor.style);
		const simple = gap.every(character => character.length === 1 && character <= '~');
		if (sameStyle && simple) {
			pen.write(gap.join(''), {style: pen.cursor.style, width: gap.length, trusted: true, atEnd: false});
			return;
		}
	}

	pen.moveTo(x, y);
}

function lastIn(start: number, end: number, differs: (x: number) => boolean): number {
	let x = end - 1;
	while (x >= start && !differs(x)) {
		x--;
	}

	return x;
}

function isBlank(grid: Grid, index: number): boolean {
	return grid.characters[index] === ' ' && grid.styles[index] === 0;
}

// The column from which the row is blank to its end.
function trailingBlanks(grid: Grid, y: number): number {
	let x = grid.columns;
	while (x > 0 && isBlank(grid, y * grid.columns + x - 1)) {
		x--;
	}

	return x;
}

function blankRun(grid: Grid, y: number, x: number): number {
	let end = x;
	while (end < grid.columns && isBlank(grid, y * grid.columns + end)) {
		end++;
	}

	return end - x;
}
