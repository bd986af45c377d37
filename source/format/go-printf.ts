/** Go's fmt.Sprintf for the verbs that make sense in a template. */
import {printValue, toJson} from './template-values.js';

export function goPrintf(format: string, values: readonly unknown[]): string {
	let used = 0;
	const text = format.replaceAll(/%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
		if (verb === '%') {
			return '%';
		}

		if (used >= values.length) {
			return `%!${verb}(MISSING)`;
		}

		const formatted = formatVerb(verb, values[used++], precision === undefined ? undefined : Number(precision));
		return pad(flags.includes('+') && /^\d/.test(formatted) && verb !== 's' ? `+${formatted}` : formatted, flags, Number(width ?? 0));
	});
	const extra = values.slice(used);
	return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.map(value => `${goType(value)}=${printValue(value)}`).join(', ')})`;
}

function formatVerb(verb: string, value: unknown, precision: number | undefined): string {
	switch (verb) {
		case 'v':
		case 's': {
			const text = printValue(value);
			return precision === undefined ? text : [...text].slice(0, precision).join('');
		}

		case 'q': {
			return toJson(typeof value === 'string' ? value : printValue(value));
		}

		case 'd':
		case 'x':
		case 'X':
		case 'o':
		case 'b': {
			if (typeof value === 'string' && verb.toLowerCase() === 'x') {
				const hex = Buffer.from(value).toString('hex');
				return verb === 'x' ? hex : hex.toUpperCase();
			}

			if (typeof value !== 'number') {
				return `%!${verb}(${goType(value)}=${printValue(value)})`;
			}

			const text = Math.trunc(value).toString({d: 10, x: 16, X: 16, o: 8, b: 2}[verb]);
			return verb === 'X' ? text.toUpperCase() : text;
		}

		case 'f':
		case 'e':
		case 'g': {
			if (typeof value !== 'number') {
				return `%!${verb}(${goType(value)}=${printValue(value)})`;
			}

			return verb === 'f' ? value.toFixed(precision ?? 6) : (verb === 'e' ? value.toExponential(precision ?? 6) : String(precision === undefined ? value : Number(value.toPrecision(precision))));
		}

		case 't': {
			return String(value);
		}

		case 'T': {
			return goType(value);
		}

		default: {
			return `%!${verb}(${goType(value)}=${printValue(value)})`;
		}
	}
}

function pad(text: string, flags: string, width: number): string {
	if (flags.includes('-')) {
		return text.padEnd(width);
	}

	if (!flags.includes('0')) {
		return text.padStart(width);
	}

	const sign = /^[+-]/.exec(text)?.[0] ?? '';
	return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function goType(value: unknown): string {
	if (typeof value === 'number') {
		return Number.isInteger(value) ? 'int' : 'float64';
	}

	return typeof value === 'boolean' ? 'bool' : (typeof value === 'string' ? 'string' : '<nil>');
}
