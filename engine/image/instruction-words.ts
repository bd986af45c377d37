/**
Words of a Dockerfile instruction: quotes, escapes and variables as the Dockerfile reference has them ("Environment replacement").
*/
import {EngineError} from '../errors.js';

/** Looks up a variable; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

/** Splits at blanks outside of quotes; quotes and backslashes stay in the words. */
export function splitWords(text: string): readonly string[] {
	const words: string[] = [];
	let word = '';
	let quote = '';
	for (let index = 0; index < text.length; index++) {
		const character = text[index]!;
		if (quote === '' && /\s/.test(character)) {
			if (word !== '') {
				words.push(word);
			}

			word = '';
			continue;
		}

		word += character;
		if (character === '\\' && quote !== '\'' && index + 1 < text.length) {
			word += text[++index]!;
		} else if (quote === '' ? character === '"' || character === '\'' : character === quote) {
			quote = quote === '' ? character : '';
		}
	}

	if (quote !== '') {
		throw new EngineError('invalidParameter', `unexpected end of statement while looking for matching ${quote === '"' ? 'double-quote' : 'single-quote'}: ${text}`);
	}

	return word === '' ? words : [...words, word];
}

/** Removes quotes and escapes, and puts variables in. Nothing is replaced inside single quotes. */
export function expandWord(word: string, variables: Variables): string {
	let result = '';
	let quote = '';
	for (let index = 0; index < word.length; index++) {
		const character = word[index]!;
		if (quote === '\'') {
			if (character === quote) {
				quote = '';
			} else {
				result += character;
			}
		} else if (character === '\\' && index + 1 < word.length) {
			const next = word[++index]!;
			result += quote === '"' && !'"$\\'.includes(next) ? `\\${next}` : next;
		} else if (character === '"' || (character === '\'' && quote === '')) {
			quote = quote === '' ? character : '';
		} else if (character === '$') {
			const {value, length} = expandVariable(word.slice(index), variables);
			result += value;
			index += length - 1;
		} else {
			result += character;
		}
	}

	return result;
}

/** The elements of a JSON list of strings; undefined when the text is anything else (then it is shell form). */
export function jsonWords(text: string): readonly string[] | undefined {
	if (!text.startsWith('[')) {
		return undefined;
	}

	try {
		const value: unknown = JSON.parse(text);
		return Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined;
	} catch {
		return undefined;
	}
}

/** `$name`, `${name}`, `${name:-default}`, `${name:+alternative}`. */
function expandVariable(text: string, variables: Variables): {value: string; length: number} {
	const plain = /^\$([A-Za-z_]\w*)/.exec(text);
	if (plain !== null) {
		return {value: variables(plain[1]!) ?? '', length: plain[0].length};
	}

	const braced = /^\$\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\}/.exec(text);
	if (braced === null) {
		if (text.startsWith('${')) {
			throw new EngineError('invalidParameter', `unsupported variable substitution in ${text}`);
		}

		return {value: '$', length: 1};
	}

	const [all, name, operator, word] = braced;
	const value = variables(name!) ?? '';
	const isSet = value !== '';
	const replaced = operator === undefined ? value : (operator === '-' ? (isSet ? value : expandWord(word!, variables)) : (isSet ? expandWord(word!, variables) : ''));
	return {value: replaced, length: all.length};
}
