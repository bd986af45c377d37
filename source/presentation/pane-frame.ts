/** The border of a pane with its title above and its place below, and the lines within. */
import {fit, textWidth, truncate} from './graphemes.js';
import {fitLine, lineWidth, type Line, type Span} from './line.js';

export type PaneFrame = {
	readonly width: number;
	readonly height: number;
	readonly isFocused: boolean;
	readonly title: Line;
	/** In the lower border at the right, such as `3 of 40`. */
	readonly note?: Line;
	readonly lines: readonly Line[];
};

export function paneLines({width, height, isFocused, title, note = [], lines}: PaneFrame): Line[] {
	if (width < 2 || height < 2) {
		return lines.slice(0, height).map(line => fitLine(line, width));
	}

	const tone = isFocused ? 'border.focused' : 'border';
	const side: Span = {text: '│', tone};
	const inner = width - 2;
	return [
		topBorder(title, inner, tone),
		...Array.from({length: height - 2}, (_, row): Line => [side, ...fitLine(lines[row] ?? [], inner), side]),
		bottomBorder(note, inner, tone),
	];
}

type BorderTone = 'border' | 'border.focused';

function topBorder(title: Line, inner: number, tone: BorderTone): Line {
	const room = Math.max(0, inner - 4);
	const shown = cutLine(title, room);
	const used = lineWidth(shown);
	return used === 0
		? [{text: `╭${'─'.repeat(inner)}╮`, tone}]
		: [{text: '╭─ ', tone}, ...shown, {text: ` ${'─'.repeat(Math.max(0, inner - used - 3))}╮`, tone}];
}

function bottomBorder(note: Line, inner: number, tone: BorderTone): Line {
	const used = lineWidth(note);
	return used === 0 || used + 4 > inner
		? [{text: `╰${'─'.repeat(inner)}╯`, tone}]
		: [{text: `╰${'─'.repeat(inner - used - 3)} `, tone}, ...note, {text: ' ─╯', tone}];
}

function cutLine(line: Line, width: number): Line {
	const cut: Span[] = [];
	let left = width;
	for (const piece of line) {
		if (left <= 0) {
			break;
		}

		const text = truncate(piece.text, left);
		cut.push({...piece, text});
		left -= textWidth(text);
	}

	return cut;
}

/** A sentence cut into lines at its spaces. */
export function paragraph(text: string, width: number): string[] {
	const lines: string[] = [];
	for (const word of text.split(' ')) {
		const last = lines.at(-1);
		if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width) {
			lines[lines.length - 1] = `${last} ${word}`;
		} else {
			lines.push(textWidth(word) > width ? fit(word, width) : word);
		}
	}

	return lines;
}
