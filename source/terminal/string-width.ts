/** Takes the place of the package of this name where Ink uses it, in the bundle (scripts/dashboard-packages.mjs says why). */
import {textWidth} from '../presentation/graphemes.js';

export default function stringWidth(text: string): number {
	return textWidth(text.includes('\u001B') ? text.replaceAll(/\u001B\[[\d;:]*m/g, '') : text);
}
