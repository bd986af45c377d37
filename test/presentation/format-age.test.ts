import test from 'ava';
import {formatAge, formatDuration, formatShortAge, formatTimestamp} from '../../source/presentation/format-age.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const durations = test.macro({
	exec(t, durationMs: number, expected: string) {
		t.is(formatDuration(durationMs), expected);
	},
	title: (_, durationMs, expected) => `${durationMs} ms are "${expected}"`,
});

test(durations, 0, 'Less than a second');
test(durations, 999, 'Less than a second');
test(durations, second, '1 second');
test(durations, 59 * second, '59 seconds');
test(durations, minute, 'About a minute');
test(durations, 2 * minute, '2 minutes');
test(durations, 59 * minute, '59 minutes');
test(durations, hour, 'About an hour');
test(durations, 89 * minute, 'About an hour');
test(durations, 91 * minute, '2 hours');
test(durations, 47 * hour, '47 hours');
test(durations, 2 * day, '2 days');
test(durations, 14 * day, '2 weeks');
test(durations, 60 * day, '2 months');
test(durations, 729 * day, '24 months');
test(durations, 731 * day, '2 years');

test('an age takes unix seconds and date texts, and a zero date has none', t => {
	const now = Date.parse('2026-11-21T12:00:00Z');
	t.is(formatAge(now / 1000 - 3 * 3600, now), '3 hours ago');
	t.is(formatAge('2026-11-21T09:00:00.123456789Z', now), '3 hours ago');
	t.is(formatAge('0001-01-01T00:00:00Z', now), '');
	t.is(formatAge(0, now), '');
	t.is(formatAge('nonsense', now), '');
});

test('the short age fits a table', t => {
	const now = Date.parse('2026-11-21T12:00:00Z');
	const ages: Array<[number, string]> = [[5, '5s'], [59, '59s'], [60, '1m'], [3600, '1h'], [47 * 3600, '47h'], [48 * 3600, '2d'], [14 * 86_400, '2w'], [61 * 86_400, '2mo'], [800 * 86_400, '2y']];
	for (const [seconds, expected] of ages) {
		t.is(formatShortAge(now / 1000 - seconds, now), expected);
	}

	t.is(formatShortAge(now / 1000 + 5, now), '0s');
});

test('a timestamp has the form of Go', t => {
	t.regex(formatTimestamp(1_700_000_000), /^2023-11-1[45] \d\d:\d\d:20 [+-]\d{4} \S+$/);
	t.is(formatTimestamp('never'), '');
});
