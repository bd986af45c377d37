/** Times and durations in docker's own wordings. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** `Less than a second`, `5 seconds`, `About an hour`, `3 weeks`. */
export function formatDuration(durationMs: number): string {
	const seconds = Math.trunc(durationMs / 1000);
	const minutes = Math.trunc(durationMs / minuteMs);
	const hours = Math.trunc(durationMs / hourMs + 0.5);
	if (seconds < 1) {
		return 'Less than a second';
	}

	if (seconds < 60) {
		return seconds === 1 ? '1 second' : `${seconds} seconds`;
	}

	if (minutes < 60) {
		return minutes === 1 ? 'About a minute' : `${minutes} minutes`;
	}

	return hours === 1 ? 'About an hour' : formatLong(hours);
}

/** `3 hours ago`. `created` in unix seconds or as a date text; a zero date is empty. */
export function formatAge(created: number | string, now = Date.now()): string {
	const time = typeof created === 'number' ? created * 1000 : Date.parse(created);
	return isZeroTime(time) ? '' : `${formatDuration(now - time)} ago`;
}

/** The table form of the dashboard: `12s`, `5m`, `3h`, `6d`, `3w`, `4mo`, `2y`. */
export function formatShortAge(created: number | string, now = Date.now()): string {
	const time = typeof created === 'number' ? created * 1000 : Date.parse(created);
	if (isZeroTime(time)) {
		return '';
	}

	const seconds = Math.max(0, Math.trunc((now - time) / 1000));
	const steps: ReadonlyArray<readonly [number, number, string]> = [
		[60, 1, 's'], [3600, 60, 'm'], [48 * 3600, 3600, 'h'], [14 * 86_400, 86_400, 'd'], [60 * 86_400, 7 * 86_400, 'w'], [730 * 86_400, 30 * 86_400, 'mo'],
	];
	const step = steps.find(([limit]) => seconds < limit);
	return step === undefined ? `${Math.trunc(seconds / (365 * 86_400))}y` : `${Math.trunc(seconds / step[1])}${step[2]}`;
}

/** `2026-11-21 04:15:00 +0000 UTC`: how docker prints a time in a template. */
export function formatTimestamp(time: number | string): string {
	const date = new Date(typeof time === 'number' ? time * 1000 : time);
	if (Number.isNaN(date.getTime())) {
		return '';
	}

	const offset = -date.getTimezoneOffset();
	const local = new Date(date.getTime() + offset * minuteMs).toISOString();
	const sign = offset < 0 ? '-' : '+';
	const clock = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0') + String(Math.abs(offset) % 60).padStart(2, '0');
	return `${local.slice(0, 10)} ${local.slice(11, 19)} ${sign}${clock} ${zoneName(date)}`;
}

function formatLong(hours: number): string {
	if (hours < 48) {
		return `${hours} hours`;
	}

	const days = Math.trunc(hours / 24);
	if (hours < 24 * 14) {
		return `${days} days`;
	}

	if (hours < 24 * 60) {
		return `${Math.trunc(days / 7)} weeks`;
	}

	return hours < 24 * 730 ? `${Math.trunc(days / 30)} months` : `${Math.trunc(days / 365)} years`;
}

// Go's zero time, year 1, and the unix epoch's zero both mean "never".
function isZeroTime(time: number): boolean {
	return Number.isNaN(time) || time <= 0;
}

function zoneName(date: Date): string {
	return new Intl.DateTimeFormat('en', {timeZoneName: 'short'}).formatToParts(date).find(part => part.type === 'timeZoneName')?.value ?? 'UTC';
}
