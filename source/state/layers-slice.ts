import type {Action} from './actions.js';
import type {AppState} from './app-state.js';

export function layersReducer(state: AppState, action: Action): AppState {
	const {layers} = state;
	switch (action.type) {
		case 'layersAsked': {
			return action.imageId === layers.imageId
				? state
				: {...state, layers: {...layers, imageId: action.imageId, items: {status: 'loading'}, selectedId: undefined, selectedIndex: 0, offset: 0, filter: ''}};
		}

		case 'layersLoaded': {
			return action.imageId === layers.imageId ? {...state, layers: {...layers, items: {status: 'ready', value: action.layers}}} : state;
		}

		case 'layersFailed': {
			return action.imageId === layers.imageId ? {...state, layers: {...layers, items: {status: 'failed', problem: action.problem}}} : state;
		}

		default: {
			return state;
		}
	}
}
