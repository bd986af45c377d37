/**
Lists in pages (OCI distribution spec, Content Discovery): `n` at most, after `last`; a Link header names the next page.
*/
import {RegistryError} from './registry-error.js';

export type Page = {readonly items: readonly string[]; readonly headers: Readonly<Record<string, string>>};

/** `sorted` in the order of `compare`. Without `n` everything, up to `max`. `last` need not be in the list (any more). Throws PAGINATION_NUMBER_INVALID. */
export function paginate(sorted: readonly string[], {query, path, max, compare}: {readonly query: URLSearchParams; readonly path: string; readonly max: number; readonly compare: (one: string, other: string) => number}): Page {
	const wanted = Math.min(max, readCount(query.get('n')) ?? max);
	const last = query.get('last');
	const from = last === null || last === '' ? 0 : firstAfter(sorted, last, compare);
	const items = sorted.slice(from, from + wanted);
	const isMore = from + wanted < sorted.length && items.length > 0;
	const kept = [...query].filter(([name]) => name !== 'n' && name !== 'last');
	const next = new URLSearchParams([...kept, ['n', String(wanted)], ['last', items.at(-1) ?? '']]);
	return {items, headers: isMore ? {link: `<${path}?${next.toString()}>; rel="next"`} : {}};
}

/** By code units. */
export function compareText(one: string, other: string): number {
	return one < other ? -1 : (one > other ? 1 : 0);
}

/** The spec's lexical order: letters of both cases together. */
export function compareTags(one: string, other: string): number {
	return compareText(one.toLowerCase(), other.toLowerCase()) || compareText(one, other);
}

function readCount(text: string | null): number | undefined {
	if (text === null) {
		return undefined;
	}

	if (!/^\d{1,9}$/.test(text)) {
		throw new RegistryError('PAGINATION_NUMBER_INVALID', 'n is not a number of entries', {detail: {n: text.slice(0, 100)}});
	}

	return Number(text);
}

function firstAfter(sorted: readonly string[], last: string, compare: (one: string, other: string) => number): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (compare(sorted[middle]!, last) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}

	return low;
}
