/** Events that stop, repeat or come in crowds. */
import {setTimeout as wait} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ContainerInfo, Engine, EventMessage} from '../../engine/index.js';
import {containersEffect} from '../../source/effects/containers-effect.js';
import {eventsEffect} from '../../source/effects/events-effect.js';
import {readyItems} from '../../source/state/selectors.js';
import {reducer} from '../../source/state/reducer.js';
import {createStore} from '../../source/state/store.js';
import {stateAfter} from '../helpers/app-states.js';
import {queued} from '../helpers/queued.js';

type Call = {readonly ids: readonly string[] | undefined};

function bench(t: ExecutionContext) {
	const containers = new Map<string, string>(Array.from({length: 200}, (_, index) => [`id${index}`, 'running']));
	const calls: Call[] = [];
	const listeners = new Set<(event: EventMessage) => void>();
	let streams = 0;
	let failNext = false;
	const engine = {
		async listContainers({filters}: {readonly filters?: {readonly id?: readonly string[]}} = {}) {
			calls.push({ids: filters?.id});
			await wait(5);
			return [...containers].filter(([id]) => filters?.id?.includes(id) ?? true).map(([Id, State]) => ({Id, Names: [`/${Id}`], State, Status: 'Up 1 minute', Created: 1, Image: 'x', ImageID: 'y', Command: '', Ports: []}) as unknown as ContainerInfo);
		},
		async * events({signal}: {readonly signal?: AbortSignal}) {
			streams++;
			if (failNext) {
				failNext = false;
				throw new Error('connection lost');
			}

			yield * queued<EventMessage>(push => {
				listeners.add(push);
				return () => {
					listeners.delete(push);
				};
			}, signal);
		},
	} as unknown as Engine;
	const store = createStore(reducer, stateAfter([]));
	const ended = new AbortController();
	t.teardown(() => {
		ended.abort();
	});
	const context = {engine, store, signal: ended.signal};
	const effect = containersEffect(context);
	return {
		containers, calls, store, ended,
		start(options: {readonly failing?: boolean} = {}) {
			failNext = options.failing ?? false;
			eventsEffect(context, effect, {async reload() {}});
		},
		load: effect.reload,
		refresh: effect.refresh,
		streams: () => streams,
		emit(Action: string, ID: string) {
			for (const listener of listeners) {
				listener({Type: 'container', Action, Actor: {ID, Attributes: {}}, scope: 'local', time: 0, timeNano: 0});
			}
		},
		states: () => new Map(readyItems(store.getState().containers.items).map(({id, state}) => [id, state])),
	};
}

async function until(condition: () => boolean): Promise<void> {
	for (let turn = 0; !condition(); turn++) {
		if (turn > 1000) {
			throw new Error('waited in vain');
		}

		await wait(5);
	}
}

test('the events of a restart ask once, for that container alone', async t => {
	const {start, load, emit, calls, containers, states} = bench(t);
	await load();
	start();
	await wait(5);
	containers.set('id7', 'exited');
	for (const action of ['kill', 'die', 'stop', 'start', 'restart']) {
		emit(action, 'id7');
	}

	await until(() => states().get('id7') === 'exited');
	t.deepEqual(calls, [{ids: undefined}, {ids: ['id7']}]);
});

test('a crowd of changes asks for the whole list', async t => {
	const {start, load, emit, calls, containers, states} = bench(t);
	await load();
	start();
	await wait(5);
	for (const id of [...containers.keys()].slice(0, 80)) {
		containers.set(id, 'paused');
		emit('pause', id);
	}

	await until(() => states().get('id79') === 'paused');
	t.deepEqual(calls.map(({ids}) => ids?.length), [undefined, undefined]);
});

test('what is destroyed goes without asking; what went before the answer goes too', async t => {
	const {start, load, emit, calls, containers, states} = bench(t);
	await load();
	start();
	await wait(5);
	containers.delete('id1');
	emit('die', 'id1');
	emit('destroy', 'id1');
	await until(() => !states().has('id1'));
	t.is(calls.length, 1);
	containers.delete('id2');
	emit('die', 'id2');
	await until(() => !states().has('id2'));
	t.is(states().size, 198);
});

test('when the events break off it says so, comes back, and reads everything that changed meanwhile', async t => {
	const {start, load, containers, states, store, streams} = bench(t);
	await load();
	start({failing: true});
	await until(() => store.getState().message !== undefined);
	t.like(store.getState().message, {tone: 'bad', text: 'events: connection lost'});
	containers.set('id3', 'exited');
	await until(() => states().get('id3') === 'exited');
	t.is(streams(), 2);
});

test('refreshing while a refresh is on its way waits for both', async t => {
	const {load, refresh, containers, states} = bench(t);
	await load();
	containers.set('id1', 'paused');
	const first = refresh(['id1']);
	await wait(1);
	containers.set('id2', 'paused');
	await Promise.all([first, refresh(['id2'])]);
	t.deepEqual([states().get('id1'), states().get('id2')], ['paused', 'paused']);
});

test('after the end nothing is asked any more', async t => {
	const {start, load, emit, calls, ended} = bench(t);
	await load();
	start();
	await wait(5);
	emit('die', 'id1');
	ended.abort();
	await wait(40);
	t.is(calls.length, 1);
});
