/**
Go's path.Match: `*` and `?` stop at slashes, `[a-z]`, `[^a]`, backslash escapes.
*/
import {EngineError} from '../errors.js';

/** Compiles a pattern. Throws `invalidParameter` for a malformed one. */
export function toGlob(pattern: string): RegExp {
	let source = '';
	for (let index = 0; index < pattern.length; index++) {
		const character = pattern[index]!;
		if (character === '*') {
			source += '[^/]*';
		} else if (character === '?') {
			source += '[^/]';
		} else if (character === '[') {
			const end = classEnd(pattern, index);
			source += characterClass(pattern.slice(index + 1, end), pattern);
			index = end;
		} else if (character === '\\') {
			if (++index === pattern.length) {
				throw badPattern(pattern);
			}

			source += literal(pattern[index]!);
		} else {
			source += literal(character);
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

function classEnd(pattern: string, start: number): number {
	for (let index = start + 1; index < pattern.length; index++) {
		if (pattern[index] === '\\') {
			index++;
		} else if (pattern[index] === ']' && index > start + 1) {
			return index;
		}
	}

	throw badPattern(pattern);
}

function characterClass(body: string, pattern: string): string {
	const negated = body.startsWith('^');
	const rest = negated ? body.slice(1) : body;
	if (rest === '') {
		throw badPattern(pattern);
	}

	// In Go a class never matches a slash only by being negated; it may, so nothing is taken away here.
	return `[${negated ? '^' : ''}${rest.replaceAll(/\\(.)/gs, (_, escaped: string) => literal(escaped)).replaceAll('[', String.raw`\[`).replaceAll('^', String.raw`\^`)}]`;
}

function literal(character: string): string {
	return /[\w\s]/.test(character) || character.codePointAt(0)! > 127 ? character : (/[$()*+./?[\\\]^{|}-]/.test(character) ? `\\${character}` : character);
}

function badPattern(pattern: string): EngineError {
	return new EngineError('invalidParameter', `syntax error in pattern ${JSON.stringify(pattern)}`);
}
