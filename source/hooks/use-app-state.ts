import {createContext, useContext, useSyncExternalStore} from 'react';
import type {AppState} from '../state/app-state.js';
import type {Store} from '../state/store.js';

export const StoreContext = createContext<Store | undefined>(undefined);

/** The state, and a new rendering whenever it changes. */
export function useAppState(): AppState {
	const store = useContext(StoreContext);
	if (store === undefined) {
		throw new Error('no store above this component');
	}

	return useSyncExternalStore(store.subscribe, store.getState, store.getState);
}
