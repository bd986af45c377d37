/**
Filters of `images` and `image prune` (moby daemon/images): every key must match, any of its values may.
*/
import type {Filters} from '../engine.js';
import {EngineError} from '../errors.js';
import {familiarName, familiarReference, type ImageReference} from '../oci/reference.js';
import {matchesGlob, toGlob} from './glob.js';
import type {Image} from './image.js';

export type FilterContext = {
	readonly filters: Filters;
	/** Finds the image `before` and `since` name. Throws `notFound`. */
	readonly resolve: (name: string) => Image;
	readonly nowMs: number;
};

const listKeys = ['reference', 'dangling', 'label', 'label!', 'before', 'since', 'until'] as const;
const pruneKeys = ['dangling', 'label', 'label!', 'until'] as const;

/** Throws `invalidParameter` for a key that means nothing here. */
export function checkFilterKeys(filters: Filters, purpose: 'list' | 'prune'): void {
	const known: readonly string[] = purpose === 'list' ? listKeys : pruneKeys;
	const unknown = Object.keys(filters).find(key => !known.includes(key));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid filter '${unknown}'`, {hint: `Known filters: ${known.join(', ')}.`});
	}
}

/**
The images that pass. With `reference`, an image keeps only the names that match, as docker shows it.
*/
export function filterImages(images: readonly Image[], context: FilterContext): readonly Image[] {
	const {filters} = context;
	const isDangling = readBoolean(filters, 'dangling');
	const before = oldest(filters['before'], context);
	const since = newest(filters['since'], context);
	const until = filters['until'] === undefined ? undefined : Math.min(...filters['until'].map(value => parseTime(value, context.nowMs)));
	const patterns = filters['reference']?.map(pattern => toGlob(pattern));
	return images
		.filter(image => isDangling === undefined || (image.references.length === 0) === isDangling)
		.filter(image => before === undefined || image.createdAt < before)
		.filter(image => since === undefined || image.createdAt > since)
		.filter(image => until === undefined || image.createdAt < until)
		.filter(image => hasLabels(image, filters))
		.map(image => (patterns === undefined ? image : {...image, references: image.references.filter(reference => patterns.some(pattern => matchesReference(pattern, reference)))}))
		.filter(image => patterns === undefined || image.references.length > 0);
}

/** A boolean filter as docker reads it; undefined when it is not given. */
export function readBoolean(filters: Filters, key: string): boolean | undefined {
	const values = filters[key];
	if (values === undefined || values.length === 0) {
		return undefined;
	}

	const words: Readonly<Record<string, boolean>> = {1: true, true: true, True: true, TRUE: true, t: true, 0: false, false: false, False: false, FALSE: false, f: false};
	const value = words[values[0]!];
	if (value === undefined || values.length > 1) {
		throw new EngineError('invalidParameter', `invalid filter '${key}=${values.join(',')}'`);
	}

	return value;
}

function hasLabels(image: Image, filters: Filters): boolean {
	const labels = image.config.defaults.Labels ?? {};
	const has = (wanted: string) => {
		const equals = wanted.indexOf('=');
		return equals === -1 ? Object.hasOwn(labels, wanted) : labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
	};

	return (filters['label'] ?? []).every(wanted => has(wanted)) && !(filters['label!'] ?? []).some(wanted => has(wanted));
}

/** distribution/reference FamiliarMatch: the whole short reference, or its name alone. */
function matchesReference(pattern: RegExp, reference: ImageReference): boolean {
	return matchesGlob(pattern, familiarReference(reference)) || matchesGlob(pattern, familiarName(reference));
}

function oldest(names: readonly string[] | undefined, {resolve}: FilterContext): number | undefined {
	return names === undefined ? undefined : Math.min(...names.map(name => resolve(name).createdAt));
}

function newest(names: readonly string[] | undefined, {resolve}: FilterContext): number | undefined {
	return names === undefined ? undefined : Math.max(...names.map(name => resolve(name).createdAt));
}

const unitSeconds: Readonly<Record<string, number>> = {ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600};

/** Unix seconds: a number, an RFC 3339 time (or a part of one), or a Go duration back from now. */
export function parseTime(text: string, nowMs: number): number {
	if (/^\d+(?:\.\d+)?$/.test(text)) {
		return Number(text);
	}

	if (/^(?:\d+(?:\.\d+)?(?:ns|[u\u00B5]s|ms|s|m|h))+$/.test(text)) {
		const seconds = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|[u\u00B5]s|ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + (Number(count) * unitSeconds[unit!]!), 0);
		return (nowMs / 1000) - seconds;
	}

	const ms = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(ms)) {
		throw new EngineError('invalidParameter', `invalid time '${text}'`, {hint: 'Use a duration such as 24h, a time such as 2026-01-31T12:00:00Z, or unix seconds.'});
	}

	return ms / 1000;
}
