/**
Reading untrusted JSON field by field. Go writes absent things as null, so null counts as absent everywhere. Every reader takes the path of the value
for its message (`manifest.layers[2].size`) and throws `invalidParameter`.
*/
import {EngineError} from '../errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The largest JSON document read from anybody else: manifests and configs are kilobytes. */
export const maxJsonBytes = 8 * 1024 * 1024;

/** Parses a document that must be an object. */
export function parseJsonObject(text: string | Uint8Array, subject: string, maxBytes?: number): JsonObject {
	return asObject(parseJson(text, subject, maxBytes), subject);
}

/** Parses a document of any form, within the size limit. */
export function parseJson(text: string | Uint8Array, subject: string, maxBytes = maxJsonBytes): unknown {
	if (text.length > maxBytes) {
		throw shapeError(subject, `is larger than ${maxBytes} bytes`);
	}

	try {
		return JSON.parse(typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8'));
	} catch (error) {
		throw new EngineError('invalidParameter', `${subject} is not valid JSON`, {cause: error});
	}
}

export function asObject(value: unknown, subject: string): JsonObject {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw shapeError(subject, 'is not an object');
	}

	return value as JsonObject;
}

export function asArray(value: unknown, subject: string): readonly unknown[] {
	if (!Array.isArray(value)) {
		throw shapeError(subject, 'is not a list');
	}

	return value;
}

export function asString(value: unknown, subject: string): string {
	if (typeof value !== 'string') {
		throw shapeError(subject, 'is not a string');
	}

	return value;
}

/** A size or count: an integer from 0 to 2^53-1. */
export function asCount(value: unknown, subject: string): number {
	if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
		throw shapeError(subject, 'is not a whole number');
	}

	return value;
}

export function asStrings(value: unknown, subject: string): readonly string[] {
	return asArray(value, subject).map((item, index) => asString(item, `${subject}[${index}]`));
}

export function asStringMap(value: unknown, subject: string): Readonly<Record<string, string>> {
	const entries = Object.entries(asObject(value, subject)).filter(([, item]) => item !== null);
	return Object.fromEntries(entries.map(([key, item]) => [key, asString(item, `${subject}.${key}`)]));
}

/** Applies a reader unless the value is absent or null. */
export function optional<T>(value: unknown, subject: string, read: (value: unknown, subject: string) => T): T | undefined {
	return value === undefined || value === null ? undefined : read(value, subject);
}

/** The object without members that are undefined (what `exactOptionalPropertyTypes` asks for). */
export function defined<T extends object>(value: T): {[K in keyof T]: Exclude<T[K], undefined>} {
	return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {[K in keyof T]: Exclude<T[K], undefined>};
}

export function shapeError(subject: string, problem: string): EngineError {
	return new EngineError('invalidParameter', `${subject} ${problem}`);
}

/** An integer member, of either sign; 0 when it is absent, as in Go's structures. */
export function integerField(fields: JsonObject, name: string): number {
	const value = fields[name];
	if (value === undefined || value === null) {
		return 0;
	}

	if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
		throw new EngineError('invalidParameter', `${name} is not a whole number`);
	}

	return value;
}
