/**
Go's path.Match: `*` and `?` stop at slashes, `[a-z]`, `[^a]`, backslash escapes.
*/
import {EngineError} from '../errors.js';

/** Compiles a pattern. Throws `invalidParameter` for a malformed one. */
export function toGlob(pattern: string): RegExp {
	let source = '';
	const characters = [...pattern];
	for (let index = 0; index < characters.length; index++) {
		const character = characters[index]!;
		switch (character) {
			case '*': {
				source += '[^/]*';

				break;
			}

			case '?': {
				source += '[^/]';

				break;
			}

			case '[': {
				const end = classEnd(characters, index);
				source += characterClass(characters.slice(index + 1, end).join(''), pattern);
				index = end;

				break;
			}

			case '\\': {
				if (++index === characters.length) {
					throw badPattern(pattern);
				}

				source += literal(characters[index]!);

				break;
			}

			default: {
				source += literal(character);
			}
		}
	}

	try {
		return new RegExp(`^${source}$`, 'su');
	} catch {
		throw badPattern(pattern);
	}
}

export function matchesGlob(glob: RegExp, text: string): boolean {
	return glob.test(text);
}

function classEnd(pattern: readonly string[], start: number): number {
	for (let index = start + 1; index < pattern.length; index++) {
		if (pattern[index] === '\\') {
			index++;
		} else if (pattern[index] === ']' && index > start + 1) {
			return index;
		}
	}

	throw badPattern(pattern.join(''));
}

/** Characters and ranges; `-` and `]` only with a backslash. */
function characterClass(body: string, pattern: string): string {
	const negated = body.startsWith('^');
	const rest = negated ? body.slice(1) : body;
	if (!/^(?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+$/su.test(rest)) {
		throw badPattern(pattern);
	}

	const escaped = rest.replaceAll(/\\(.)|([^-])/gsu, (_, first: string | undefined, second: string | undefined) => literal(first ?? second!));
	return `[${negated ? '^' : ''}${escaped}]`;
}

/** By its code point, which means the same inside and outside of a class. */
function literal(character: string): string {
	return /^\w$/.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function badPattern(pattern: string): EngineError {
	return new EngineError('invalidParameter', `syntax error in pattern ${JSON.stringify(pattern)}`);
}
