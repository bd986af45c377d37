/** Cells of a list laid side by side: fixed columns get their width, the others share what is left by weight, and the least important go first when there is no room. */
import {fit, textWidth} from './graphemes.js';
import type {Line, Span} from './line.js';

export type Column = {
	readonly title: string;
	/** Exact width, or the least and a weight for sharing the rest. */
	readonly width: number | {readonly least: number; readonly weight: number};
	readonly align?: 'left' | 'right';
	/** Dropped first when small; columns without it are never dropped. */
	readonly priority?: number;
};

export type Measured = {readonly index: number; readonly width: number; readonly column: Column};

const gap = 1;

export function measureColumns(columns: readonly Column[], width: number): Measured[] {
	let shown = columns.map((column, index) => ({column, index}));
	while (leastWidth(shown) > width) {
		const dropped = shown.filter(({column}) => column.priority !== undefined).sort((a, b) => a.column.priority! - b.column.priority!)[0];
		if (dropped === undefined) {
			break;
		}

		shown = shown.filter(entry => entry !== dropped);
	}

	const weights = shown.reduce((sum, {column}) => sum + (typeof column.width === 'number' ? 0 : column.width.weight), 0);
	let spare = Math.max(0, width - leastWidth(shown));
	let weightLeft = weights;
	return shown.map(({column, index}) => {
		if (typeof column.width === 'number') {
			return {index, column, width: column.width};
		}

		const share = weightLeft === 0 ? 0 : Math.round((spare * column.width.weight) / weightLeft);
		spare -= share;
		weightLeft -= column.width.weight;
		return {index, column, width: column.width.least + share};
	});
}

export function headingLine(measured: readonly Measured[]): Line {
	return [{text: measured.map(({column, width}) => fit(column.title, width, column.align)).join(' '), tone: 'text.muted'}];
}

/** `cells` by the index of their column. A cell's text is cut or filled to the width; with `hug` the tone covers the text alone, not the filling. */
export function rowLine(measured: readonly Measured[], cells: ReadonlyArray<Span & {readonly hug?: boolean}>): Line {
	const line: Span[] = [];
	for (const [place, {index, width, column}] of measured.entries()) {
		const {hug, ...cell} = cells[index] ?? {text: ''};
		if (place > 0) {
			line.push({text: ' '.repeat(gap)});
		}

		const text = fit(cell.text, width, column.align);
		if (hug && column.align !== 'right') {
			const bare = text.trimEnd();
			line.push({...cell, text: bare}, {text: ' '.repeat(textWidth(text) - textWidth(bare))});
		} else {
			line.push({...cell, text});
		}
	}

	return line;
}

function leastWidth(columns: ReadonlyArray<{readonly column: Column}>): number {
	const widths = columns.map(({column}) => (typeof column.width === 'number' ? column.width : column.width.least));
	return widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, columns.length - 1);
}
