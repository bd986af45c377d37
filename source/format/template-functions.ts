/** The functions of a template: Go's own, and those docker adds. */
import {goPrintf, goType} from './go-printf.js';
import {TemplateError} from './template-lexer.js';
import {isObject, isTrue, printValue, toJson} from './template-values.js';

type TemplateFunction = (...values: readonly unknown[]) => unknown;

const comparisons: Readonly<Record<string, TemplateFunction>> = {
	eq: (first, ...others) => others.some(other => isEqual('eq', first, other)),
	ne: (a, b) => !isEqual('ne', a, b),
	lt: (a, b) => order('lt', a, b) < 0,
	le: (a, b) => order('le', a, b) <= 0,
	gt: (a, b) => order('gt', a, b) > 0,
	ge: (a, b) => order('ge', a, b) >= 0,
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
		const outside = [Number(from), end].find(index => index < 0 || index > value.length);
		if (outside !== undefined) {
			throw new TemplateError(`error calling slice: index out of range: ${outside}`);
		}

		if (Number(from) > end) {
			throw new TemplateError(`error calling slice: invalid slice index: ${Number(from)} > ${end}`);
		}

		return value.slice(Number(from), end);
	},
};

const htmlEscapes: Readonly<Record<string, string>> = {'<': '&lt;', '>': '&gt;', '&': '&amp;', '\'': '&#39;', '"': '&#34;'};

const texts: Readonly<Record<string, TemplateFunction>> = {
	print: (...values) => values.map((value, index) => (index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string' ? ' ' : '') + printValue(value)).join(''),
	println: (...values) => `${values.map(value => printValue(value)).join(' ')}\n`,
	printf: (format, ...values) => goPrintf(text(format), values),
	json: value => toJson(value),
	join(values, separator) {
		if (!Array.isArray(values)) {
			throw new TemplateError(`wrong type for value; expected []string; got ${goType(values)}`);
		}

		return values.map(value => printValue(value)).join(text(separator));
	},
	split: (value, separator) => text(value).split(text(separator)),
	lower: value => text(value).toLowerCase(),
	upper: value => text(value).toUpperCase(),
	title: value => text(value).replaceAll(/(^|[^\p{L}\p{N}_])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
	truncate: (value, length) => [...text(value)].slice(0, whole(length)).join(''),
	pad: (value, before, after) => (text(value) === '' ? '' : ' '.repeat(whole(before)) + text(value) + ' '.repeat(whole(after))),
	html: (...values) => values.map(value => printValue(value)).join('').replaceAll(/[<>&'"]/g, character => htmlEscapes[character]!),
	js: (...values) => values.map(value => printValue(value)).join('').replaceAll(/[\\'"]/g, String.raw`\$&`).replaceAll(/[<>&=\n\r\t]/g, character => `\\u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`),
	urlquery: (...values) => encodeURIComponent(values.map(value => printValue(value)).join('')).replaceAll('%20', '+'),
};

/** How many values each takes, where Go counts: the least, and the most when there is one. */
const counts: Readonly<Record<string, readonly [number, number?]>> = {
	eq: [1], ne: [2, 2], lt: [2, 2], le: [2, 2], gt: [2, 2], ge: [2, 2], not: [1, 1], index: [1], len: [1, 1], slice: [1], printf: [1],
	json: [1, 1], join: [2, 2], split: [2, 2], lower: [1, 1], upper: [1, 1], title: [1, 1], truncate: [2, 2], pad: [3, 3],
};

export const templateFunctions: Readonly<Record<string, TemplateFunction>> = Object.fromEntries(Object.entries({...comparisons, ...collections, ...texts}).map(([name, call]) => [name, counted(name, call)]));

function counted(name: string, call: TemplateFunction): TemplateFunction {
	const [least, most] = counts[name] ?? [0];
	return (...values) => {
		if (values.length < least || values.length > (most ?? Infinity)) {
			throw new TemplateError(`wrong number of args for ${name}: want ${most === undefined ? `at least ${least}` : least} got ${values.length}`);
		}

		return call(...values);
	};
}

/** For the heading of a `table` template: what shapes values leaves the column's name as it is. */
export const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
	...templateFunctions,
	...Object.fromEntries(['json', 'lower', 'upper', 'title', 'truncate', 'pad'].map(name => [name, (value: unknown) => value])),
};

function text(value: unknown): string {
	if (typeof value !== 'string') {
		throw new TemplateError(`wrong type for value; expected string; got ${goType(value)}`);
	}

	return value;
}

function whole(value: unknown): number {
	if (typeof value !== 'number' || !Number.isInteger(value)) {
		throw new TemplateError(`wrong type for value; expected int; got ${goType(value)}`);
	}

	return value;
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
		throw new TemplateError(`error calling index: can't index item of type ${goType(container)}`);
	}

	const name = printValue(key);
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

	throw new TemplateError(`error calling len: len of type ${goType(value)}`);
}

function isEqual(name: string, a: unknown, b: unknown): boolean {
	const [first, second] = [typeof a, typeof b];
	if (first !== second && [first, second].every(type => type === 'string' || type === 'number' || type === 'boolean')) {
		throw new TemplateError(`error calling ${name}: incompatible types for comparison: ${goType(a)} and ${goType(b)}`);
	}

	return (a ?? undefined) === (b ?? undefined);
}

function order(name: string, a: unknown, b: unknown): number {
	if (typeof a === 'number' && typeof b === 'number') {
		return a - b;
	}

	if (typeof a === 'string' && typeof b === 'string') {
		return a < b ? -1 : (a > b ? 1 : 0);
	}

	throw new TemplateError(`error calling ${name}: incompatible types for comparison: ${goType(a)} and ${goType(b)}`);
}
