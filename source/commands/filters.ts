/** `--filter name=value` words as the engine takes them. */
import type {Filters} from '../../engine/index.js';
import {list, type Option} from '../arguments/option.js';

export function filterOption(help: string, keys: readonly string[], short = 'f'): Option<'list'> {
	return list(short, help, {
		value: 'filter',
		check: value => (/^[^=]+=/.test(value) ? undefined : 'bad format of filter (expected name=value)'),
		choices: keys.map(key => `${key}=`),
	});
}

export function parseFilters(words: readonly string[]): Filters {
	const filters: Record<string, string[]> = {};
	for (const word of words) {
		const equals = word.indexOf('=');
		const key = word.slice(0, equals).trim().toLowerCase();
		const value = word.slice(equals + 1).trim();
		(filters[key] ??= []).push(value);
	}

	return filters;
}
