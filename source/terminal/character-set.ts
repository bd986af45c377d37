/** What a terminal that does not know UTF-8 is shown: ASCII that says the same in the same number of columns. */
import {graphemes} from '../presentation/graphemes.js';

const substitutes: Readonly<Record<string, string>> = {
	'─': '-', '│': '|', '╭': '+', '╮': '+', '╰': '+', '╯': '+', '┃': '!', '▌': '>', '▏': '_', '…': '~', '›': '>',
	'●': '*', '○': 'o', '×': 'x', '‖': '=', '·': '.', '◌': '~', '✓': '+', '←': '<', '→': '>', '↑': '^', '↓': 'v',
	'“': '"', '”': '"', '„': '"', '‘': '\'', '’': '\'', '–': '-', '—': '-',
};
const ascii = /^[\u0020-\u007E]*$/;

/**
Whether the locale says that the terminal does not read UTF-8: `C` and `POSIX`, or another character set by name. The first one set counts, as POSIX has it.
A locale without a character set, or none at all, means UTF-8: that is what terminals of today read.
*/
export function isAsciiLocale(environment: Readonly<Record<string, string | undefined>>): boolean {
	const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
	if (locale === 'C' || locale === 'POSIX') {
		return true;
	}

	const charset = /\.([^@]+)/.exec(locale)?.[1];
	return charset !== undefined && !/^utf-?8$/i.test(charset);
}

/** As wide as the text: what has no counterpart becomes question marks. */
export function asciiText(text: string): string {
	return ascii.test(text) ? text : graphemes(text).map(({text: character, width}) => (ascii.test(character) ? character : (substitutes[character] ?? '?'.repeat(width)))).join('');
}
