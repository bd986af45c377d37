/** Ids and texts cut to what fits a table, as docker cuts them. */

const shortLength = 12;

/** The first twelve digits, without `sha256:`. */
export function shortId(id: string): string {
	return id.replace(/^[a-z\d]+:/, '').slice(0, shortLength);
}

/** At most `width` characters, the last one an ellipsis when something was cut. */
export function ellipsis(text: string, width: number): string {
	const characters = [...text];
	return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}
