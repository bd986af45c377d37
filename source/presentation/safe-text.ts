/**
What a container or an image supplies (names, labels, logs, commands) made fit for the terminal: no control characters or escape sequences, no characters
that turn the direction of text, tabs expanded, and only clusters whose width can be known.
*/
import {applySgr, plainStyle, type CellStyle} from './cell-style.js';

const tabWidth = 8;
// Every escape sequence: CSI, strings (OSC, DCS, APC, PM, SOS) with or without their end, and two-byte escapes; the 8-bit forms too.
const escapeSequence = /(?:\u001B\[|\u009B)[\u0030-\u003F]*[\u0020-\u002F]*[\u0040-\u007E]?|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[\u0020-\u002F]*[\u0030-\u007E]?/g;
const controls = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g;
// Direction marks, line separators, tag characters and other format characters; a zero-width joiner glues emoji into glyphs of unknown width.
// eslint-disable-next-line no-misleading-character-class -- each of them is meant by itself
const invisible = /[\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFE00-\uFE0F\uFEFF\uFFF9-\uFFFB]|[\u{1D173}-\u{1D17A}\u{1F3FB}-\u{1F3FF}\u{E0000}-\u{E0FFF}]/gu;
const flags = /[\u{1F1E6}-\u{1F1FF}]/gu;
const loneSurrogate = /[\uD800-\uDFFF]/gu;
// More marks than this on one character only serve to paint over other lines.
const marks = /(\p{Mark}{3})\p{Mark}+/gu;
const leadingMark = /^\p{Mark}/u;
const cleanAscii = /^[\u0020-\u007E]*$/;

/** A single line of safe text. Line breaks become spaces. */
export function safeText(text: string): string {
	return cleanAscii.test(text) ? text : expandTabs(plainCharacters(text.replaceAll(escapeSequence, '').replaceAll(/[\n\v\f\r\u0085]+/g, ' ')));
}

export type StyledText = {readonly text: string; readonly style: CellStyle};

/**
A log line in pieces of one style: colours and attributes are understood and carried as data, every other control is dropped.
What a carriage return overwrote is left out, so a progress bar shows its last state.
*/
export function safeStyledText(line: string): StyledText[] {
	const shown = lastOverwrite(line);
	if (!shown.includes('\u001B[')) {
		return [{text: safeText(shown), style: plainStyle}];
	}

	const pieces: StyledText[] = [];
	let style = plainStyle;
	let start = 0;
	let column = 0;
	const add = (raw: string) => {
		const text = expandTabs(plainCharacters(raw.replaceAll(escapeSequence, '')), column);
		column += text.length;
		if (text !== '') {
			pieces.push({text, style});
		}
	};

	for (const match of shown.matchAll(/\u001B\[([\d;:]*)m/g)) {
		add(shown.slice(start, match.index));
		style = applySgr(style, match[1] ?? '');
		start = match.index + match[0].length;
	}

	add(shown.slice(start));
	return pieces.length === 0 ? [{text: '', style: plainStyle}] : pieces;
}

function lastOverwrite(line: string): string {
	const trimmed = line.replace(/\r+$/, '');
	return trimmed.slice(trimmed.lastIndexOf('\r') + 1);
}

function plainCharacters(text: string): string {
	if (cleanAscii.test(text)) {
		return text;
	}

	return text
		.replaceAll(loneSurrogate, '\uFFFD')
		.replaceAll(controls, '')
		.replaceAll(invisible, '')
		.replaceAll(flags, (letter: string) => String.fromCodePoint((letter.codePointAt(0) ?? 0) - 0x1_F1_E6 + 65))
		.replaceAll(marks, '$1')
		.replace(leadingMark, ' $&');
}

function expandTabs(text: string, startColumn = 0): string {
	if (!text.includes('\t')) {
		return text;
	}

	let expanded = '';
	for (const [index, part] of text.split('\t').entries()) {
		if (index > 0) {
			expanded += ' '.repeat(tabWidth - ((startColumn + expanded.length) % tabWidth));
		}

		expanded += part;
	}

	return expanded;
}
