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

/** Go's `%v`. */
export function printValue(value: unknown): string {
	return value === undefined || value === null ? '<no value>' : printInner(value);
}

export function toJson(value: unknown): string {
	return JSON.stringify(value) ?? 'null';
}

function printInner(value: unknown): string {
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

	return String(value);
}
