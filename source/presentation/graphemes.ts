/**
Text cut into what a terminal puts in one place: a base character with its marks, one or two columns wide.

Terminals disagree about emoji sequences, so a cluster is `trusted` only where all of them agree on its width; behind any other the last stage says where
the cursor is instead of believing it (see terminal/frame-diff).
*/
import {eastAsianWidth} from 'get-east-asian-width';

export type Grapheme = {readonly text: string; readonly width: number; readonly trusted: boolean};

// Printable ASCII and Latin, arrows, box drawing, blocks, geometric shapes and braille: one column, nothing combines.
const simpleText = /^[\u0020-\u007E\u00A1-\u00AC\u00AE-\u02FF\u2010-\u2027\u2190-\u22FF\u2500-\u25FC\u2800-\u28FF]*$/;
const wideText = /^[\u3041-\u3096\u30A1-\u30FA\u4E00-\u9FFF\uAC00-\uD7A3]$/;
// Marks and what is never drawn. The tables of the segmenter take 30 ms to load: it is made when the first text needs it.
const zeroWidth = /^[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Surrogate}]$/u;
const spacingMark = /^\p{Spacing_Mark}$/u;
const drawnAsEmoji = /^\p{Emoji_Presentation}$/u;
const clusters: {segmenter?: Intl.Segmenter} = {};
const known = new Map<string, Grapheme>();
const knownLimit = 4096;

/** True when every character is one column wide and stands for itself. */
export function isSimpleText(text: string): boolean {
	return simpleText.test(text);
}

export function graphemes(text: string): Grapheme[] {
	return isSimpleText(text) ? [...text].map(character => lookUp(character)) : Array.from(segments(text), ({segment}) => lookUp(segment));
}

/** Columns that the text takes. */
export function textWidth(text: string): number {
	if (isSimpleText(text)) {
		return text.length;
	}

	let width = 0;
	for (const {segment} of segments(text)) {
		width += lookUp(segment).width;
	}

	return width;
}

/** The text cut at a width; `…` takes the last column when something was cut. */
export function truncate(text: string, width: number): string {
	if (width <= 0) {
		return '';
	}

	return textWidth(text) <= width ? text : `${takeColumns(text, width - 1)}…`;
}

/** As many whole characters from the start as fit. */
export function takeColumns(text: string, width: number): string {
	if (isSimpleText(text)) {
		return text.slice(0, Math.max(0, width));
	}

	let taken = '';
	let column = 0;
	for (const {segment} of segments(text)) {
		column += lookUp(segment).width;
		if (column > width) {
			break;
		}

		taken += segment;
	}

	return taken;
}

/** Cut or filled with spaces to exactly this width. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
	const cut = truncate(text, width);
	const fill = ' '.repeat(Math.max(0, width - textWidth(cut)));
	return align === 'left' ? cut + fill : fill + cut;
}

function segments(text: string): Intl.Segments {
	clusters.segmenter ??= new Intl.Segmenter();
	return clusters.segmenter.segment(text);
}

function lookUp(segment: string): Grapheme {
	let grapheme = known.get(segment);
	if (grapheme === undefined) {
		grapheme = measure(segment);
		if (known.size >= knownLimit) {
			known.clear();
		}

		known.set(segment, grapheme);
	}

	return grapheme;
}

function measure(segment: string): Grapheme {
	if (isSimpleText(segment)) {
		return {text: segment, width: segment.length, trusted: true};
	}

	if (wideText.test(segment)) {
		return {text: segment, width: 2, trusted: true};
	}

	return {text: segment, width: clusterWidth(segment), trusted: false};
}

// The base gives the width, spacing marks of Indic scripts add theirs; nothing here takes more than two columns.
function clusterWidth(segment: string): number {
	let width = 0;
	for (const character of segment) {
		if (width === 0 && !zeroWidth.test(character)) {
			width = drawnAsEmoji.test(character) ? 2 : eastAsianWidth(character.codePointAt(0)!);
		} else if (spacingMark.test(character)) {
			width++;
		}
	}

	return Math.min(2, width);
}
