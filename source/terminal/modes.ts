/** The escape sequences that take the terminal over and give it back. */

const mouseOn = '\u001B[?1000h\u001B[?1006h';
const mouseOff = '\u001B[?1006l\u001B[?1000l';

export function mouseMode(isOn: boolean): string {
	return isOn ? mouseOn : mouseOff;
}

/**
Alternate screen, no cursor, no wrapping at the edge, plain cursor keys (a shell may have left others), the whole screen as scroll region, pastes marked.
The one clearing of the screen: from here on only changed cells are sent.
*/
export function takeOver({mouse}: {readonly mouse: boolean}): string {
	return `\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[?1l\u001B[r\u001B[m\u001B(B\u001B[H\u001B[2J\u001B[?2004h${mouse ? mouseOn : ''}`;
}

export function giveBack(): string {
	return `${mouseOff}\u001B[?2004l\u001B[r\u001B[m\u001B[?7h\u001B[?25h\u001B[?1049l`;
}

/** For a guest that was cut off: its screen stays, its modes go. */
export const plainModes = '\u001B[?2004l\u001B[?1l\u001B[r\u001B[m\u001B[?7h\u001B[?25h\r\n';

export const askBackground = '\u001B]11;?\u0007';

/** True for a light background, false for a dark one, undefined when this is not an answer to that question. */
export function isLightBackground(answer: string): boolean | undefined {
	const match = /^11;rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i.exec(answer);
	if (match === null) {
		return undefined;
	}

	const [red = 0, green = 0, blue = 0] = match.slice(1).map(digits => Number.parseInt(digits, 16) / (16 ** digits.length - 1));
	return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5;
}

/** OSC 52: puts text on the clipboard of the machine the terminal runs on, also over ssh. */
export function setClipboard(text: string): string {
	return `\u001B]52;c;${Buffer.from(text).toString('base64')}\u0007`;
}
