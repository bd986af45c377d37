/** One line of a pane, in pieces: the text, and its tone (a word of the theme) or a style of its own (colours of a log). */
import type {Tone} from '../theme/tones.js';
import {fit, graphemes, takeColumns, textWidth} from './graphemes.js';
import type {CellStyle} from './cell-style.js';

export type Span = {readonly text: string; readonly tone?: Tone; readonly style?: CellStyle};

export type Line = readonly Span[];

export function span(text: string, tone?: Tone): Span {
	return tone === undefined ? {text} : {text, tone};
}

export function lineWidth(line: Line): number {
	return line.reduce((width, {text}) => width + textWidth(text), 0);
}

/** Exactly this wide: cut at the right, or filled with spaces. */
export function fitLine(line: Line, width: number): Line {
	const fitted: Span[] = [];
	let left = width;
	for (const piece of line) {
		const pieceWidth = textWidth(piece.text);
		if (pieceWidth > left) {
			const cut = takeColumns(piece.text, left);
			fitted.push({...piece, text: cut});
			left -= textWidth(cut);
			break;
		}

		fitted.push(piece);
		left -= pieceWidth;
	}

	return left > 0 ? [...fitted, {text: ' '.repeat(left)}] : fitted;
}

/** The left part at the left, the right part at the right; the right one goes first when there is no room. */
export function spread(left: Line, right: Line, width: number): Line {
	const rightWidth = lineWidth(right);
	if (lineWidth(left) + rightWidth + 1 > width) {
		return fitLine(left, width);
	}

	return [...fitLine(left, width - rightWidth), ...right];
}

/** Cut into rows of at most this width. A wide character that fits no row at all is left out. */
export function wrapLine(line: Line, width: number): Line[] {
	const rows: Span[][] = [[]];
	let left = width;
	for (const piece of line) {
		for (const part of pieces(piece.text, left, width)) {
			if (part.startsRow) {
				rows.push([]);
				left = width;
			}

			rows.at(-1)!.push({...piece, text: part.text});
			left -= textWidth(part.text);
		}
	}

	return rows;
}

// The text in parts, each of which fits its row; the first one goes on in a row that has only so much left.
function pieces(text: string, firstWidth: number, width: number): ReadonlyArray<{readonly text: string; readonly startsRow: boolean}> {
	const parts: Array<{text: string; startsRow: boolean}> = [];
	let left = firstWidth;
	let current = {text: '', startsRow: false};
	const finish = () => {
		if (current.text !== '') {
			parts.push(current);
		}

		current = {text: '', startsRow: true};
		left = width;
	};

	for (const {text: character, width: columns} of graphemes(text)) {
		if (columns > left) {
			finish();
		}

		if (columns <= width) {
			current.text += character;
			left -= columns;
		}
	}

	finish();
	return parts;
}

/** Lines in the middle of a space of this size. */
export function centre(lines: readonly Line[], {width, height}: {readonly width: number; readonly height: number}): Line[] {
	const top = Math.max(0, Math.trunc((height - lines.length) / 2));
	return [
		...Array.from({length: top}, () => []),
		...lines.map(line => [{text: fit('', Math.max(0, Math.trunc((width - lineWidth(line)) / 2)))}, ...line]),
	].slice(0, height);
}
