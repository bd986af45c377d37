/** Output played into a terminal emulator, and what its screen then holds, cell by cell. */
import xterm from '@xterm/headless';
import stringWidth from 'string-width';

export type Cell = {readonly text: string; readonly foreground: string; readonly background: string; readonly bold: boolean; readonly inverse: boolean};

/** An emulator that is of our mind about widths; `isOld` leaves it as it comes, with emoji one column wide. */
export function emulator(columns: number, rows: number, {isOld = false} = {}): xterm.Terminal {
	const terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 0});
	if (!isOld) {
		const width = (codePoint: number) => Math.min(2, stringWidth(String.fromCodePoint(codePoint)));
		terminal.unicode.register({
			version: 'string-width',
			wcwidth: codePoint => width(codePoint) as 0 | 1 | 2,
			charProperties(codePoint, preceding) {
				const own = width(codePoint);
				const joins = own === 0 && preceding !== 0;
				const columns = joins ? (preceding >> 1) & 3 : own;
				return (columns << 1) | (joins ? 1 : 0);
			},
		});
		terminal.unicode.activeVersion = 'string-width';
	}

	return terminal;
}

export async function play(terminal: xterm.Terminal, output: string): Promise<void> {
	await new Promise<void>(resolve => {
		terminal.write(output, resolve);
	});
}

export function cellsOf(terminal: xterm.Terminal): Cell[] {
	const {active} = terminal.buffer;
	return Array.from({length: terminal.rows}, (_, y) => y).flatMap(y => Array.from({length: terminal.cols}, (_, x): Cell => {
		const cell = active.getLine(active.baseY + y)!.getCell(x)!;
		return {
			text: cell.getWidth() === 0 ? '' : cell.getChars() || ' ',
			foreground: cell.isFgDefault() ? '' : cell.isFgPalette() ? paletteCode(cell.getFgColor(), 30) : `38;2;${rgb(cell.getFgColor())}`,
			background: cell.isBgDefault() ? '' : cell.isBgPalette() ? paletteCode(cell.getBgColor(), 40) : `48;2;${rgb(cell.getBgColor())}`,
			bold: cell.isBold() !== 0,
			inverse: cell.isInverse() !== 0,
		};
	}));
}

/** The first cells that differ, in words; undefined when all are equal. */
export function firstDifference(actual: readonly Cell[], wanted: readonly Cell[], columns: number): string | undefined {
	const index = wanted.findIndex((cell, place) => JSON.stringify(cell) !== JSON.stringify(actual[place]));
	return index === -1 ? undefined : `row ${Math.trunc(index / columns)} column ${index % columns}: ${JSON.stringify(actual[index])} instead of ${JSON.stringify(wanted[index])}`;
}

function paletteCode(index: number, base: number): string {
	return index < 8 ? String(base + index) : index < 16 ? String(base + 52 + index) : `${base + 8};5;${index}`;
}

function rgb(colour: number): string {
	return [colour >> 16, (colour >> 8) & 255, colour & 255].join(';');
}
