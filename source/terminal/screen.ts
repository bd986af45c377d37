/** The cells on the real screen. Shows a frame by sending only what changed, in one write. */
import {frameDifference} from './frame-diff.js';
import {createGrid, gridText, unknownCell, type Grid} from './grid.js';
import {type Cursor} from './pen.js';
import {type StyleTable} from './style-table.js';

const beginFrame = '\u001B[?2026h';
const endFrame = '\u001B[?2026l';
// A terminal reads as much as this at once: what is shorter cannot be seen half done, and the brackets would be a good part of it.
const bracketFrom = 256;

export class Screen {
	readonly #styles: StyleTable;
	readonly #write: (output: string) => void;
	#shown: Grid;
	#cursor: Cursor = {x: undefined, y: undefined, style: 0};
	#isPenKnown = false;

	constructor(styles: StyleTable, size: {readonly columns: number; readonly rows: number}, write: (output: string) => void) {
		this.#styles = styles;
		this.#write = write;
		this.#shown = createGrid(size.columns, size.rows, unknownCell);
	}

	show(next: Grid): void {
		if (next.columns !== this.#shown.columns || next.rows !== this.#shown.rows) {
			this.forget(next);
		}

		const difference = frameDifference(this.#shown, next, this.#cursor, this.#styles);
		const {cursor} = difference;
		const output = this.#isPenKnown || difference.output === '' ? difference.output : `\u001B[m${difference.output}`;
		this.#isPenKnown = true;
		this.#shown = next;
		this.#cursor = cursor;
		if (output !== '') {
			this.#write(output.length < bracketFrom ? output : beginFrame + output + endFrame);
		}
	}

	/** The terminal was just cleared, and its pen is plain. */
	blank(size: {readonly columns: number; readonly rows: number}): void {
		this.#shown = createGrid(size.columns, size.rows);
		this.#cursor = {x: undefined, y: undefined, style: 0};
		this.#isPenKnown = true;
	}

	/** Something else wrote on the screen, its size changed, or the numbers of styles did: the next frame writes every cell. */
	forget(size: {readonly columns: number; readonly rows: number} = this.#shown): void {
		this.#shown = createGrid(size.columns, size.rows, unknownCell);
		this.#cursor = {x: undefined, y: undefined, style: 0};
		this.#isPenKnown = false;
	}

	get text(): string {
		return gridText(this.#shown);
	}
}
