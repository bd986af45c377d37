import test from 'ava';
import fc from 'fast-check';
import type {Action} from '../../source/state/actions.js';
import type {AppState} from '../../source/state/app-state.js';
import {layoutOf, listRows} from '../../source/state/layout.js';
import {reducer} from '../../source/state/reducer.js';
import {idOfItem, selectedContainer, visibleItems} from '../../source/state/selectors.js';
import {container, image, keyDown, loaded, nowMs, stateAfter} from '../helpers/app-states.js';

const selectedName = (state: AppState) => selectedContainer(state)?.name;

test('the first container is chosen when the list comes', t => {
	t.is(selectedName(stateAfter([loaded(3)])), 'c0');
	t.is(selectedName(stateAfter([])), undefined);
});

const moves = test.macro({
	exec(t, actions: readonly Action[], expected: string) {
		t.is(selectedName(stateAfter([loaded(50), ...actions])), expected);
	},
	title: (title = '') => title,
});

test('down', moves, [keyDown, keyDown], 'c2');
test('up at the top stays', moves, [{type: 'moved', by: -1}], 'c0');
test('down at the end stays', moves, [{type: 'movedTo', end: 'last'}, keyDown], 'c49');
test('first and last', moves, [{type: 'movedTo', end: 'last'}, {type: 'movedTo', end: 'first'}], 'c0');
test('a page is one row less than is shown', moves, [{type: 'movedByPage', pages: 1}], 'c16');
test('a click chooses the row', moves, [{type: 'pressed', x: 10, y: 5}], 'c2');
test('a click beside the list chooses nothing', moves, [{type: 'pressed', x: 10, y: 39}], 'c0');
test('the wheel moves in the list under it', moves, [{type: 'wheeled', x: 10, y: 5, by: 3}], 'c3');

test('what is chosen stays chosen when the list changes its order', t => {
	const state = stateAfter([loaded(5), keyDown, keyDown]);
	const reordered = reducer(state, {type: 'containersLoaded', nowMs, containers: [container('new', {createdMs: nowMs + 5000}), ...[4, 3, 2, 1, 0].map(index => container(`c${index}`, {createdMs: nowMs - index * 1000}))]});
	t.is(selectedName(reordered), 'c2');
	t.is(reordered.containers.selectedIndex, 3);
});

test('when what is chosen goes, what takes its place is chosen', t => {
	const state = stateAfter([loaded(5), keyDown, keyDown, {type: 'containersChanged', changed: [], gone: ['id-c2'], nowMs}]);
	t.is(selectedName(state), 'c3');
	const last = stateAfter([loaded(3), {type: 'movedTo', end: 'last'}, {type: 'containersChanged', changed: [], gone: ['id-c2'], nowMs}]);
	t.is(selectedName(last), 'c1');
});

test('a change replaces the container and keeps its place', t => {
	const state = stateAfter([loaded(3), {type: 'containersChanged', changed: [container('c1', {state: 'exited', exitCode: 3, createdMs: nowMs - 1000})], gone: [], nowMs}]);
	t.deepEqual(visibleItems(state, 'containers').map(({name, state}) => `${name} ${state}`), ['c0 running', 'c1 exited', 'c2 running']);
});

test('a verb marks its container busy until it is finished', t => {
	const asked = stateAfter([loaded(3), {type: 'verbRequested', verb: 'stop', id: 'id-c1'}]);
	t.deepEqual(asked.containers.busy, {'id-c1': 'stop'});
	const finished = reducer(asked, {type: 'verbFinished', id: 'id-c1', message: 'c1 stopped'});
	t.deepEqual(finished.containers.busy, {});
	t.is(finished.message?.text, 'c1 stopped');
	const failed = reducer(asked, {type: 'verbFinished', id: 'id-c1', message: '', problem: {message: 'stop c1: no', hint: 'Try again.'}});
	t.like(failed.message, {tone: 'bad', text: 'stop c1: no', hint: 'Try again.'});
});

test('the filter narrows the list, keeps the choice if it can, and escape clears it', t => {
	const typed = stateAfter([loaded(30), {type: 'movedTo', end: 'last'}, {type: 'filterOpened'}, {type: 'filterChanged', text: 'c2'}]);
	t.is(visibleItems(typed, 'containers').length, 11);
	t.is(selectedName(typed), 'c29');
	const closed = reducer(typed, {type: 'filterClosed', keep: true});
	t.is(closed.containers.filter, 'c2');
	t.is(reducer(closed, {type: 'leftBack'}).containers.filter, '');
	t.is(selectedName(reducer(closed, {type: 'leftBack'})), 'c29');
	t.is(reducer(typed, {type: 'filterClosed', keep: false}).containers.filter, '');
});

test('escape undoes one thing at a time', t => {
	const state = stateAfter([loaded(3), {type: 'entered'}, {type: 'zoomToggled'}]);
	const once = reducer(state, {type: 'leftBack'});
	t.deepEqual([once.focus, once.isZoomed], ['logs', false]);
	t.is(reducer(once, {type: 'leftBack'}).focus, 'containers');
});

test('enter goes from a container to its log and then to the whole screen', t => {
	const log = stateAfter([loaded(3), {type: 'entered'}]);
	t.deepEqual([log.focus, log.isZoomed], ['logs', false]);
	t.true(reducer(log, {type: 'entered'}).isZoomed);
	t.is(stateAfter([{type: 'focused', pane: 'images'}, {type: 'entered'}]).focus, 'layers');
});

test('tab goes round the panes, shift-tab back', t => {
	const panes = [1, 2, 3, 4].map(count => stateAfter(Array.from({length: count}, () => ({type: 'focusCycled', by: 1}))).focus);
	t.deepEqual(panes, ['images', 'layers', 'logs', 'containers']);
	t.is(stateAfter([{type: 'focusCycled', by: -1}]).focus, 'logs');
});

test('layers of another image than the chosen one are not taken', t => {
	const layer = {DiffId: 'sha256:1', Size: 1, CreatedBy: 'RUN x', Created: 0, SharedWith: []};
	const state = stateAfter([{type: 'imagesLoaded', images: [image('a'), image('b')]}, {type: 'layersAsked', imageId: 'sha256:b'}, {type: 'layersLoaded', imageId: 'sha256:a', layers: [layer]}]);
	t.is(state.layers.items.status, 'loading');
	t.is(reducer(state, {type: 'layersLoaded', imageId: 'sha256:b', layers: [layer]}).layers.items.status, 'ready');
});

test('a failed refresh leaves the list on the screen; a failed first load says why', t => {
	t.is(stateAfter([loaded(1), {type: 'containersFailed', problem: {message: 'x'}}]).containers.items.status, 'ready');
	t.is(stateAfter([{type: 'containersFailed', problem: {message: 'x'}}]).containers.items.status, 'failed');
});

test('one demo at a time', t => {
	const state = stateAfter([{type: 'demoRequested'}]);
	t.is(state.demo, 'running');
	t.is(reducer(state, {type: 'demoRequested'}), state);
	t.is(reducer(state, {type: 'demoFinished'}).demo, 'offered');
	t.is(stateAfter([{type: 'demoRequested'}], {hasDemo: false}).demo, 'none');
});

test('the registry: off, one moment, on, one moment, off; or off with what went wrong', t => {
	t.is(stateAfter([{type: 'registryToggled'}]).registry.status, 'none', 'where there is none');
	const off: AppState = {...stateAfter([]), registry: {status: 'off'}};
	const changing = reducer(off, {type: 'registryToggled'});
	t.deepEqual(changing.registry, {status: 'changing'});
	t.is(reducer(changing, {type: 'registryToggled'}), changing);
	const on = reducer(changing, {type: 'registryChanged', url: 'http://127.0.0.1:5000'});
	t.deepEqual(on.registry, {status: 'on', url: 'http://127.0.0.1:5000'});
	t.like(on.message, {tone: 'good', text: 'images are served at http://127.0.0.1:5000'});
	t.deepEqual(reducer(on, {type: 'registryToggled'}).registry, {status: 'changing'});
	t.like(reducer(changing, {type: 'registryChanged', url: undefined}), {registry: {status: 'off'}, message: {tone: 'good', text: 'the registry is off'}});
	const failed = reducer(changing, {type: 'registryChanged', url: undefined, problem: {message: 'in use', hint: 'Take another.'}});
	t.like(failed, {registry: {status: 'off'}, message: {tone: 'bad', text: 'registry: in use', hint: 'Take another.'}});
});

test('a message goes away only if it is still the same one', t => {
	const state = stateAfter([{type: 'messageShown', tone: 'info', text: 'one'}, {type: 'messageShown', tone: 'info', text: 'two'}]);
	t.is(reducer(state, {type: 'messageExpired', number: 1}).message?.text, 'two');
	t.is(reducer(state, {type: 'messageExpired', number: 2}).message, undefined);
});

const anyAction: fc.Arbitrary<Action> = fc.oneof(
	fc.integer({min: -60, max: 60}).map((by): Action => ({type: 'moved', by})),
	fc.constantFrom('first' as const, 'last' as const).map((end): Action => ({type: 'movedTo', end})),
	fc.nat({max: 60}).map(count => loaded(count)),
	fc.nat({max: 60}).map((index): Action => ({type: 'containersChanged', changed: [], gone: [`id-c${index}`], nowMs})),
	fc.record({columns: fc.integer({min: 1, max: 200}), rows: fc.integer({min: 1, max: 70})}).map((size): Action => ({type: 'resized', size})),
	fc.constantFrom('', 'c1', 'nothing').map((text): Action => ({type: 'filterChanged', text})),
	fc.constantFrom<Action>({type: 'zoomToggled'}, {type: 'focusCycled', by: 1}, {type: 'entered'}, {type: 'leftBack'}, {type: 'movedByPage', pages: 1}, {type: 'movedByPage', pages: -0.5}),
	fc.record({x: fc.nat({max: 200}), y: fc.nat({max: 60})}).map(({x, y}): Action => ({type: 'pressed', x, y})),
);

test('whatever happens, the chosen row exists and is in sight', t => {
	fc.assert(fc.property(fc.array(anyAction, {maxLength: 25}), actions => {
		let state = stateAfter([]);
		for (const action of actions) {
			state = reducer(state, action);
			const items = visibleItems(state, 'containers');
			const {selectedIndex, selectedId, offset} = state.containers;
			if (items.length > 0 && (selectedId !== idOfItem('containers', items[selectedIndex]!, selectedIndex))) {
				return false;
			}

			const place = layoutOf(state).panes.find(({pane}) => pane === 'containers');
			const capacity = place === undefined ? 0 : listRows(place).capacity;
			if (items.length > 0 && capacity > 0 && (selectedIndex < offset || selectedIndex >= offset + capacity)) {
				return false;
			}
		}

		return true;
	}), {numRuns: 300});
	t.pass();
});

test('the question about a container goes with the container', t => {
	const asked: Action[] = [loaded(2), {type: 'removalAsked', target: 'container', id: 'id-c1', name: 'c1'}];
	t.is(stateAfter([...asked, {type: 'containersChanged', changed: [], gone: ['id-c0'], nowMs}]).overlay?.kind, 'confirm');
	t.is(stateAfter([...asked, {type: 'containersChanged', changed: [], gone: ['id-c1'], nowMs}]).overlay, undefined);
});
