import type {Action} from './actions.js';
import type {AppState} from './app-state.js';

export function imagesReducer(state: AppState, action: Action): AppState {
	const {images} = state;
	switch (action.type) {
		case 'imagesLoaded': {
			return {...state, images: {...images, items: {status: 'ready', value: action.images}}};
		}

		case 'imagesFailed': {
			return images.items.status === 'ready' ? state : {...state, images: {...images, items: {status: 'failed', problem: action.problem}}};
		}

		default: {
			return state;
		}
	}
}
