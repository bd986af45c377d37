/** A theme as data, and made ready for a terminal. */
import type {CellStyle} from '../presentation/cell-style.js';
import {colourCode, type ColourDepth} from './colour.js';
import {tones, type Tone} from './tones.js';

export type ToneStyle = {
	readonly foreground?: string;
	readonly background?: string;
	readonly bold?: boolean;
	readonly dim?: boolean;
	readonly italic?: boolean;
	readonly underline?: boolean;
	readonly inverse?: boolean;
};

/** What a theme file holds (themes/theme.schema.json): a tone is a colour, or a style. */
export type ThemeData = {
	readonly name: string;
	readonly background: 'dark' | 'light';
	/** A built-in theme that gives the tones this one leaves out. */
	readonly extends?: string;
	readonly tones: Readonly<Partial<Record<Tone, string | ToneStyle>>>;
};

export type Theme = {
	readonly name: string;
	readonly background: 'dark' | 'light';
	readonly depth: ColourDepth;
	readonly styles: Readonly<Record<Tone, CellStyle>>;
};

// As in presentation/cell-style: this floor takes only types from there.
const bits = {bold: 1, dim: 2, italic: 4, underline: 8, inverse: 16} as const;

export function prepareTheme(data: ThemeData, depth: ColourDepth, base?: ThemeData): Theme {
	const styles = Object.fromEntries(tones.map(tone => [tone, cellStyle(data.tones[tone] ?? base?.tones[tone] ?? {}, depth)])) as Record<Tone, CellStyle>;
	return {name: data.name, background: data.background, depth, styles};
}

function cellStyle(tone: string | ToneStyle, depth: ColourDepth): CellStyle {
	const style: ToneStyle = typeof tone === 'string' ? {foreground: tone} : tone;
	let attributes = 0;
	for (const [name, bit] of Object.entries(bits)) {
		attributes |= style[name as keyof typeof bits] ? bit : 0;
	}

	// Without colours a background is shown by turning the cell around.
	if (depth === 'none' && style.background !== undefined) {
		attributes |= bits.inverse;
	}

	return {
		foreground: style.foreground === undefined ? '' : colourCode(style.foreground, 'foreground', depth),
		background: style.background === undefined ? '' : colourCode(style.background, 'background', depth),
		attributes,
	};
}
