/** The functions of a template: Go's own, and those docker adds. */
import {goPrintf} from './go-printf.js';
import {TemplateError} from './template-lexer.js';
import {isObject, isTrue, printValue, toJson} from './template-values.js';

type TemplateFunction = (...values: readonly unknown[]) => unknown;

const comparisons: Readonly<Record<string, TemplateFunction>> = {
	eq: (first, ...others) => others.some(other => isEqual(first, other)),
	ne: (a, b) => !isEqual(a, b),
	lt: (a, b) => order(a, b) < 0,
	le: (a, b) => order(a, b) <= 0,
	gt: (a, b) => order(a, b) > 0,
	ge: (a, b) => order(a, b) >= 0,
	not: value => !isTrue(value),
};

const collections: Readonly<Record<string, TemplateFunction>> = {
	index: (container, ...keys) => keys.reduce(indexOne, container),
	len: length,
	slice(value, ...[from = 0, to]) {
		if (typeof value !== 'string' && !Array.isArray(value)) {
			throw new TemplateError('error calling slice: can\'t slice item');
		}

		const end = to === undefined ? value.length : Number(to);
		if (Number(from) > end || end > value.length || Number(from) < 0) {
			throw new TemplateError(`error calling slice: index out of range: ${end}`);
		}

		return value.slice(Number(from), end);
	},
};

const texts: Readonly<Record<string, TemplateFunction>> = {
	print: (...values) => values.map((value, index) => (index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string' ? ' ' : '') + printValue(value)).join(''),
	println: (...values) => `${values.map(value => printValue(value)).join(' ')}\n`,
	printf: (format, ...values) => goPrintf(text(format), values),
	json: value => toJson(value),
	join: (values, separator) => (Array.isArray(values) ? values.map(value => printValue(value)) : []).join(text(separator)),
	split: (value, separator) => text(value).split(text(separator)),
	lower: value => text(value).toLowerCase(),
	upper: value => text(value).toUpperCase(),
	title: value => text(value).replaceAll(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
	truncate: (value, length) => [...text(value)].slice(0, Number(length)).join(''),
	pad: (value, before, after) => (text(value) === '' ? '' : ' '.repeat(Number(before)) + text(value) + ' '.repeat(Number(after))),
	urlquery: (...values) => encodeURIComponent(values.map(value => printValue(value)).join('')),
};

export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {...comparisons, ...collections, ...texts};

/** For the heading of a `table` template: what shapes values leaves the column's name as it is. */
export const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
	...templateFunctions,
	...Object.fromEntries(['json', 'lower', 'upper', 'title', 'truncate', 'pad'].map(name => [name, (value: unknown) => value])),
};

function text(value: unknown): string {
	return typeof value === 'string' ? value : printValue(value);
}

function indexOne(container: unknown, key: unknown): unknown {
	if (container === null || container === undefined) {
		return '';
	}

	if (Array.isArray(container) || typeof container === 'string') {
		const position = Number(key);
		if (!Number.isInteger(position) || position < 0 || position >= container.length) {
			throw new TemplateError(`error calling index: index out of range: ${printValue(key)}`);
		}

		return typeof container === 'string' ? container.codePointAt(position) : (container as readonly unknown[])[position];
	}

	if (!isObject(container)) {
		throw new TemplateError(`error calling index: can't index item of type ${typeof container}`);
	}

	const name = text(key);
	if (Object.hasOwn(container, name)) {
		return container[name];
	}

	// A missing key of a map of strings (labels, options) is Go's zero value, the empty string.
	return Object.values(container).every(value => typeof value === 'string') ? '' : undefined;
}

function length(value: unknown): number {
	if (typeof value === 'string') {
		return Buffer.byteLength(value);
	}

	if (Array.isArray(value)) {
		return value.length;
	}

	if (value === null || value === undefined) {
		return 0;
	}

	if (isObject(value)) {
		return Object.keys(value).length;
	}

	throw new TemplateError(`error calling len: len of type ${typeof value}`);
}

function isEqual(a: unknown, b: unknown): boolean {
	return (a ?? undefined) === (b ?? undefined);
}

function order(a: unknown, b: unknown): number {
	if (typeof a === 'number' && typeof b === 'number') {
		return a - b;
	}

	if (typeof a === 'string' && typeof b === 'string') {
		return a < b ? -1 : (a > b ? 1 : 0);
	}

	throw new TemplateError('error calling lt: incompatible types for comparison');
}
