/**
Where Ink's layout meets our cells.

Ink measures, cuts and joins every character it is given, which costs 8 to 9 ms a frame at 120x40. So a block of lines goes through Ink as one character of
the private use area; Ink places that, and the canvas puts the block's lines there: 0.6 ms. Ordinary Ink text (Ink's own error screen, say) is drawn as it is.
*/
import {applySgr, plainStyle, type CellStyle} from '../presentation/cell-style.js';
import {asciiText} from './character-set.js';
import {createGrid, putText, type Grid} from './grid.js';
import {type StyleTable} from './style-table.js';

export type BlockSpan = {readonly text: string; readonly tone?: string; readonly style?: CellStyle};

export type Block = {
	readonly lines: ReadonlyArray<readonly BlockSpan[]>;
	readonly width: number;
	readonly height: number;
	/** Blocks with a higher layer lie over the others. */
	readonly layer: number;
	readonly styleOf: (span: BlockSpan) => CellStyle;
};

const firstToken = 0xE0_00;
const tokenCount = 0x19_00;
const tokenPattern = /[\uE000-\uF8FF]/;

type Placed = {readonly block: Block; readonly x: number; readonly y: number};

export class Canvas {
	readonly #styles: StyleTable;
	readonly #spell: (text: string) => string;
	#blocks = new Map<string, Block>();
	#next = 0;

	constructor(styles: StyleTable, {isAscii = false}: {readonly isAscii?: boolean} = {}) {
		this.#styles = styles;
		this.#spell = isAscii ? asciiText : text => text;
	}

	/** Keeps a block for the frames to come and gives the character that stands for it. Blocks no frame shows are forgotten. */
	put(block: Block): string {
		let token;
		do {
			token = String.fromCodePoint(firstToken + this.#next);
			this.#next = (this.#next + 1) % tokenCount;
		} while (this.#blocks.has(token));

		this.#blocks.set(token, block);
		return token;
	}

	/** The cells of a frame as Ink wrote it. */
	paint(frame: string, columns: number, rows: number): Grid {
		const grid = createGrid(columns, rows);
		const placed: Placed[] = [];
		const shown = new Map<string, Block>();
		for (const [y, line] of frame.split('\n').slice(0, rows).entries()) {
			this.#paintLine(grid, line, y, (token, x) => {
				const block = this.#blocks.get(token);
				if (block !== undefined) {
					placed.push({block, x, y});
					shown.set(token, block);
				}
			});
		}

		this.#blocks = shown;
		placed.sort((a, b) => a.block.layer - b.block.layer);
		for (const {block, x, y} of placed) {
			this.#paintBlock(grid, block, x, y);
		}

		return grid;
	}

	#paintLine(grid: Grid, line: string, y: number, onToken: (token: string, x: number) => void): void {
		let style = plainStyle;
		let x = 0;
		for (const part of line.split(/(\u001B\[[\d;:]*m|[\uE000-\uF8FF])/)) {
			if (part.startsWith('\u001B[')) {
				style = applySgr(style, part.slice(2, -1));
			} else if (tokenPattern.test(part)) {
				onToken(part, x);
				x++;
			} else if (part !== '') {
				x = putText(grid, this.#spell(part), {x, y, right: grid.columns, style: this.#styles.idOf(style)});
			}
		}
	}

	#paintBlock(grid: Grid, block: Block, left: number, top: number): void {
		const right = Math.min(grid.columns, left + block.width);
		for (let row = 0; row < block.height && top + row < grid.rows; row++) {
			let x = left;
			for (const span of block.lines[row] ?? []) {
				x = putText(grid, this.#spell(span.text), {x, y: top + row, right, style: this.#styles.idOf(block.styleOf(span))});
			}

			putText(grid, ' '.repeat(Math.max(0, right - x)), {x, y: top + row, right, style: 0});
		}
	}
}
