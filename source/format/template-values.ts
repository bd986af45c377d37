/** How Go prints and judges values, for values that came as JSON. */

/** An object that answers field names itself (a row of a list); `undefined` when it has no such field. */
export const lookup = Symbol('lookup');

export type Row = {[lookup](name: string): unknown; toJSON(): unknown};

export function isRow(value: unknown): value is Row {
	return typeof value === 'object' && value !== null && lookup in value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Go's truth: empty and zero are false. */
export function isTrue(value: unknown): boolean {
	if (Array.isArray(value)) {
		return value.length > 0;
	}

	return isObject(value) ? isRow(value) || Object.keys(value).length > 0 : Boolean(value);
}

/** What a template prints: Go's `%v`, and words for what a map does not have. */
export function printValue(value: unknown): string {
	return value === undefined ? '<no value>' : printInner(value);
}

export function toJson(value: unknown): string {
	return JSON.stringify(value) ?? 'null';
}

/** Go's `%v`. */
export function printInner(value: unknown): string {
	if (value === undefined || value === null) {
		return '<nil>';
	}

	if (Array.isArray(value)) {
		return `[${value.map(item => printInner(item)).join(' ')}]`;
	}

	if (isRow(value)) {
		return printInner(value.toJSON());
	}

	if (isObject(value)) {
		return `map[${Object.keys(value).sort().map(key => `${key}:${printInner(value[key])}`).join(' ')}]`;
	}

	return typeof value === 'number' ? printFloat(value) : String(value);
}

/** As Go's `%v` writes a number: whole ones with all digits, others in scientific form when they are very small or large. */
export function printFloat(value: number): string {
	const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
	const isScientific = Number.isInteger(value) ? exponent >= 21 : exponent < -4 || exponent >= 21;
	return isScientific ? value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(value);
}

/** Go's empty list and map without a value: they print as empty ones, and are `null` in JSON. */
export const nilList: readonly unknown[] = Object.defineProperty([], 'toJSON', {value: () => null});
export const nilMap: Readonly<Record<string, unknown>> = Object.defineProperty({}, 'toJSON', {value: () => null});
