import type {Action} from './actions.js';
import type {AppState, Container, Verb} from './app-state.js';
import {readyItems} from './selectors.js';

export function containersReducer(state: AppState, action: Action): AppState {
	const {containers} = state;
	switch (action.type) {
		case 'containersLoaded': {
			return {...state, nowMs: action.nowMs, containers: {...containers, items: {status: 'ready', value: sorted(action.containers)}}};
		}

		case 'containersFailed': {
			// What is on the screen is better than nothing: only a first load can fail visibly here.
			return containers.items.status === 'ready' ? state : {...state, containers: {...containers, items: {status: 'failed', problem: action.problem}}};
		}

		case 'containersChanged': {
			const replaced = new Map(action.changed.map(container => [container.id, container]));
			const gone = new Set(action.gone);
			const kept = readyItems(containers.items).filter(({id}) => !replaced.has(id) && !gone.has(id));
			const busy = Object.fromEntries(Object.entries(containers.busy).filter(([id]) => !gone.has(id)));
			return {...state, nowMs: action.nowMs, containers: {...containers, busy, items: {status: 'ready', value: sorted([...kept, ...action.changed])}}};
		}

		case 'verbRequested': {
			return withBusy(state, action.id, action.verb);
		}

		case 'removalConfirmed': {
			return action.target === 'container' ? withBusy(state, action.id, 'remove') : state;
		}

		case 'verbFinished': {
			const {[action.id]: _, ...busy} = containers.busy;
			return {...state, containers: {...containers, busy}};
		}

		default: {
			return state;
		}
	}
}

function withBusy(state: AppState, id: string, verb: Verb): AppState {
	return {...state, containers: {...state.containers, busy: {...state.containers.busy, [id]: verb}}};
}

// Newest first, as `docker ps`: a container does not jump away when its state changes.
function sorted(containers: readonly Container[]): Container[] {
	return [...containers].sort((a, b) => b.createdMs - a.createdMs || (a.name < b.name ? -1 : 1));
}
