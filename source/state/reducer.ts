/** The next state. Each slice does its part; in the end every list is settled: its chosen row exists and is in sight. */
import type {Action} from './actions.js';
import type {AppState, ListPosition} from './app-state.js';
import {containersReducer} from './containers-slice.js';
import {imagesReducer} from './images-slice.js';
import {interfaceReducer} from './interface-slice.js';
import {layersReducer} from './layers-slice.js';
import {layoutOf, listRows} from './layout.js';
import {settle} from './list-position.js';
import {logsReducer} from './logs-slice.js';
import {navigationReducer} from './navigation.js';
import {idOfItem, visibleItems, type ListPane} from './selectors.js';

const slices = [containersReducer, imagesReducer, layersReducer, logsReducer, interfaceReducer, navigationReducer] as const;

export function reducer(state: AppState, action: Action): AppState {
	const next = slices.reduce((current, slice) => slice(current, action), state);
	return next === state ? state : settleLists(next);
}

function settleLists(state: AppState): AppState {
	const {panes} = layoutOf(state);
	let settled = state;
	for (const pane of ['containers', 'images', 'layers'] as const) {
		const place = panes.find(place => place.pane === pane);
		const position = settlePane(settled, pane, place === undefined ? 0 : listRows(place).capacity);
		if (position !== settled[pane]) {
			settled = {...settled, [pane]: position};
		}
	}

	return settled;
}

function settlePane(state: AppState, pane: ListPane, capacity: number): ListPosition {
	const items = visibleItems(state, pane);
	return settle<ListPosition>(state[pane], items.map((item, index) => idOfItem(pane, item as never, index)), capacity);
}
