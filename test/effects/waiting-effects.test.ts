/** Effects that wait: for a choice to rest, for an age to change, for a message to have been read. */
import {setTimeout as wait} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {Engine, ImageLayer} from '../../engine/index.js';
import {clockEffect} from '../../source/effects/clock-effect.js';
import {debounced, problemOf} from '../../source/effects/effect-context.js';
import {imagesEffect} from '../../source/effects/images-effect.js';
import {logsEffect} from '../../source/effects/logs-effect.js';
import {reducer} from '../../source/state/reducer.js';
import {createStore} from '../../source/state/store.js';
import {container, image, loaded, stateAfter} from '../helpers/app-states.js';

function storeWith(t: ExecutionContext) {
	const store = createStore(reducer, stateAfter([]));
	const ended = new AbortController();
	t.teardown(() => {
		ended.abort();
	});
	return {store, signal: ended.signal, end() {
		ended.abort();
	}};
}

async function until(condition: () => boolean): Promise<void> {
	for (let turn = 0; !condition(); turn++) {
		if (turn > 1000) {
			throw new Error('waited in vain');
		}

		await wait(5);
	}
}

const layerOf = (name: string): ImageLayer => ({DiffId: `sha256:layer-of-${name}`, Size: 1, CreatedBy: '', Created: 0, SharedWith: []});

test('layers are asked for once the choice rests, and an answer that comes late is not shown', async t => {
	const {store, signal} = storeWith(t);
	const asked: string[] = [];
	const engine = {
		async imageLayers(id: string) {
			asked.push(id);
			await wait(id === 'sha256:slow' ? 250 : 5);
			return [layerOf(id)];
		},
	} as unknown as Engine;
	imagesEffect({engine, store, signal});
	store.dispatch({type: 'imagesLoaded', images: ['slow', 'b', 'c', 'd'].map(name => image(name))});
	store.dispatch({type: 'focused', pane: 'images'});
	await until(() => asked.length === 1);
	for (let step = 0; step < 3; step++) {
		store.dispatch({type: 'moved', by: 1});
	}

	await until(() => store.getState().layers.items.status === 'ready');
	t.deepEqual(asked, ['sha256:slow', 'sha256:d']);
	await wait(300);
	t.is(store.getState().layers.imageId, 'sha256:d');
});

test('layers that cannot be read say why', async t => {
	const {store, signal} = storeWith(t);
	const engine = {
		async imageLayers() {
			throw Object.assign(new Error('layer is damaged'), {hint: 'Load the image again.'});
		},
	} as unknown as Engine;
	imagesEffect({engine, store, signal});
	store.dispatch({type: 'imagesLoaded', images: [image('a')]});
	await until(() => store.getState().layers.items.status === 'failed');
	t.like(store.getState().layers.items, {status: 'failed', problem: {message: 'layer is damaged', hint: 'Load the image again.'}});
});

test('layers nobody sees are not asked for', async t => {
	const {store, signal} = storeWith(t);
	let asked = 0;
	const engine = {
		async imageLayers() {
			asked++;
			return [];
		},
	} as unknown as Engine;
	imagesEffect({engine, store, signal});
	store.dispatch({type: 'resized', size: {columns: 80, rows: 24}});
	store.dispatch({type: 'imagesLoaded', images: [image('a')]});
	await wait(150);
	t.is(asked, 0);
	store.dispatch({type: 'focused', pane: 'images'});
	await until(() => asked === 1);
});

test('the log of a container without output: the old log goes after a moment', async t => {
	const {store, signal} = storeWith(t);
	const engine = {
		async * logs(id: string, {signal}: {readonly signal: AbortSignal}) {
			if (id === 'id-c0') {
				yield {stream: 'stdout', data: Buffer.from('hello\n')};
			}

			await wait(60_000, undefined, {signal, ref: false}).catch(() => undefined);
		},
	} as unknown as Engine;
	logsEffect({engine, store, signal});
	store.dispatch(loaded(2));
	await until(() => store.getState().logs.lineCount === 1);
	store.dispatch({type: 'moved', by: 1});
	await wait(20);
	t.is(store.getState().logs.containerId, 'id-c0', 'the old log stays for the moment');
	await until(() => store.getState().logs.containerId === 'id-c1');
	t.like(store.getState().logs, {lineCount: 0, status: 'loading'});
});

test('a log that cannot be read says why', async t => {
	const {store, signal} = storeWith(t);
	const engine = {
		async * logs() {
			yield * [];
			throw new Error('log is damaged');
		},
	} as unknown as Engine;
	logsEffect({engine, store, signal});
	store.dispatch(loaded(1));
	await until(() => store.getState().logs.status === 'failed');
	t.is(store.getState().logs.problem?.message, 'log is damaged');
});

test('going from container to container closes each log', async t => {
	const {store, signal} = storeWith(t);
	const open = new Set<string>();
	const engine = {
		async * logs(id: string, {signal}: {readonly signal: AbortSignal}) {
			open.add(id);
			try {
				yield {stream: 'stdout', data: Buffer.from('x\n')};
				await wait(60_000, undefined, {signal, ref: false}).catch(() => undefined);
			} finally {
				open.delete(id);
			}
		},
	} as unknown as Engine;
	logsEffect({engine, store, signal});
	store.dispatch(loaded(5));
	for (let step = 1; step < 4; step++) {
		store.dispatch({type: 'moved', by: 1});
		await until(() => store.getState().logs.containerId === `id-c${step}`);
	}

	await until(() => open.size === 1);
	t.deepEqual([...open], ['id-c3']);
});

test('the clock wakes for the age that changes next, and not without one', async t => {
	const {store, signal} = storeWith(t);
	const ticks: number[] = [];
	store.onAction(action => {
		if (action.type === 'ticked') {
			ticks.push(action.nowMs);
		}
	});
	clockEffect({engine: {} as Engine, store, signal});
	await wait(30);
	t.deepEqual(ticks, []);
	const nowMs = Date.now();
	store.dispatch({type: 'containersLoaded', nowMs, containers: [container('a', {sinceMs: nowMs - 58_900}), container('b', {sinceMs: nowMs - 5000})]});
	await until(() => ticks.length === 1);
	t.true(ticks[0]! - nowMs >= 1000 && ticks[0]! - nowMs < 3000);
});

test('debounced work runs once after the last call, and not after the end', async t => {
	const {signal, end} = storeWith(t);
	let runs = 0;
	const soon = debounced(() => {
		runs++;
	}, 15, signal);
	soon();
	soon();
	soon();
	await wait(60);
	t.is(runs, 1);
	soon();
	end();
	soon();
	await wait(40);
	t.is(runs, 1);
});

test('problems in words, with a hint when there is one', t => {
	t.deepEqual(problemOf(new Error('no')), {message: 'no'});
	t.deepEqual(problemOf(Object.assign(new Error('no'), {hint: 'Try.'})), {message: 'no', hint: 'Try.'});
	t.deepEqual(problemOf('text'), {message: 'text'});
	t.deepEqual(problemOf(undefined), {message: 'undefined'});
});
