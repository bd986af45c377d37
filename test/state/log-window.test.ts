import test from 'ava';
import type {LogsState} from '../../source/state/app-state.js';
import {firstWindow, logWindow, scrollLogs} from '../../source/state/log-window.js';
import {stateAfter} from '../helpers/app-states.js';

function logs(count: number, options: Partial<LogsState> = {}): LogsState {
	const lines = Array.from({length: count}, (_, index) => ({stream: 'stdout' as const, time: '', text: `line ${index}${index % 10 === 0 ? ' ERR' : ''}`}));
	const state = stateAfter([{type: 'logsOpened', containerId: 'x'}, {type: 'logsAppended', containerId: 'x', lines, skipped: 0}]);
	return {...state.logs, ...options};
}

const one = {capacity: 5, rowsOf: () => 1};
const numbers = (state: LogsState, options = one) => logWindow(state, options).map(({number}) => number);

test('following shows the newest lines', t => {
	t.deepEqual(numbers(logs(100)), [95, 96, 97, 98, 99]);
	t.deepEqual(numbers(logs(3)), [0, 1, 2]);
	t.deepEqual(numbers(logs(0)), []);
});

test('scrolled up it stays there; at the start it shows a full page', t => {
	t.deepEqual(numbers(logs(100, {follow: false, lastShown: 50})), [46, 47, 48, 49, 50]);
	t.deepEqual(numbers(logs(100, {follow: false, lastShown: 1})), [0, 1, 2, 3, 4]);
});

test('a filter shows only the lines that match', t => {
	t.deepEqual(numbers(logs(100, {filter: 'err'})), [50, 60, 70, 80, 90]);
	t.deepEqual(numbers(logs(100, {filter: 'Err'})), []);
});

test('wrapped lines take more rows', t => {
	t.deepEqual(numbers(logs(100), {capacity: 5, rowsOf: () => 2}), [97, 98, 99]);
});

test('scrolling moves by shown lines and follows again past the end', t => {
	t.like(scrollLogs(logs(100), -3), {follow: false, lastShown: 96});
	t.like(scrollLogs(logs(100, {filter: 'ERR'}), -2), {follow: false, lastShown: 80});
	t.like(scrollLogs(logs(100, {follow: false, lastShown: 90}), 5), {follow: false, lastShown: 95});
	t.like(scrollLogs(logs(100, {follow: false, lastShown: 90}), 50), {follow: true});
	t.like(scrollLogs(logs(100), -1000), {follow: false, lastShown: 0});
});

test('the first window ends where the rows end', t => {
	t.like(firstWindow(logs(100), 5), {follow: false, lastShown: 4});
	t.like(firstWindow(logs(3), 5), {follow: false, lastShown: 2});
});

test('new lines do not move what is being read', t => {
	const state = stateAfter([
		{type: 'logsOpened', containerId: 'x'},
		{type: 'logsAppended', containerId: 'x', lines: Array.from({length: 20}, () => ({stream: 'stdout' as const, time: '', text: 'a'})), skipped: 0},
		{type: 'focused', pane: 'logs'},
		{type: 'moved', by: -5},
		{type: 'logsAppended', containerId: 'x', lines: [{stream: 'stdout', time: '', text: 'new'}], skipped: 0},
	]);
	t.deepEqual(numbers(state.logs), [10, 11, 12, 13, 14]);
});

test('lines for another container are not taken', t => {
	const state = stateAfter([{type: 'logsOpened', containerId: 'x'}, {type: 'logsAppended', containerId: 'y', lines: [{stream: 'stdout', time: '', text: 'a'}], skipped: 0}]);
	t.is(state.logs.lineCount, 0);
});
