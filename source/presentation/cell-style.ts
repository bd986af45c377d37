/* eslint-disable unicorn/prefer-switch -- most SGR codes come in ranges */
/** How one cell of the screen looks: colours as SGR parameters (`32`, `38;5;208`, `48;2;0;0;0`; empty for the terminal's own) and a set of attributes. */
export type CellStyle = {readonly foreground: string; readonly background: string; readonly attributes: number};

export const attribute = {bold: 1, dim: 2, italic: 4, underline: 8, inverse: 16, strikethrough: 32} as const;

export type AttributeName = keyof typeof attribute;

export const plainStyle: CellStyle = {foreground: '', background: '', attributes: 0};

/** SGR parameters that switch an attribute on and off; bold and dim share one "off". */
export const attributeCodes: ReadonlyArray<{readonly bit: number; readonly on: string; readonly off: string}> = [
	{bit: attribute.bold, on: '1', off: '22'},
	{bit: attribute.dim, on: '2', off: '22'},
	{bit: attribute.italic, on: '3', off: '23'},
	{bit: attribute.underline, on: '4', off: '24'},
	{bit: attribute.inverse, on: '7', off: '27'},
	{bit: attribute.strikethrough, on: '9', off: '29'},
];

/** The style after an SGR sequence with these parameters (`1;38;5;208`). What is unknown is skipped. */
export function applySgr(style: CellStyle, parameters: string): CellStyle {
	const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map(Number);
	let {foreground, background, attributes} = style;
	for (let index = 0; index < codes.length; index++) {
		const code = codes[index] ?? 0;
		const switched = attributeCodes.find(({on}) => Number(on) === code);
		const off = attributeCodes.filter(entry => Number(entry.off) === code);
		if (code === 0) {
			({foreground, background, attributes} = plainStyle);
		} else if (switched !== undefined) {
			attributes |= switched.bit;
		} else if (off.length > 0) {
			attributes &= ~off.reduce((bits, {bit}) => bits | bit, 0);
		} else if (code === 38 || code === 48) {
			const colour = extendedColour(codes, index);
			if (colour === undefined) {
				break;
			}

			index += colour.length - 1;
			if (code === 38) {
				foreground = colour.join(';');
			} else {
				background = colour.join(';');
			}
		} else if (code === 39) {
			foreground = '';
		} else if (code === 49) {
			background = '';
		} else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
			foreground = String(code);
		} else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) {
			background = String(code);
		}
	}

	return {foreground, background, attributes};
}

// `38;5;N` or `38;2;R;G;B` with every number in range, else nothing.
function extendedColour(codes: readonly number[], start: number): number[] | undefined {
	const length = codes[start + 1] === 5 ? 3 : codes[start + 1] === 2 ? 5 : 0;
	const colour = codes.slice(start, start + length);
	const values = colour.slice(2);
	return length > 0 && colour.length === length && values.every(value => Number.isInteger(value) && value >= 0 && value <= 255) ? colour : undefined;
}
