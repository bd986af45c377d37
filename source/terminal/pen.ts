/** Collects output while keeping track of where the terminal's cursor is and what style it writes in. */
import {type Scroll} from './scroll-region.js';
import {type StyleTable} from './style-table.js';

/** Where the next character goes (undefined when the terminal's mind cannot be known) and the style it gets. */
export type Cursor = {readonly x: number | undefined; readonly y: number | undefined; readonly style: number};

export type Written = {readonly style: number; readonly width: number; readonly trusted: boolean; readonly atEnd: boolean};

export class Pen {
	output = '';
	readonly #styles: StyleTable;
	#x: number | undefined;
	#y: number | undefined;
	#style: number;

	constructor(cursor: Cursor, styles: StyleTable) {
		this.#x = cursor.x;
		this.#y = cursor.y;
		this.#style = cursor.style;
		this.#styles = styles;
	}

	get cursor(): Cursor {
		return {x: this.#x, y: this.#y, style: this.#style};
	}

	write(text: string, {style, width, trusted, atEnd}: Written): void {
		this.#setStyle(style);
		// Both columns are cleared first, in case the terminal draws the character in one.
		this.output += !trusted && width === 2 && !atEnd ? `  \b\b${text}` : text;
		// At the right edge terminals differ about where the cursor is.
		this.#x = atEnd || !trusted || this.#x === undefined ? undefined : this.#x + width;
	}

	/** Blanks cells to the right without moving. */
	erase(count: number): void {
		this.#setStyle(0);
		this.output += `\u001B[${count}X`;
	}

	eraseToEnd(): void {
		this.#setStyle(0);
		this.output += '\u001B[K';
	}

	scroll({top, bottom, by}: Scroll): void {
		this.#setStyle(0);
		this.output += `\u001B[${top + 1};${bottom + 1}r\u001B[${Math.abs(by) === 1 ? '' : Math.abs(by)}${by > 0 ? 'S' : 'T'}\u001B[r`;
		// Setting the region puts the cursor into the corner; not every terminal does.
		this.#x = undefined;
		this.#y = undefined;
	}

	moveTo(x: number, y: number): void {
		if (this.#x === x && this.#y === y) {
			return;
		}

		this.output += shortestMove({x: this.#x, y: this.#y}, {x, y});
		this.#x = x;
		this.#y = y;
	}

	#setStyle(style: number): void {
		this.output += this.#styles.change(this.#style, style);
		this.#style = style;
	}
}

type Place = {readonly x: number | undefined; readonly y: number | undefined};

function shortestMove(from: Place, to: {readonly x: number; readonly y: number}): string {
	const candidates = [to.x === 0 ? (to.y === 0 ? '\u001B[H' : `\u001B[${to.y + 1}H`) : `\u001B[${to.y + 1};${to.x + 1}H`];
	if (from.y === to.y) {
		candidates.push(...columnMoves(from.x, to.x));
	} else if (from.y !== undefined) {
		if (from.x === to.x) {
			candidates.push(rowMove(to.y - from.y));
		}

		// A line feed below the last row would scroll; there is none, as rows only go down to the last.
		if (to.y === from.y + 1) {
			candidates.push(...columnMoves(0, to.x).map(move => `\r\n${move}`));
		}
	}

	return candidates.reduce((shortest, candidate) => (candidate.length < shortest.length ? candidate : shortest));
}

function columnMoves(from: number | undefined, to: number): string[] {
	const moves = [to === 0 ? '\r' : `\u001B[${to + 1}G`];
	if (from === to) {
		moves.push('');
	} else if (from !== undefined) {
		const distance = to - from;
		moves.push(`\u001B[${Math.abs(distance) === 1 ? '' : Math.abs(distance)}${distance > 0 ? 'C' : 'D'}`);
		if (distance < 0) {
			moves.push('\b'.repeat(-distance));
		}
	}

	return moves;
}

function rowMove(distance: number): string {
	const count = Math.abs(distance) === 1 ? '' : Math.abs(distance);
	return `\u001B[${count}${distance > 0 ? 'B' : 'A'}`;
}
