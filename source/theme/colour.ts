/** Colours of a theme → SGR parameters, as fine as the terminal can show them. */

export type ColourDepth = 'none' | '16' | '256' | 'true';

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
const cubeSteps: readonly number[] = [0, 95, 135, 175, 215, 255];
// xterm's own values of the first sixteen.
const basic: ReadonlyArray<readonly [number, number, number]> = [
	[0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
	[127, 127, 127], [255, 0, 0], [0, 255, 0], [255, 255, 0], [92, 92, 255], [255, 0, 255], [0, 255, 255], [255, 255, 255],
];

type Rgb = readonly [number, number, number];

export const colourPattern = /^(#[\da-f]{6}|(bright)?(black|red|green|yellow|blue|magenta|cyan|white)|default)$/i;

/** What the terminal says about its colours. `NO_COLOR` (when not empty) wins, then `COLORTERM`, then the terminal's name. */
export function colourDepth(environment: Readonly<Record<string, string | undefined>>): ColourDepth {
	if ((environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb') {
		return 'none';
	}

	if (/^(truecolor|24bit)$/i.test(environment['COLORTERM'] ?? '')) {
		return 'true';
	}

	const term = environment['TERM'] ?? '';
	if (/direct|kitty|ghostty|alacritty|wezterm|foot/.test(term)) {
		return 'true';
	}

	return term.includes('256') ? '256' : '16';
}

/** `38;5;75`, `91`, `48;2;1;2;3`; empty for the terminal's own colour. A colour of the 256 is sent as such also where finer ones could be: it is shorter. */
export function colourCode(colour: string, place: 'foreground' | 'background', depth: ColourDepth): string {
	const name = colour.toLowerCase();
	if (depth === 'none' || name === 'default') {
		return '';
	}

	if (!name.startsWith('#')) {
		const isBright = name.startsWith('bright');
		return basicCode(names.indexOf(name.replace('bright', '') as (typeof names)[number]) + (isBright ? 8 : 0), place);
	}

	const rgb = [1, 3, 5].map(start => Number.parseInt(name.slice(start, start + 2), 16)) as [number, number, number];
	if (depth === '16') {
		return basicCode(nearest(rgb, basic), place);
	}

	const lead = place === 'foreground' ? '38' : '48';
	const index = paletteIndex(rgb);
	return depth === '256' || distance(rgb, paletteColour(index)) === 0 ? `${lead};5;${index}` : `${lead};2;${rgb.join(';')}`;
}

function basicCode(index: number, place: 'foreground' | 'background'): string {
	return String((index < 8 ? 30 + index : 82 + index) + (place === 'background' ? 10 : 0));
}

// The nearest of the colour cube (16 to 231) and the greys (232 to 255).
function paletteIndex(rgb: Rgb): number {
	const [red, green, blue] = rgb.map(value => nearestStep(value)) as [number, number, number];
	const cube = 16 + 36 * red + 6 * green + blue;
	const mean = (rgb[0] + rgb[1] + rgb[2]) / 3;
	const grey = 232 + Math.min(23, Math.max(0, Math.round((mean - 8) / 10)));
	return distance(rgb, paletteColour(grey)) < distance(rgb, paletteColour(cube)) ? grey : cube;
}

function paletteColour(index: number): Rgb {
	if (index >= 232) {
		const grey = 8 + 10 * (index - 232);
		return [grey, grey, grey];
	}

	const cube = index - 16;
	return [cubeSteps[Math.trunc(cube / 36)] ?? 0, cubeSteps[Math.trunc(cube / 6) % 6] ?? 0, cubeSteps[cube % 6] ?? 0];
}

function nearestStep(value: number): number {
	return cubeSteps.reduce((best, step, index) => (Math.abs(step - value) < Math.abs((cubeSteps[best] ?? 0) - value) ? index : best), 0);
}

function nearest(rgb: Rgb, palette: readonly Rgb[]): number {
	return palette.reduce((best, colour, index) => (distance(rgb, colour) < distance(rgb, palette[best] ?? colour) ? index : best), 0);
}

function distance(a: Rgb, b: Rgb): number {
	return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
