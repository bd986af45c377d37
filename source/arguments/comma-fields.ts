/** One line of CSV: fields in double quotes may hold commas, `""` is a quote. */
export function commaFields(line: string): string[] {
	const fields: string[] = [];
	let field = '';
	let isQuoted = false;
	for (let index = 0; index < line.length; index++) {
		const character = line[index]!;
		if (character === '"' && isQuoted && line[index + 1] === '"') {
			field += '"';
			index++;
		} else if (character === '"') {
			isQuoted = !isQuoted;
		} else if (character === ',' && !isQuoted) {
			fields.push(field);
			field = '';
		} else {
			field += character;
		}
	}

	return [...fields, field];
}
