/** Lets ages on the screen grow: wakes only when one that is shown would be written differently. */
import {untilAgeChanges} from '../presentation/row-age.js';
import type {AppState} from '../state/app-state.js';
import {layoutOf, listRows, type PanePlace} from '../state/layout.js';
import {visibleItems} from '../state/selectors.js';
import type {EffectContext} from './effect-context.js';

export function clockEffect({store, signal}: EffectContext): void {
	let timer: NodeJS.Timeout | undefined;
	const schedule = (state: AppState) => {
		clearTimeout(timer);
		const delayMs = untilAgeChanges(shownTimes(state), Date.now());
		if (delayMs !== undefined && !signal.aborted) {
			timer = setTimeout(() => {
				store.dispatch({type: 'ticked', nowMs: Date.now()});
			}, delayMs);
			timer.unref();
		}
	};

	signal.addEventListener('abort', () => {
		clearTimeout(timer);
	});
	store.onAction((action, state, previous) => {
		if (action.type === 'ticked' || isOtherView(state, previous)) {
			schedule(state);
		}
	});
}

function isOtherView(state: AppState, previous: AppState): boolean {
	return state.size !== previous.size || state.focus !== previous.focus || state.isZoomed !== previous.isZoomed
		|| state.containers.items !== previous.containers.items || state.containers.offset !== previous.containers.offset || state.containers.filter !== previous.containers.filter
		|| state.images.items !== previous.images.items || state.images.offset !== previous.images.offset || state.images.filter !== previous.images.filter;
}

function shownTimes(state: AppState): number[] {
	return layoutOf(state).panes.flatMap(place => timesIn(state, place));
}

function timesIn(state: AppState, place: PanePlace): number[] {
	const {capacity} = listRows(place);
	switch (place.pane) {
		case 'containers': {
			const {offset} = state.containers;
			return visibleItems(state, 'containers').slice(offset, offset + capacity).map(({sinceMs, createdMs}) => sinceMs ?? createdMs);
		}

		case 'images': {
			const {offset} = state.images;
			return visibleItems(state, 'images').slice(offset, offset + capacity).map(({createdMs}) => createdMs);
		}

		case 'layers':
		case 'logs': {
			return [];
		}
	}
}
