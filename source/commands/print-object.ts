/** One object by --format: `json` or a template. */
export async function printObject(object: unknown, format: string): Promise<string> {
	if (format === 'json') {
		return `${JSON.stringify(object)}\n`;
	}

	const {compileTemplate} = await import('../format/template.js');
	return `${compileTemplate(format.replaceAll(String.raw`\t`, '\t').replaceAll(String.raw`\n`, '\n'))(object)}\n`;
}
