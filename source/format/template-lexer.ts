/** Go's text/template: source text into literal text and the tokens of its actions. */

export type Token = {
	readonly kind: 'text' | 'open' | 'close' | 'field' | 'variable' | 'identifier' | 'dot' | 'string' | 'number' | 'pipe' | 'left' | 'right' | 'declare' | 'assign' | 'comma' | 'space';
	readonly text: string;
	readonly position: number;
};

export class TemplateError extends Error {
	override readonly name = 'TemplateError';
}

const patterns: ReadonlyArray<readonly [Token['kind'], RegExp]> = [
	['space', /[ \t\r\n]+/y],
	['declare', /:=/y],
	['assign', /=/y],
	['comma', /,/y],
	['pipe', /\|/y],
	['left', /\(/y],
	['right', /\)/y],
	['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
	['number', /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|'(?:[^'\\\n]|\\.)'/y],
	['dot', /\./y],
	['variable', /\$[\p{L}\p{N}_]*/uy],
	['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
	['identifier', /[\p{L}_][\p{L}\p{N}_]*/uy],
];

/** Throws TemplateError. */
export function tokenize(source: string): Token[] {
	const tokens: Token[] = [];
	let position = 0;
	let trimNext = false;
	while (position < source.length) {
		const open = source.indexOf('{{', position);
		const trimsBefore = open !== -1 && /^-[ \t\r\n]/.test(source.slice(open + 2, open + 4));
		addText(source.slice(position, open === -1 ? undefined : open), {position, trimStart: trimNext, trimEnd: trimsBefore});
		if (open === -1) {
			break;
		}

		const start = open + 2 + (trimsBefore ? 2 : 0);
		if (source.startsWith('/*', start)) {
			const end = /\*\/(\s+-)?\}\}/.exec(source.slice(start));
			if (end === null) {
				throw new TemplateError('template: :1: unclosed comment');
			}

			position = start + end.index + end[0].length;
			trimNext = end[1] !== undefined;
			continue;
		}

		tokens.push({kind: 'open', text: '{{', position: open});
		[position, trimNext] = action(start);
	}

	return tokens;

	function addText(text: string, {position, trimStart, trimEnd}: {position: number; trimStart: boolean; trimEnd: boolean}) {
		const trimmed = trimEnd ? text.trimEnd() : text;
		const kept = trimStart ? trimmed.trimStart() : trimmed;
		if (kept !== '') {
			tokens.push({kind: 'text', text: kept, position});
		}
	}

	function action(start: number): [next: number, trims: boolean] {
		let at = start;
		for (;;) {
			const close = /^(?:[ \t\r\n]-)?\}\}/.exec(source.slice(at, at + 4));
			if (close !== null) {
				tokens.push({kind: 'close', text: '}}', position: at});
				return [at + close[0].length, close[0].length > 2];
			}

			const token = nextToken(at);
			if (token.kind !== 'space' || tokens.at(-1)!.kind !== 'space') {
				tokens.push(token);
			}

			at += token.text.length;
		}
	}

	function nextToken(at: number): Token {
		for (const [kind, pattern] of patterns) {
			pattern.lastIndex = at;
			const match = pattern.exec(source);
			if (match !== null) {
				return {kind, text: match[0], position: at};
			}
		}

		if (at >= source.length) {
			throw new TemplateError('template: :1: unclosed action');
		}

		throw new TemplateError(source[at] === '"' ? 'template: :1: unterminated quoted string' : `template: :1: unexpected ${JSON.stringify(source[at])} in command`);
	}
}
