import test from 'ava';
import {reducer} from '../../source/state/reducer.js';
import {createStore} from '../../source/state/store.js';
import {loaded, stateAfter} from '../helpers/app-states.js';

test('listeners hear of changes, action listeners of every action with both states', t => {
	const store = createStore(reducer, stateAfter([]));
	let changes = 0;
	const seen: string[] = [];
	const stop = store.subscribe(() => {
		changes++;
	});
	store.onAction((action, state, previous) => {
		seen.push(`${action.type} ${state === previous ? 'same' : 'new'}`);
	});
	store.dispatch(loaded(2));
	store.dispatch({type: 'quitRequested'});
	stop();
	store.dispatch(loaded(3));
	t.is(changes, 1);
	t.deepEqual(seen, ['containersLoaded new', 'quitRequested same', 'containersLoaded new']);
});

test('an action sent from a listener is handled after the one before', t => {
	const store = createStore(reducer, stateAfter([]));
	const seen: string[] = [];
	store.onAction(action => {
		seen.push(action.type);
		if (action.type === 'themeCycled') {
			store.dispatch({type: 'themeChanged', name: 'light'});
		}
	});
	store.dispatch({type: 'themeCycled'});
	t.deepEqual(seen, ['themeCycled', 'themeChanged']);
	t.is(store.getState().themeName, 'light');
});
