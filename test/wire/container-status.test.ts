import test from 'ava';
import {humanDuration, statusText} from '../../engine/wire/container-status.js';
import type {ContainerState} from '../../engine/container/container-state.js';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

const durations: Array<[number, string]> = [
	[0, 'Less than a second'], [s, '1 second'], [45 * s, '45 seconds'], [m, 'About a minute'], [3 * m, '3 minutes'], [59 * m, '59 minutes'], [61 * m, 'About an hour'], [3 * h, '3 hours'],
	[47 * h, '47 hours'], [2 * d, '2 days'], [13 * d, '13 days'], [15 * d, '2 weeks'], [70 * d, '2 months'], [400 * d, '13 months'], [800 * d, '2 years'],
];

for (const [ms, text] of durations) {
	test(`${ms} ms is ${text}`, t => {
		t.is(humanDuration(ms), text);
	});
}

test('docker\'s words for each state', t => {
	const now = Date.parse('2026-01-01T01:00:00Z');
	const startedAt = '2026-01-01T00:57:00Z';
	const process = {pid: 1, startTicks: 1};
	const ended = {exitCode: 3, oomKilled: false, error: '', startedAt, finishedAt: '2026-01-01T00:59:55Z'};
	const states: Array<[ContainerState, string]> = [
		[{status: 'created'}, 'Created'],
		[{status: 'running', process, startedAt}, 'Up 3 minutes'],
		[{status: 'paused', process, startedAt}, 'Up 3 minutes (Paused)'],
		[{status: 'exited', ...ended}, 'Exited (3) 5 seconds ago'],
		[{status: 'restarting', ...ended}, 'Restarting (3) 5 seconds ago'],
		[{status: 'removing', was: {status: 'created'}}, 'Removal In Progress'],
		[{status: 'dead', was: {status: 'created'}, error: 'x'}, 'Dead'],
	];
	for (const [state, text] of states) {
		t.is(statusText(state, now), text);
	}
});
