/** Words like `key=value`; a key alone has the value ''. */
export function keyValues(words: readonly string[]): Record<string, string> {
	return Object.fromEntries(words.map(word => {
		const equals = word.indexOf('=');
		return equals === -1 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
	}));
}

/** docker's sentence for what is no label (docker/cli opts.ValidateLabel). */
export function labelProblem(word: string): string | undefined {
	const [key = ''] = word.split('=', 1);
	if (key.trim() === '') {
		return `invalid label '${word}': empty name`;
	}

	return /[\t\n\v\f\r ]/.test(key) ? `label '${key}' contains whitespaces` : undefined;
}
