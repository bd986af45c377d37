/** One option's words into its value, with the texts of Go's strconv and pflag where scripts may know them. */
import {parseMemory} from '../presentation/format-bytes.js';
import {parseDuration} from './duration.js';
import type {Option} from './option.js';

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const lies = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

export function convertValue(option: Option, text: string): {readonly value: string | number | boolean} | {readonly wrong: string} {
	const wrong = option.check?.(text);
	if (wrong !== undefined) {
		return {wrong};
	}

	switch (option.kind) {
		case 'bool': {
			if (truths.has(text)) {
				return {value: true};
			}

			return lies.has(text) ? {value: false} : {wrong: `strconv.ParseBool: parsing ${quote(text)}: invalid syntax`};
		}

		case 'int': {
			return /^[+-]?\d+$/.test(text) ? {value: Number(text)} : {wrong: `strconv.ParseInt: parsing ${quote(text)}: invalid syntax`};
		}

		case 'bytes': {
			const value = text === '-1' ? -1 : parseMemory(text);
			return value === undefined ? {wrong: `invalid size: '${text}'`} : {value};
		}

		case 'duration': {
			const value = parseDuration(text);
			return value === undefined ? {wrong: `time: invalid duration ${quote(text)}`} : {value};
		}

		default: {
			return {value: text};
		}
	}
}

function quote(text: string): string {
	return JSON.stringify(text);
}
