/** Finds out whether part of the screen only moved up or down, as a followed log does, so that the terminal can move it. */
import {type Grid} from './grid.js';

/** Rows `top` to `bottom` (inclusive) move up by `by` rows, or down when it is negative. */
export type Scroll = {readonly top: number; readonly bottom: number; readonly by: number};

/** The scroll that saves the most rows; none when fewer than three rows would be saved. */
export function findScroll(previous: Grid, next: Grid): Scroll | undefined {
	const before = rowKeys(previous);
	const after = rowKeys(next);
	let best: Scroll | undefined;
	let bestSaved = 2;
	for (const by of candidates(before, after)) {
		for (const {start, end} of matchingRuns(before, after, by)) {
			const saved = after.slice(start, end + 1).filter((key, index) => key !== before[start + index]).length;
			if (saved > bestSaved) {
				bestSaved = saved;
				best = by > 0 ? {top: start, bottom: end + by, by} : {top: start + by, bottom: end, by};
			}
		}
	}

	return best;
}

/** Does to the cells what the terminal does to the screen: the rows move, blank ones come in. */
export function applyScroll(grid: Grid, {top, bottom, by}: Scroll): void {
	const {columns, characters, styles} = grid;
	const first = top * columns;
	const length = (bottom - top + 1) * columns;
	const shift = by * columns;
	const oldCharacters = characters.slice(first, first + length);
	const oldStyles = styles.slice(first, first + length);
	for (let index = 0; index < length; index++) {
		characters[first + index] = oldCharacters[index + shift] ?? ' ';
		styles[first + index] = oldStyles[index + shift] ?? 0;
	}
}

function rowKeys(grid: Grid): string[] {
	return Array.from({length: grid.rows}, (_, y) => {
		const start = y * grid.columns;
		const end = start + grid.columns;
		return `${grid.characters.slice(start, end).join('')}\n${grid.styles.slice(start, end).join(',')}`;
	});
}

// Distances at which a changed row is found again; a row that occurs often says nothing.
function candidates(before: readonly string[], after: readonly string[]): Set<number> {
	const places = new Map<string, number>();
	for (const [y, key] of before.entries()) {
		places.set(key, places.has(key) ? -1 : y);
	}

	const distances = new Set<number>();
	for (const [y, key] of after.entries()) {
		const old = key === before[y] ? undefined : places.get(key);
		if (old !== undefined && old >= 0 && old !== y) {
			distances.add(old - y);
		}
	}

	return distances;
}

function * matchingRuns(before: readonly string[], after: readonly string[], by: number): Generator<{readonly start: number; readonly end: number}> {
	let start: number | undefined;
	for (let y = 0; y <= after.length; y++) {
		const matches = y < after.length && y + by >= 0 && y + by < before.length && after[y] === before[y + by];
		if (matches) {
			start ??= y;
		} else if (start !== undefined) {
			yield {start, end: y - 1};
			start = undefined;
		}
	}
}
