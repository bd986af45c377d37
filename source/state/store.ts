/** Holds the state. Actions go through the reducer one after another; whoever listens then reads the new state. */
import type {Action} from './actions.js';
import type {AppState} from './app-state.js';

export type ActionListener = (action: Action, state: AppState, previous: AppState) => void;

export type Store = {
	getState(): AppState;
	dispatch(action: Action): void;
	/** Called after the state changed. Gives a function that ends it; so do the others. */
	subscribe(listener: () => void): () => void;
	/** Called after every action: for effects. */
	onAction(listener: ActionListener): () => void;
};

export function createStore(reducer: (state: AppState, action: Action) => AppState, initial: AppState): Store {
	let state = initial;
	const listeners = new Set<() => void>();
	const actionListeners = new Set<ActionListener>();
	return {
		getState: () => state,
		dispatch(action) {
			const previous = state;
			state = reducer(state, action);
			for (const listener of state === previous ? [] : listeners) {
				listener();
			}

			const current = state;
			for (const listener of actionListeners) {
				listener(action, current, previous);
			}
		},
		subscribe(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		onAction(listener) {
			actionListeners.add(listener);
			return () => {
				actionListeners.delete(listener);
			};
		},
	};
}
