/** Names, labels and commands come from images: in a table, whatever could move the cursor or break a row becomes a question mark (tabs and line ends: a blank). */
export function printableText(text: string): string {
	return /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/.test(text) ? text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g, '?') : text;
}
