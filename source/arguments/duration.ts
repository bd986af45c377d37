/** Go's durations (`1h30m`, `1.5s`, `200ms`) and docker's points in time. */

const unitNanoseconds: Readonly<Record<string, number>> = {ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9};

/** Nanoseconds; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
	const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|[u\u00B5\u03BC]s|ms|s|m|h))+)$/.exec(text);
	if (match === null) {
		return /^[+-]?0$/.test(text) ? 0 : undefined;
	}

	let total = 0;
	for (const [, amount, unit] of match[2]!.matchAll(/(\d+\.?\d*|\.\d+)(ns|[u\u00B5\u03BC]s|ms|s|m|h)/g)) {
		total += Number(amount) * unitNanoseconds[unit!]!;
	}

	return Math.round(match[1] === '-' ? -total : total);
}

/**
Unix seconds of what `--since` and `--until` take: unix seconds (`1700000000.5`), a date (`2026-11-21`, `2026-11-21T04:15:00`, with or without
zone, local time without), or a duration before now (`10m`).
*/
export function parseTime(text: string, now = Date.now()): number | undefined {
	if (/^-?\d+(\.\d+)?$/.test(text)) {
		return Number(text);
	}

	const duration = parseDuration(text);
	if (duration !== undefined) {
		return now / 1000 - duration / 1e9;
	}

	const match = /^(\d{4}-\d\d-\d\d)(?:Z|[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(\.\d+)?)?)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
	if (match === null) {
		return undefined;
	}

	const [, date, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
	// The fraction is added apart: Date holds milliseconds only.
	const time = Date.parse(`${date}T${hour}:${minute}:${second}${text === `${date}Z` ? 'Z' : zone}`);
	return Number.isNaN(time) ? undefined : time / 1000 + Number(`0${fraction}`);
}
