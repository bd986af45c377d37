/** A screenful of cells: one string a cell (the right half of a wide character is empty) and the number of its style. */
import {graphemes, isSimpleText} from '../presentation/graphemes.js';

export type Grid = {
	readonly columns: number;
	readonly rows: number;
	readonly characters: string[];
	readonly styles: number[];
};

/** What stands in a cell whose content on the real screen is not known. */
export const unknownCell = '\u0000';

export function createGrid(columns: number, rows: number, character = ' '): Grid {
	const cells = columns * rows;
	// Filled arrays, not Array.from: this runs for every frame, and is ten times as fast.
	/* eslint-disable unicorn/no-new-array */
	return {columns, rows, characters: new Array<string>(cells).fill(character), styles: new Array<number>(cells).fill(0)};
	/* eslint-enable unicorn/no-new-array */
}

export type TextPlace = {readonly x: number; readonly y: number; readonly right: number; readonly style: number};

/** Puts text into a row up to the column `right` (exclusive). Gives the column after it. A wide character that would be cut becomes a space. */
export function putText(grid: Grid, text: string, {x, y, right, style}: TextPlace): number {
	const limit = Math.min(right, grid.columns);
	if (y < 0 || y >= grid.rows || x >= limit) {
		return x;
	}

	if (isSimpleText(text)) {
		const end = Math.min(limit, x + text.length);
		for (let column = x; column < end; column++) {
			setCell(grid, {x: column, y}, text[column - x]!, style);
		}

		return end;
	}

	let column = x;
	for (const {text: character, width} of graphemes(text)) {
		if (width === 0) {
			continue;
		}

		if (column + width > limit) {
			if (column < limit) {
				setCell(grid, {x: column, y}, ' ', style);
			}

			return limit;
		}

		setCell(grid, {x: column, y}, character, style);
		if (width === 2) {
			setCell(grid, {x: column + 1, y}, ' ', style);
			grid.characters[y * grid.columns + column + 1] = '';
		}

		column += width;
	}

	return column;
}

// Overwriting one half of a wide character blanks its other half, as terminals do.
function setCell(grid: Grid, {x, y}: {readonly x: number; readonly y: number}, character: string, style: number): void {
	const index = y * grid.columns + x;
	if (grid.characters[index] === '' && x > 0) {
		grid.characters[index - 1] = ' ';
	}

	if (x + 1 < grid.columns && grid.characters[index + 1] === '') {
		grid.characters[index + 1] = ' ';
	}

	grid.characters[index] = character;
	grid.styles[index] = style;
}

/** The rows as text, trailing spaces removed: for tests and for saving what is on the screen. */
export function gridText(grid: Grid): string {
	const rows = Array.from({length: grid.rows}, (_, y) => grid.characters.slice(y * grid.columns, (y + 1) * grid.columns).join('').trimEnd());
	return rows.join('\n').trimEnd();
}
