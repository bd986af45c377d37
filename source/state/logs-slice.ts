import type {Action} from './actions.js';
import type {AppState, LogsState} from './app-state.js';
import {appendLines, emptyBuffer, lastNumber} from './log-buffer.js';

export function logsReducer(state: AppState, action: Action): AppState {
	const logs = reduceLogs(state.logs, action);
	return logs === state.logs ? state : {...state, logs};
}

function reduceLogs(logs: LogsState, action: Action): LogsState {
	switch (action.type) {
		case 'logsOpened': {
			const {wrap, timestamps} = logs;
			return {
				...emptyBuffer, containerId: action.containerId, status: action.containerId === undefined ? 'none' : 'loading', problem: undefined,
				follow: true, lastShown: 0, wrap, timestamps, left: 0, filter: action.containerId === logs.containerId ? logs.filter : '',
			};
		}

		case 'logsAppended': {
			return action.containerId === logs.containerId ? {...logs, ...appendLines(logs, action.lines, {skipped: action.skipped}), status: 'following'} : logs;
		}

		case 'logsEnded': {
			return action.containerId === logs.containerId ? {...logs, status: 'ended'} : logs;
		}

		case 'logsFailed': {
			return action.containerId === logs.containerId ? {...logs, status: 'failed', problem: action.problem} : logs;
		}

		case 'followToggled': {
			return {...logs, follow: !logs.follow, lastShown: lastNumber(logs)};
		}

		case 'wrapToggled': {
			return {...logs, wrap: !logs.wrap, left: 0};
		}

		case 'timestampsToggled': {
			return {...logs, timestamps: !logs.timestamps};
		}

		case 'scrolledSideways': {
			return logs.wrap ? logs : {...logs, left: Math.max(0, logs.left + action.by)};
		}

		default: {
			return logs;
		}
	}
}
