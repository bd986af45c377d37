/** Go's text/template: tokens into a tree. */
import {TemplateError, tokenize, type Token} from './template-lexer.js';

export type Node =
	| {readonly kind: 'text'; readonly text: string}
	| {readonly kind: 'print'; readonly pipe: Pipe}
	| {readonly kind: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[]}
	| {readonly kind: 'break' | 'continue'};

export type Pipe = {readonly variables: readonly string[]; readonly assigns: boolean; readonly commands: ReadonlyArray<readonly Operand[]>};

/** `fields` are what follows without a space: `.A.B`, `$x.A`, `(…).A`. */
export type Operand = {readonly position: number; readonly fields: readonly string[]; readonly text: string} & (
	| {readonly kind: 'dot'}
	| {readonly kind: 'variable' | 'function'; readonly name: string}
	| {readonly kind: 'literal'; readonly value: unknown}
	| {readonly kind: 'pipe'; readonly pipe: Pipe}
);

/** Throws TemplateError with Go's text. */
export function parseTemplate(source: string): readonly Node[] {
	const parser = new Parser(tokenize(source));
	const nodes = parser.list();
	if (parser.ended !== undefined) {
		throw new TemplateError(`template: :1: unexpected {{${parser.ended}}}`);
	}

	return nodes;
}

class Parser {
	/** The word that ended the last list: `end` or `else`. */
	ended: 'end' | 'else' | undefined;
	private readonly tokens: readonly Token[];
	private at = 0;
	private loops = 0;

	constructor(tokens: readonly Token[]) {
		this.tokens = tokens;
	}

	list(): Node[] {
		const nodes: Node[] = [];
		this.ended = undefined;
		while (this.at < this.tokens.length) {
			const token = this.tokens[this.at++]!;
			if (token.kind === 'text') {
				nodes.push({kind: 'text', text: token.text});
				continue;
			}

			this.space();
			const word = this.peek()?.kind === 'identifier' ? this.peek()!.text : '';
			if (word === 'end' || word === 'else') {
				this.at++;
				this.ended = word;
				return nodes;
			}

			nodes.push(this.action(word));
		}

		return nodes;
	}

	private action(word: string): Node {
		switch (word) {
			case 'if':
			case 'with':
			case 'range': {
				this.at++;
				return this.control(word);
			}

			case 'break':
			case 'continue': {
				if (this.loops === 0) {
					throw new TemplateError(`template: :1: {{${word}}} outside {{range}}`);
				}

				this.at++;
				this.close();
				return {kind: word};
			}

			case 'define':
			case 'block':
			case 'template': {
				throw new TemplateError(`template: :1: {{${word}}} is not supported`);
			}

			default: {
				const pipe = this.pipe();
				this.close();
				return {kind: 'print', pipe};
			}
		}
	}

	private control(kind: 'if' | 'with' | 'range'): Node {
		const pipe = this.pipe(kind);
		this.close();
		this.loops += kind === 'range' ? 1 : 0;
		const body = this.list();
		this.loops -= kind === 'range' ? 1 : 0;
		let otherwise: readonly Node[] = [];
		if (this.ended === 'else') {
			this.space();
			const next = this.peek();
			if (next?.kind === 'identifier' && (next.text === 'if' || next.text === 'with')) {
				// `{{else if}}` shares the `{{end}}` of the outer one.
				this.at++;
				return {kind, pipe, body, otherwise: [this.control(next.text)]};
			}

			this.close();
			otherwise = this.list();
		}

		if (this.ended !== 'end') {
			throw new TemplateError('template: :1: unexpected EOF');
		}

		this.close();
		this.ended = undefined;
		return {kind, pipe, body, otherwise};
	}

	private pipe(context = 'command'): Pipe {
		this.space();
		const {variables, assigns} = this.declaration();
		const commands: Array<readonly Operand[]> = [];
		do {
			const operands = this.command();
			if (operands.length === 0) {
				throw new TemplateError(this.peek()?.kind === 'pipe' ? 'template: :1: unexpected "|" in command' : `template: :1: missing value for ${context}`);
			}

			commands.push(operands);
		} while (this.take('pipe') !== undefined);

		return {variables, assigns, commands};
	}

	private declaration(): {variables: string[]; assigns: boolean} {
		const start = this.at;
		const variables: string[] = [];
		while (this.peek()?.kind === 'variable') {
			variables.push(this.tokens[this.at++]!.text);
			this.space();
			if (this.take('comma') === undefined) {
				break;
			}

			this.space();
		}

		const isDeclaration = this.take('declare') !== undefined;
		if (variables.length > 0 && (isDeclaration || this.take('assign') !== undefined)) {
			return {variables, assigns: !isDeclaration};
		}

		this.at = start;
		return {variables: [], assigns: false};
	}

	private command(): Operand[] {
		const operands: Operand[] = [];
		const start = this.at;
		for (;;) {
			this.space();
			const token = this.peek();
			if (token === undefined || token.kind === 'close' || token.kind === 'pipe' || token.kind === 'right') {
				// A function is named with its arguments when it fails.
				const text = this.tokens.slice(start, this.at).map(token => token.text).join('').trim();
				return operands.map((operand, index) => (index === 0 && operand.kind === 'function' ? {...operand, text} : operand));
			}

			operands.push(this.operand());
		}
	}

	private operand(): Operand {
		const token = this.tokens[this.at++]!;
		const place = {position: token.position, text: token.text};
		switch (token.kind) {
			case 'dot': {
				return {...place, kind: 'dot', fields: this.fields()};
			}

			case 'field': {
				const fields = [token.text.slice(1), ...this.fields()];
				return {...place, kind: 'dot', fields, text: fields.map(field => `.${field}`).join('')};
			}

			case 'variable': {
				return {...place, kind: 'variable', name: token.text, fields: this.fields()};
			}

			case 'left': {
				const pipe = this.pipe();
				if (this.take('right') === undefined) {
					throw new TemplateError('template: :1: unclosed left paren');
				}

				return {...place, kind: 'pipe', pipe, fields: this.fields()};
			}

			case 'string': {
				return {...place, kind: 'literal', value: unquote(token.text), fields: []};
			}

			case 'number': {
				return {...place, kind: 'literal', value: numberOf(token.text), fields: []};
			}

			case 'identifier': {
				const constants: Readonly<Record<string, unknown>> = {true: true, false: false, nil: null};
				return Object.hasOwn(constants, token.text)
					? {...place, kind: 'literal', value: constants[token.text], fields: []}
					: {...place, kind: 'function', name: token.text, fields: []};
			}

			default: {
				throw new TemplateError(`template: :1: unexpected ${JSON.stringify(token.text)} in operand`);
			}
		}
	}

	private fields(): string[] {
		const fields: string[] = [];
		while (this.peek()?.kind === 'field') {
			fields.push(this.tokens[this.at++]!.text.slice(1));
		}

		return fields;
	}

	private close(): void {
		this.space();
		const token = this.tokens[this.at++];
		if (token?.kind !== 'close') {
			throw new TemplateError(token?.kind === 'right' ? 'template: :1: unexpected right paren' : `template: :1: unexpected ${JSON.stringify(token?.text ?? 'EOF')} in command`);
		}
	}

	private space(): void {
		this.take('space');
	}

	private take(kind: Token['kind']): Token | undefined {
		return this.peek()?.kind === kind ? this.tokens[this.at++] : undefined;
	}

	private peek(): Token | undefined {
		return this.tokens[this.at];
	}
}

// Go's literals: any base, underscores between digits, and a character for its number.
function numberOf(text: string): number {
	if (text.startsWith('\'')) {
		return unquote(text).codePointAt(0)!;
	}

	const [sign, digits] = /^[+-]/.test(text) ? [text[0]!, text.slice(1)] : ['', text];
	const value = Number(digits.replaceAll('_', ''));
	return sign === '-' ? -value : value;
}

function unquote(text: string): string {
	if (text.startsWith('`')) {
		return text.slice(1, -1);
	}

	const escapes: Readonly<Record<string, string>> = {n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v'};
	return text.slice(1, -1).replaceAll(/\\(u[\da-fA-F]{4}|U[\da-fA-F]{8}|x[\da-fA-F]{2}|[0-7]{3}|.)/g, (_, escape: string) => {
		if (escape.length === 1) {
			return escapes[escape] ?? escape;
		}

		return String.fromCodePoint(/^\d/.test(escape) ? Number.parseInt(escape, 8) : Number.parseInt(escape.slice(1), 16));
	});
}
