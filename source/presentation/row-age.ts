/** Ages in lists: `3m`, and `<1m` for the first minute, so that nothing has to be drawn anew every second. */
import {formatShortAge} from './format-age.js';

const minuteMs = 60_000;

export function rowAge(sinceMs: number | undefined, nowMs: number): string {
	if (sinceMs === undefined) {
		return '';
	}

	return nowMs - sinceMs < minuteMs ? '<1m' : formatShortAge(sinceMs / 1000, nowMs);
}

/** How long until the age of one of these would be written differently: between a second and an hour; undefined when there are none. */
export function untilAgeChanges(since: readonly number[], nowMs: number): number | undefined {
	if (since.length === 0) {
		return undefined;
	}

	const next = since.map(sinceMs => {
		const age = Math.max(0, nowMs - sinceMs);
		const unit = age < 60 * minuteMs ? minuteMs : 60 * minuteMs;
		return unit - (age % unit);
	});
	return Math.min(60 * minuteMs, Math.max(1000, Math.min(...next) + 20));
}
