import test from 'ava';
import type {Action} from '../../source/state/actions.js';
import {paneIds, type AppState, type PaneId} from '../../source/state/app-state.js';
import {reducer} from '../../source/state/reducer.js';
import {selectedItem} from '../../source/state/selectors.js';
import {image, loaded, stateAfter} from '../helpers/app-states.js';

const layer = (index: number) => ({DiffId: `sha256:${index}`, Size: index, CreatedBy: `RUN ${index}`, Created: 0, SharedWith: []});

const filled: readonly Action[] = [
	loaded(40),
	{type: 'imagesLoaded', images: Array.from({length: 30}, (_, index) => image(`image-${index}`))},
	{type: 'layersAsked', imageId: 'sha256:image-0'},
	{type: 'layersLoaded', imageId: 'sha256:image-0', layers: Array.from({length: 20}, (_, index) => layer(index))},
	{type: 'logsOpened', containerId: 'id-c0'},
	{type: 'logsAppended', containerId: 'id-c0', skipped: 0, lines: Array.from({length: 100}, (_, index) => ({stream: 'stdout' as const, time: '', text: `line ${index}`}))},
];

const chosen = (state: AppState) => ({
	containers: selectedItem(state, 'containers')?.name,
	images: selectedItem(state, 'images')?.name,
	layers: selectedItem(state, 'layers')?.DiffId,
});

const moving = test.macro({
	exec(t, pane: PaneId, actions: readonly Action[], expected: Partial<ReturnType<typeof chosen>>) {
		t.like(chosen(stateAfter([...filled, {type: 'focused', pane}, ...actions])), expected);
	},
	title: (_, pane: PaneId, actions: readonly Action[]) => `${pane}: ${actions.map(action => JSON.stringify(action)).join(' ')}`,
});

// Only the focused list moves.
test(moving, 'containers', [{type: 'moved', by: 1}], {containers: 'c1', images: 'image-0', layers: 'sha256:0'});
test(moving, 'images', [{type: 'moved', by: 2}], {containers: 'c0', images: 'image-2', layers: 'sha256:0'});
test(moving, 'layers', [{type: 'moved', by: 3}], {containers: 'c0', images: 'image-0', layers: 'sha256:3'});
test(moving, 'layers', [{type: 'movedTo', end: 'last'}], {layers: 'sha256:19'});
test(moving, 'images', [{type: 'movedByPage', pages: 1}], {images: 'image-5'});
test(moving, 'images', [{type: 'movedByPage', pages: 0.5}], {images: 'image-2'});
test(moving, 'images', [{type: 'movedTo', end: 'last'}, {type: 'movedByPage', pages: -1}], {images: 'image-24'});

// The mouse finds the pane under it.
test(moving, 'containers', [{type: 'pressed', x: 90, y: 4}], {containers: 'c0', images: 'image-1'});
test(moving, 'containers', [{type: 'wheeled', x: 90, y: 14, by: 3}], {containers: 'c0', layers: 'sha256:3'});
test(moving, 'containers', [{type: 'wheeled', x: 90, y: 39, by: 3}], {containers: 'c0', images: 'image-0', layers: 'sha256:0'});

test('a click gives its pane the focus', t => {
	const at = (x: number, y: number) => stateAfter([...filled, {type: 'pressed', x, y}]).focus;
	t.deepEqual([at(5, 5), at(100, 3), at(100, 15), at(60, 30)], ['containers', 'images', 'layers', 'logs']);
});

test('under a question neither clicks nor the wheel do anything', t => {
	const asking = stateAfter([...filled, {type: 'removalAsked', target: 'container', id: 'id-c0', name: 'c0'}]);
	t.is(reducer(asking, {type: 'pressed', x: 100, y: 5}).focus, 'containers');
	t.is(selectedItem(reducer(asking, {type: 'wheeled', x: 5, y: 5, by: 3}), 'containers')?.name, 'c0');
});

test('the wheel scrolls the log under it, wherever the focus is', t => {
	const state = stateAfter([...filled, {type: 'wheeled', x: 60, y: 30, by: -3}]);
	t.like(state.logs, {follow: false, lastShown: 96});
	t.is(state.focus, 'containers');
	t.true(reducer(state, {type: 'wheeled', x: 60, y: 30, by: 3}).logs.follow);
});

test('pages of the log are as high as its pane', t => {
	const state = stateAfter([...filled, {type: 'focused', pane: 'logs'}, {type: 'movedByPage', pages: -1}]);
	t.is(state.logs.lastShown, 99 - 14);
	t.is(stateAfter([...filled, {type: 'focused', pane: 'logs'}, {type: 'movedTo', end: 'first'}]).logs.lastShown, 14);
});

test('in the help, moving scrolls the help', t => {
	const state = stateAfter([...filled, {type: 'helpToggled'}, {type: 'moved', by: 5}, {type: 'moved', by: -2}]);
	t.deepEqual(state.overlay, {kind: 'help', offset: 3});
	t.is(selectedItem(state, 'containers')?.name, 'c0');
	t.deepEqual(reducer(state, {type: 'moved', by: -9}).overlay, {kind: 'help', offset: 0});
});

test('every pane can be reached and left by escape, without a loop', t => {
	for (const pane of paneIds) {
		let state = stateAfter([...filled, {type: 'focused', pane}, {type: 'zoomToggled'}, {type: 'filterOpened'}, {type: 'filterChanged', text: '1'}, {type: 'filterClosed', keep: true}]);
		for (let press = 0; press < 4; press++) {
			state = reducer(state, {type: 'leftBack'});
		}

		t.false(state.isZoomed);
		t.true(paneIds.every(id => state[id].filter === ''));
		t.true(state.focus === 'containers' || state.focus === 'images');
	}
});

test('scrolling sideways stops at the left edge and does nothing when wrapped', t => {
	const state = stateAfter([...filled, {type: 'focused', pane: 'logs'}, {type: 'scrolledSideways', by: 16}, {type: 'scrolledSideways', by: 16}]);
	t.is(state.logs.left, 32);
	t.is(reducer(state, {type: 'scrolledSideways', by: -100}).logs.left, 0);
	const wrapped = reducer(state, {type: 'wrapToggled'});
	t.is(wrapped.logs.left, 0);
	t.is(reducer(wrapped, {type: 'scrolledSideways', by: 16}).logs.left, 0);
});

test('another container\'s log starts afresh but keeps how it is read', t => {
	const state = stateAfter([...filled, {type: 'wrapToggled'}, {type: 'timestampsToggled'}, {type: 'focused', pane: 'logs'}, {type: 'moved', by: -5}, {type: 'filterChanged', text: 'line'}, {type: 'logsOpened', containerId: 'id-c1'}]);
	t.like(state.logs, {containerId: 'id-c1', lineCount: 0, dropped: 0, follow: true, wrap: true, timestamps: true, filter: '', status: 'loading'});
});

test('following can be held and taken up again', t => {
	const held = stateAfter([...filled, {type: 'followToggled'}]);
	t.like(held.logs, {follow: false, lastShown: 99});
	t.true(reducer(held, {type: 'followToggled'}).logs.follow);
});
