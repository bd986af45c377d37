import {useMemo, type ReactNode} from 'react';
import {Pane} from '../components/pane.js';
import {span, type Line} from '../presentation/line.js';
import {logRowCount, logRows} from '../presentation/log-line.js';
import {safeText} from '../presentation/safe-text.js';
import type {LogsState} from '../state/app-state.js';
import {lastNumber} from '../state/log-buffer.js';
import {logWindow} from '../state/log-window.js';
import {containerById} from '../state/selectors.js';
import type {Rectangle} from '../state/layout.js';
import {messageInPlace, paneTitle, problemLines} from './list-lines.js';
import type {ViewProps} from './view-props.js';

export function LogsView({state, place}: ViewProps): ReactNode {
	const {logs, focus} = state;
	const name = containerById(state, logs.containerId)?.name ?? '';
	const title = useMemo(() => paneTitle(state, 'logs', {key: '4', name: 'Logs', rest: name === '' ? [] : [{text: ` ${name}`}]}), [focus, logs.filter, name]);
	const note = useMemo(() => logNote(logs), [logs.follow, logs.wrap, logs.status, logs.problem, logs.containerId, logs.dropped, logs.follow ? 0 : logs.lastShown, logs.follow ? 0 : logs.lineCount]);
	const lines = useMemo(() => logLines(logs, place), [logs, place.width, place.height]);
	return <Pane width={place.width} height={place.height} isFocused={focus === 'logs'} title={title} note={note} lines={lines}/>;
}

function logLines(logs: LogsState, place: Rectangle): Line[] {
	if (logs.status === 'none') {
		return messageInPlace(place, [[span('no container is chosen', 'text.muted')]]);
	}

	if (logs.status === 'failed' && logs.problem !== undefined && logs.lineCount === 0) {
		return messageInPlace(place, problemLines(logs.problem, place.width - 4));
	}

	const {wrap, timestamps, left, filter} = logs;
	const options = {width: place.width - 2, wrap, timestamps, left, filter};
	const capacity = place.height - 2;
	const rows = logWindow(logs, {capacity, rowsOf: line => logRowCount(line, options)}).flatMap(({line}) => logRows(line, options));
	if (rows.length === 0) {
		return messageInPlace(place, [[span(filter === '' || logs.lineCount === 0 ? 'no output yet' : 'no line matches the filter', 'text.muted')]]);
	}

	// A wrapped line may be cut above: the newest rows count, unless the oldest line is being read.
	return rows.length > capacity ? rows.slice(-capacity) : rows;
}

function logNote(logs: LogsState): Line {
	if (logs.containerId === undefined) {
		return [];
	}

	const below = logs.follow ? 0 : lastNumber(logs) - logs.lastShown;
	const words = [
		...(logs.dropped > 0 ? [`${logs.dropped.toLocaleString('en')} older lines dropped`] : []),
		...(logs.wrap ? ['wrapped'] : []),
		logs.status === 'ended' ? 'ended' : logs.status === 'failed' ? `broken off: ${safeText(logs.problem?.message ?? '')}` : logs.follow ? 'following' : `${below.toLocaleString('en')} below`,
	];
	return [{text: words.join(', '), tone: logs.follow && logs.status !== 'failed' ? 'text.muted' : 'message.warning'}];
}
