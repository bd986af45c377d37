/** Go's fmt.Sprintf for the values a template has: texts, numbers, truths, lists and maps. */
import {isObject, printFloat, printInner} from './template-values.js';

type Directive = {
	readonly verb: string;
	readonly flags: ReadonlySet<string>;
	readonly width: number | undefined;
	readonly precision: number | undefined;
};

const directivePattern = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?(.)?/gsu;

export function goPrintf(format: string, values: readonly unknown[]): string {
	let next = 0;
	let isReordered = false;
	const take = () => Number(values[next++] ?? 0);
	const text = format.replaceAll(directivePattern, (...match: readonly unknown[]) => {
		const [whole, flags, before, wide, fine, after, verb] = match as readonly [string, string, ...ReadonlyArray<string | undefined>];
		if (verb === undefined) {
			return '%!(NOVERB)';
		}

		const width = wide === '*' ? take() : number(wide);
		const precision = fine === '*' ? take() : (number(fine) ?? (/\.\D/.test(whole) ? 0 : undefined));
		if (verb === '%') {
			return '%';
		}

		const position = before ?? after;
		if (position !== undefined) {
			isReordered = true;
			next = Number(position) - 1;
		}

		if (next < 0 || next >= values.length) {
			return position === undefined ? `%!${verb}(MISSING)` : `%!${verb}(BADINDEX)`;
		}

		return formatValue(values[next++], {verb, flags: new Set(flags), width, precision});
	});
	const extra = isReordered ? [] : values.slice(next);
	return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.map(value => typed(value)).join(', ')})`;
}

// Lists and maps are written with each of their values in the verb's form.
function formatValue(value: unknown, directive: Directive): string {
	if (directive.verb !== 'v' && directive.verb !== 'T') {
		if (Array.isArray(value)) {
			return `[${value.map(item => formatValue(item, directive)).join(' ')}]`;
		}

		if (isObject(value)) {
			return `map[${Object.keys(value).sort().map(key => `${formatValue(key, directive)}:${formatValue(value[key], directive)}`).join(' ')}]`;
		}
	}

	const formatted = formatVerb(value, directive);
	return formatted === undefined ? `%!${directive.verb}(${typed(value)})` : pad(formatted, directive, typeof value === 'number');
}

/** Undefined when the verb is not for such a value. */
function formatVerb(value: unknown, {verb, flags, precision}: Directive): string | undefined {
	if (verb === 'v') {
		const text = printInner(value);
		return typeof value === 'number' ? signed(text, flags) : text;
	}

	if (verb === 'T') {
		return goType(value);
	}

	switch (typeof value) {
		case 'string': {
			return formatText(value, {verb, flags, precision});
		}

		case 'number': {
			return formatNumber(value, {verb, flags, precision});
		}

		case 'boolean': {
			return verb === 't' ? String(value) : undefined;
		}

		default: {
			return undefined;
		}
	}
}

function formatText(value: string, {verb, flags, precision}: Omit<Directive, 'width'>): string | undefined {
	const text = precision === undefined ? value : [...value].slice(0, precision).join('');
	switch (verb) {
		case 's': {
			return text;
		}

		case 'q': {
			return flags.has('#') && !/[`\u0000-\u0008\u000A-\u001F]/.test(text) ? `\`${text}\`` : quote(text, flags.has('+'));
		}

		case 'x':
		case 'X': {
			const bytes = Buffer.from(text).toString('hex').match(/../g) ?? [];
			const hex = bytes.map(byte => (flags.has('#') && flags.has(' ') ? `0x${byte}` : byte)).join(flags.has(' ') ? ' ' : '');
			const whole = flags.has('#') && !flags.has(' ') && hex !== '' ? `0x${hex}` : hex;
			return verb === 'X' ? whole.toUpperCase() : whole;
		}

		default: {
			return undefined;
		}
	}
}

const bases: Readonly<Record<string, {readonly radix: number; readonly prefix: string}>> = {
	d: {radix: 10, prefix: ''}, x: {radix: 16, prefix: '0x'}, X: {radix: 16, prefix: '0X'}, o: {radix: 8, prefix: '0'}, b: {radix: 2, prefix: '0b'},
};

function formatNumber(value: number, {verb, flags, precision}: Omit<Directive, 'width'>): string | undefined {
	const base = bases[verb];
	if (base !== undefined) {
		if (!Number.isInteger(value)) {
			return undefined;
		}

		const digits = Math.abs(value).toString(base.radix).padStart(precision ?? 1, '0');
		return signed(`${value < 0 ? '-' : ''}${flags.has('#') ? base.prefix : ''}${verb === 'X' ? digits.toUpperCase() : digits}`, flags);
	}

	switch (verb) {
		case 'c': {
			return String.fromCodePoint(value);
		}

		case 'q': {
			return `'${String.fromCodePoint(value)}'`;
		}

		case 'U': {
			return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
		}

		case 'f':
		case 'F': {
			return signed(value.toFixed(precision ?? 6), flags);
		}

		case 'e': {
			return signed(goExponent(value.toExponential(precision ?? 6)), flags);
		}

		case 'g': {
			return signed(precision === undefined ? printFloat(value) : printFloat(Number(value.toPrecision(Math.max(1, precision)))), flags);
		}

		default: {
			return undefined;
		}
	}
}

function pad(text: string, {flags, width = 0, verb}: Directive, isNumber: boolean): string {
	const missing = width - [...text].length;
	if (missing <= 0) {
		return text;
	}

	if (flags.has('-')) {
		return text + ' '.repeat(missing);
	}

	if (!flags.has('0') || !isNumber || verb === 'c') {
		return ' '.repeat(missing) + text;
	}

	const sign = /^[+-]/.exec(text)?.[0] ?? '';
	return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function signed(text: string, flags: ReadonlySet<string>): string {
	return text.startsWith('-') ? text : (flags.has('+') ? `+${text}` : (flags.has(' ') ? ` ${text}` : text));
}

/** Go writes at least two digits of an exponent. */
function goExponent(text: string): string {
	return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function quote(text: string, isAscii: boolean): string {
	const quoted = JSON.stringify(text).replaceAll(String.raw`\b`, String.raw`\b`).replaceAll(/\\u00([01][\da-f])/g, String.raw`\x$1`);
	return isAscii ? quoted.replaceAll(/[^\u0000-\u007F]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`) : quoted;
}

function number(digits: string | undefined): number | undefined {
	return digits === undefined ? undefined : Number(digits);
}

function typed(value: unknown): string {
	return value === undefined || value === null ? '<nil>' : `${goType(value)}=${printInner(value)}`;
}

export function goType(value: unknown): string {
	switch (typeof value) {
		case 'number': {
			return Number.isInteger(value) ? 'int' : 'float64';
		}

		case 'boolean': {
			return 'bool';
		}

		case 'string': {
			return 'string';
		}

		default: {
			return Array.isArray(value) ? '[]interface {}' : (isObject(value) ? 'map[string]interface {}' : '<nil>');
		}
	}
}
