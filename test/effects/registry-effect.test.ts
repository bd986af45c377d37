/** The registry that the dashboard switches on and off. */
import test from 'ava';
import type {ServedRegistry} from '../../source/effects/registry-effect.js';
import {effectsBench} from '../helpers/effects-bench.js';

function countedRegistry(failures: readonly string[] = []) {
	const counts = {opened: 0, closed: 0};
	const openRegistry = async (): Promise<ServedRegistry> => {
		const failure = failures[counts.opened];
		counts.opened++;
		if (failure !== undefined) {
			throw Object.assign(new Error(failure), {hint: 'Another program listens there.'});
		}

		return {
			url: `http://127.0.0.1:${5000 + counts.opened}`,
			async close() {
				counts.closed++;
			},
		};
	};

	return {counts, openRegistry};
}

test('on, off and on again; pressed twice it changes once', async t => {
	const {counts, openRegistry} = countedRegistry();
	const {store, until} = await effectsBench(t, {openRegistry});
	store.dispatch({type: 'registryToggled'});
	store.dispatch({type: 'registryToggled'});
	t.like((await until(({registry}) => registry.status === 'on')).registry, {url: 'http://127.0.0.1:5001'});
	t.deepEqual(counts, {opened: 1, closed: 0});
	store.dispatch({type: 'registryToggled'});
	await until(({registry}) => registry.status === 'off');
	t.deepEqual(counts, {opened: 1, closed: 1});
	store.dispatch({type: 'registryToggled'});
	t.like((await until(({registry}) => registry.status === 'on')).registry, {url: 'http://127.0.0.1:5002'});
});

test('what goes wrong is said, and it can be tried again', async t => {
	const {openRegistry} = countedRegistry(['listen EADDRINUSE 127.0.0.1:5000']);
	const {store, until} = await effectsBench(t, {openRegistry});
	store.dispatch({type: 'registryToggled'});
	const state = await until(({registry}) => registry.status === 'off');
	t.like(state.message, {tone: 'bad', text: 'registry: listen EADDRINUSE 127.0.0.1:5000', hint: 'Another program listens there.'});
	store.dispatch({type: 'registryToggled'});
	t.is((await until(({registry}) => registry.status === 'on')).registry.status, 'on');
});

test('it ends with the dashboard, also when it was just being opened', async t => {
	const {counts, openRegistry} = countedRegistry();
	const {store, until, end} = await effectsBench(t, {openRegistry});
	store.dispatch({type: 'registryToggled'});
	await until(({registry}) => registry.status === 'on');
	end();
	t.is(counts.closed, 1);

	let release: ((registry: ServedRegistry) => void) | undefined;
	const slow = await effectsBench(t, {
		openRegistry: async () => new Promise(resolve => {
			release = resolve;
		}),
	});
	slow.store.dispatch({type: 'registryToggled'});
	slow.end();
	let isClosed = false;
	release!({
		url: 'http://127.0.0.1:1',
		async close() {
			isClosed = true;
		},
	});
	await new Promise(resolve => {
		setImmediate(resolve);
	});
	t.true(isClosed);
});

test('where there is none the key says so and nothing happens', async t => {
	const {store} = await effectsBench(t);
	const before = store.getState();
	store.dispatch({type: 'registryToggled'});
	t.is(store.getState().registry, before.registry);
});
