/** Moving: in the list or log that has the focus, and from pane to pane. */
import type {Action} from './actions.js';
import {paneIds, type AppState, type PaneId} from './app-state.js';
import {isInside, layoutOf, listRows, placeOf, type PanePlace} from './layout.js';
import {selectIndex} from './list-position.js';
import {firstWindow, scrollLogs} from './log-window.js';
import {idOfItem, isListPane, visibleItems, type ListPane} from './selectors.js';

export function navigationReducer(state: AppState, action: Action): AppState {
	switch (action.type) {
		case 'moved': {
			return moveBy(state, state.focus, action.by);
		}

		case 'movedByPage': {
			return moveBy(state, state.focus, Math.trunc(action.pages * Math.max(1, capacityOf(state, state.focus) - 1)) || Math.sign(action.pages));
		}

		case 'movedTo': {
			return moveTo(state, action.end);
		}

		case 'focused': {
			return {...state, focus: action.pane};
		}

		case 'focusCycled': {
			const index = paneIds.indexOf(state.focus);
			return {...state, focus: paneIds[(index + action.by + paneIds.length) % paneIds.length]!};
		}

		case 'entered': {
			return enter(state);
		}

		case 'leftBack': {
			return leaveBack(state);
		}

		case 'pressed': {
			return press(state, action);
		}

		case 'wheeled': {
			const place = layoutOf(state).panes.find(pane => isInside(pane, action));
			return place === undefined || state.overlay !== undefined ? state : moveBy(state, place.pane, action.by);
		}

		default: {
			return state;
		}
	}
}

function moveBy(state: AppState, pane: PaneId, by: number): AppState {
	if (state.overlay?.kind === 'help') {
		return {...state, overlay: {...state.overlay, offset: Math.max(0, state.overlay.offset + by)}};
	}

	if (!isListPane(pane)) {
		return {...state, logs: {...state.logs, ...scrollLogs(state.logs, by)}};
	}

	return choose(state, pane, state[pane].selectedIndex + by);
}

function moveTo(state: AppState, end: 'first' | 'last'): AppState {
	const {focus, logs} = state;
	if (!isListPane(focus)) {
		return {...state, logs: {...logs, ...(end === 'first' ? firstWindow(logs, capacityOf(state, 'logs')) : {follow: true})}};
	}

	return choose(state, focus, end === 'first' ? 0 : Number.MAX_SAFE_INTEGER);
}

function choose(state: AppState, pane: ListPane, index: number): AppState {
	const ids = visibleItems(state, pane).map((item, place) => idOfItem(pane, item as never, place));
	return {...state, [pane]: selectIndex(state[pane], ids, index)};
}

// Drilling in: a container to its log, the log to the whole screen, an image to its layers.
function enter(state: AppState): AppState {
	switch (state.focus) {
		case 'containers': {
			return {...state, focus: 'logs'};
		}

		case 'images': {
			return {...state, focus: 'layers'};
		}

		case 'layers':
		case 'logs': {
			return {...state, isZoomed: !state.isZoomed};
		}
	}
}

// Escape undoes one thing: the filter, then the zoom, then the step into the detail.
function leaveBack(state: AppState): AppState {
	const {focus} = state;
	if (state[focus].filter !== '') {
		return {...state, [focus]: {...state[focus], filter: ''}};
	}

	if (state.isZoomed) {
		return {...state, isZoomed: false};
	}

	return focus === 'logs' ? {...state, focus: 'containers'} : focus === 'layers' ? {...state, focus: 'images'} : {...state, message: undefined};
}

function press(state: AppState, point: {readonly x: number; readonly y: number}): AppState {
	const place = layoutOf(state).panes.find(pane => isInside(pane, point));
	if (place === undefined || state.overlay !== undefined) {
		return state;
	}

	const focused: AppState = {...state, focus: place.pane};
	const row = rowAt(place, point.y);
	return !isListPane(place.pane) || row === undefined ? focused : choose(focused, place.pane, state[place.pane].offset + row);
}

function rowAt(place: PanePlace, y: number): number | undefined {
	const {heading, capacity} = listRows(place);
	const row = y - place.y - (heading ? 2 : 1);
	return row >= 0 && row < capacity ? row : undefined;
}

function capacityOf(state: AppState, pane: PaneId): number {
	const place = placeOf(state, pane);
	return place === undefined ? 10 : pane === 'logs' ? place.height - 2 : listRows(place).capacity;
}
