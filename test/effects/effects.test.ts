import test from 'ava';
import {containerById, readyItems, selectedContainer} from '../../source/state/selectors.js';
import type {AppState} from '../../source/state/app-state.js';
import {effectsBench} from '../helpers/effects-bench.js';

const named = (state: AppState, name: string) => readyItems(state.containers.items).find(container => container.name === name);
const lastLine = (state: AppState) => state.logs.chunks.at(-1)?.lines.at(-1)?.text;

test('loads containers, images, layers and the engine, and opens the log of the first container', async t => {
	const {until} = await effectsBench(t);
	const state = await until(({logs, layers, engine}) => logs.lineCount > 0 && layers.items.status === 'ready' && engine.version !== '');
	t.is(readyItems(state.containers.items).length, 24);
	t.is(selectedContainer(state)?.name, 'web-0');
	t.is(state.logs.containerId, named(state, 'web-0')?.id);
	t.is(lastLine(state), 'web-0 line 39: GET /item/39 200 5ms');
	t.is(state.engine.version, '0.1.0');
});

test('changes made elsewhere come by events: state, new, gone', async t => {
	const {lively, until} = await effectsBench(t);
	lively.change('api-0', 'exited', 'die');
	await until(state => named(state, 'api-0')?.state === 'exited');
	lively.add({Name: 'newcomer'});
	await until(state => named(state, 'newcomer') !== undefined);
	lively.vanish('newcomer');
	await until(state => named(state, 'newcomer') === undefined);
	t.pass();
});

test('events that change no row ask for nothing', async t => {
	const {lively, store} = await effectsBench(t);
	const before = store.getState().containers.items;
	for (const action of ['exec_create: sh', 'exec_start: sh', 'exec_die', 'attach', 'resize', 'top', 'archive-path']) {
		lively.emit(action, lively.byName('web-0').Id);
	}

	await new Promise(resolve => {
		setTimeout(resolve, 60);
	});
	t.is(store.getState().containers.items, before);
});

test('the log follows what is chosen, once the choice rests', async t => {
	const {store, until, lively} = await effectsBench(t);
	await until(({logs}) => logs.lineCount > 0);
	store.dispatch({type: 'moved', by: 1});
	store.dispatch({type: 'moved', by: 1});
	const state = await until(current => current.logs.containerId === named(current, 'worker-0')?.id && current.logs.lineCount > 0);
	t.is(lastLine(state), 'worker-0 line 39: GET /item/39 200 5ms');
	lively.writeLog('worker-0', 'hello');
	await until(current => lastLine(current) === 'hello');
	lively.writeLog('web-0', 'not shown');
	lively.writeLog('worker-0', 'again');
	await until(current => lastLine(current) === 'again');
});

test('when a container starts again its log goes on, without repeating', async t => {
	const {store, until, lively} = await effectsBench(t);
	await until(({logs}) => logs.lineCount === 40);
	const {Id} = lively.byName('web-0');
	store.dispatch({type: 'focusCycled', by: 1});
	lively.change('web-0', 'exited', 'die');
	store.dispatch({type: 'logsEnded', containerId: Id});
	await until(state => containerById(state, Id)?.state === 'exited');
	lively.byName('web-0').logs.push('after the restart');
	lively.change('web-0', 'running', 'start');
	const state = await until(current => lastLine(current) === 'after the restart');
	t.is(state.logs.lineCount, 41);
});

test('a verb: busy at once, then the new state and a word about it', async t => {
	const {store, until, lively} = await effectsBench(t);
	const {Id} = lively.byName('web-0');
	store.dispatch({type: 'verbRequested', verb: 'stop', id: Id});
	t.is(store.getState().containers.busy[Id], 'stop');
	const seen: string[] = [];
	store.onAction((_, state) => {
		const row = `${containerById(state, Id)?.state} ${state.containers.busy[Id] ?? '-'}`;
		if (row !== seen.at(-1)) {
			seen.push(row);
		}
	});
	const state = await until(current => current.message !== undefined);
	t.is(state.message?.text, 'web-0 stopped');
	t.false(seen.includes('running -'), 'it never looks as if nothing had happened');
	t.deepEqual(lively.calls, ['stop web-0']);
});

test('a verb that fails says what and what to do, and the row is free again', async t => {
	const {store, until, lively} = await effectsBench(t);
	const {Id} = lively.byName('web-0');
	lively.failures.push(Object.assign(new Error('it will not'), {hint: 'Ask nicely.'}));
	store.dispatch({type: 'verbRequested', verb: 'pause', id: Id});
	const state = await until(current => current.message !== undefined);
	t.like(state.message, {tone: 'bad', text: 'pause web-0: it will not', hint: 'Ask nicely.'});
	t.deepEqual(state.containers.busy, {});
});

test('a running container is removed by force, a stopped one without', async t => {
	const {store, until, lively} = await effectsBench(t);
	for (const name of ['web-0', 'database-0']) {
		const {Id} = lively.byName(name);
		store.dispatch({type: 'removalConfirmed', target: 'container', id: Id});
		await until(state => containerById(state, Id) === undefined && state.message?.text === `${name} removed`);
	}

	t.deepEqual(lively.calls, ['remove web-0', 'remove database-0']);
});

test('an image is removed and the list follows', async t => {
	const {store, until} = await effectsBench(t);
	store.dispatch({type: 'removalConfirmed', target: 'image', id: 'redis:8'});
	const state = await until(({images}) => readyItems(images.items).length === 5);
	t.is(readyItems(state.images.items).find(({name}) => name === 'redis:8'), undefined);
});

test('a shell tries bash, then sh, and gives keys and output through', async t => {
	const written: string[] = [];
	let type = (_data: Buffer) => {};
	const {store, until, lively} = await effectsBench(t, {guest: {
		write: data => written.push(Buffer.from(data).toString()),
		onInput(listener) {
			type = listener;
		},
	}});
	store.dispatch({type: 'shellRequested', id: lively.byName('web-0').Id});
	await until(() => written.join('').includes('$ '));
	type(Buffer.from('ls\r'));
	await until(() => written.join('').includes('you typed that'));
	type(Buffer.from('exit\r'));
	await until(({message}) => message?.text === 'the shell in web-0 ended');
	t.deepEqual(lively.calls, ['exec web-0 /bin/bash', 'exec web-0 /bin/sh']);
});

test('themes go round; copying and the mouse reach the terminal', async t => {
	const {store, terminalCalls} = await effectsBench(t);
	store.dispatch({type: 'themeCycled'});
	t.is(store.getState().themeName, 'light');
	store.dispatch({type: 'themeCycled'});
	t.is(store.getState().themeName, 'dark');
	store.dispatch({type: 'copyRequested', text: 'abc', what: 'x'});
	store.dispatch({type: 'mouseToggled'});
	store.dispatch({type: 'stopRequested'});
	t.deepEqual(terminalCalls, ['copy abc', 'mouse false', 'stop']);
});

test('the demo runs once, and its failure is told', async t => {
	let runs = 0;
	const {store, until} = await effectsBench(t, {async demo() {
		runs++;
		throw Object.assign(new Error('no room'), {hint: 'Free some.'});
	}});
	store.dispatch({type: 'demoRequested'});
	store.dispatch({type: 'demoRequested'});
	const state = await until(({demo, message}) => demo === 'offered' && message?.tone === 'bad');
	t.is(state.message?.text, 'demo: no room');
	t.is(runs, 1);
});

test('a log faster than anybody can read: frames stay few, nothing is lost silently, memory is bounded', async t => {
	const {store, until, lively} = await effectsBench(t, {containers: 1});
	await until(({logs}) => logs.lineCount === 40);
	let frames = 0;
	store.onAction(action => {
		frames += action.type === 'logsAppended' ? 1 : 0;
	});
	const total = 200_000;
	const started = performance.now();
	for (let batch = 0; batch < 100; batch++) {
		lively.writeLog('web-0', ...Array.from({length: total / 100}, (_, index) => `line ${batch * 2000 + index} of a flood that has to be got through`));
		await new Promise(resolve => {
			setImmediate(resolve);
		});
	}

	const state = await until(current => current.logs.dropped + current.logs.lineCount === total + 40, 20_000);
	const seconds = (performance.now() - started) / 1000;
	t.log(`${Math.round(total / seconds)} lines a second, ${frames} frames`);
	t.true(frames <= seconds * 31 + 3);
	t.true(state.logs.bytes <= 2 * 1024 * 1024 + 1_000_000);
	t.true(state.logs.dropped > 0);
});
