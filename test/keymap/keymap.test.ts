import test from 'ava';
import {helpPage} from '../../source/keymap/help-page.js';
import {keyGroups} from '../../source/keymap/key-groups.js';
import {actionForKey, actionForPaste, hintsFor} from '../../source/keymap/keymap.js';
import type {Action} from '../../source/state/actions.js';
import {paneIds, type Container} from '../../source/state/app-state.js';
import {reducer} from '../../source/state/reducer.js';
import {container, image, loaded, nowMs, stateAfter} from '../helpers/app-states.js';

const pressing = test.macro({
	exec(t, before: readonly Action[], key: string, expected: Action | undefined) {
		t.deepEqual(actionForKey(stateAfter(before), key), expected);
	},
	title: (_, before: readonly Action[], key: string) => `${key} after ${before.map(action => ('containers' in action ? action.containers.map(({state}) => state).join(' ') : action.type)).join(', ')}`,
});

const one = (state: Container['state']): Action => ({type: 'containersLoaded', nowMs, containers: [container('x', {state})]});
const warning = (text: string): Action => ({type: 'messageShown', tone: 'warning', text});

test(pressing, [one('running')], 's', {type: 'verbRequested', verb: 'stop', id: 'id-x'});
test(pressing, [one('exited')], 's', warning('stop: x is exited'));
test(pressing, [one('exited')], 'S', {type: 'verbRequested', verb: 'start', id: 'id-x'});
test(pressing, [one('running')], 'S', warning('start: x is running'));
test(pressing, [one('exited')], 'r', {type: 'verbRequested', verb: 'restart', id: 'id-x'});
test(pressing, [one('running')], 'p', {type: 'verbRequested', verb: 'pause', id: 'id-x'});
test(pressing, [one('paused')], 'p', {type: 'verbRequested', verb: 'unpause', id: 'id-x'});
test(pressing, [one('created')], 'p', warning('pause: x is created'));
test(pressing, [one('exited')], 'd', {type: 'removalConfirmed', target: 'container', id: 'id-x'});
test(pressing, [one('running')], 'd', {type: 'removalAsked', target: 'container', id: 'id-x', name: 'x'});
test(pressing, [one('paused')], 'd', {type: 'removalAsked', target: 'container', id: 'id-x', name: 'x'});
test(pressing, [one('running')], 'e', {type: 'shellRequested', id: 'id-x'});
test(pressing, [one('paused')], 'e', warning('shell: x is paused'));
test(pressing, [], 's', warning('stop: no container is chosen'));
test(pressing, [one('running'), {type: 'verbRequested', verb: 'stop', id: 'id-x'}], 's', warning('stop: x is busy (stop)'));
test(pressing, [one('running'), {type: 'focused', pane: 'images'}], 's', undefined);
test(pressing, [{type: 'imagesLoaded', images: [image('a:1')]}, {type: 'focused', pane: 'images'}], 'd', {type: 'removalAsked', target: 'image', id: 'a:1', name: 'a:1'});
test(pressing, [], 'q', {type: 'quitRequested'});
test(pressing, [], 'ctrl-c', {type: 'quitRequested'});
test(pressing, [], 'j', {type: 'moved', by: 1});
test(pressing, [], 'l', {type: 'focusCycled', by: 1});
test(pressing, [{type: 'focused', pane: 'logs'}], 'l', {type: 'scrolledSideways', by: 16});
test(pressing, [{type: 'focused', pane: 'logs'}, {type: 'wrapToggled'}], 'l', warning('right: lines are wrapped (w)'));
test(pressing, [], 'F9', undefined);

const asking: Action = {type: 'removalAsked', target: 'container', id: 'id-x', name: 'x'};
test(pressing, [one('running'), asking], 'y', {type: 'removalConfirmed', target: 'container', id: 'id-x'});
test(pressing, [one('running'), asking], 'n', {type: 'overlayClosed'});
test(pressing, [one('running'), asking], 'escape', {type: 'overlayClosed'});
test(pressing, [one('running'), asking], 's', undefined);
test(pressing, [one('running'), asking], 'ctrl-c', {type: 'quitRequested'});

test(pressing, [{type: 'filterOpened'}], 'q', {type: 'filterChanged', text: 'q'});
test(pressing, [{type: 'filterOpened'}, {type: 'filterChanged', text: 'ab'}], 'backspace', {type: 'filterChanged', text: 'a'});
test(pressing, [{type: 'filterOpened'}], 'backspace', {type: 'filterClosed', keep: false});
test(pressing, [{type: 'filterOpened'}, {type: 'filterChanged', text: 'one two'}], 'ctrl-w', {type: 'filterChanged', text: 'one '});
test(pressing, [{type: 'filterOpened'}], 'space', {type: 'filterChanged', text: ' '});
test(pressing, [{type: 'filterOpened'}], 'enter', {type: 'filterClosed', keep: true});
test(pressing, [{type: 'filterOpened'}], 'escape', {type: 'filterClosed', keep: false});
test(pressing, [{type: 'filterOpened'}], 'f5', undefined);

test(pressing, [{type: 'helpToggled'}], '?', {type: 'overlayClosed'});

test('a paste goes into the filter, and nowhere else', t => {
	t.is(actionForPaste(stateAfter([loaded(1)]), 'dd'), undefined);
	t.deepEqual(actionForPaste(stateAfter([{type: 'filterOpened'}]), 'web\n-1\u001B'), {type: 'filterChanged', text: 'web -1'});
});

test('no key means two things in one pane', t => {
	for (const pane of paneIds) {
		const keys = keyGroups.flatMap(({bindings}) => bindings).filter(({panes}) => panes === undefined || panes.includes(pane)).flatMap(({keys}) => keys);
		t.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), [], pane);
	}
});

test('every key has words for the help', t => {
	for (const {shown, label, description} of keyGroups.flatMap(({bindings}) => bindings)) {
		t.true(shown !== '' && label !== '' && description.length > 2 && description.length <= 60, description);
	}
});

test('keys that do nothing now are shown as such', t => {
	const hints = hintsFor(stateAfter([one('exited')]));
	t.true(hints.find(({label}) => label === 'stop')?.isDisabled);
	t.false(hints.find(({label}) => label === 'start')?.isDisabled);
	t.is(hints.at(-1)?.label, 'quit');
});

const shownHints = (actions: readonly Action[]) => hintsFor(stateAfter(actions)).map(({label}) => label);

test('with nothing to act on the footer shows what does work', t => {
	t.deepEqual(shownHints([{type: 'containersLoaded', nowMs, containers: []}]), ['demo', 'filter', 'open', 'pane', 'zoom', 'help', 'quit']);
	t.false(shownHints([]).includes('demo'), 'nobody knows yet whether there are any');
});

test('a list with containers does not offer the demo', t => {
	t.deepEqual(shownHints([one('running')]), ['stop', 'start', 'restart', 'pause', 'remove', 'shell', 'filter', 'open', 'pane', 'zoom', 'help', 'quit']);
});

test('in the logs the keys of the logs come first', t => {
	t.deepEqual(shownHints([one('running'), {type: 'logsOpened', containerId: 'id-x'}, {type: 'focused', pane: 'logs'}]).slice(0, 6), ['follow', 'wrap', 'times', 'filter', 'stop', 'start']);
});

test('the help scrolls no further than its end, and back from there at once', t => {
	const small = {columns: 80, rows: 24};
	let state = stateAfter([{type: 'helpToggled'}], small);
	const press = (key: string) => {
		const action = actionForKey(state, key);
		state = action === undefined ? state : reducer(state, action);
		return state.overlay?.kind === 'help' ? state.overlay.offset : undefined;
	};

	t.is(press('up'), 0);
	t.is(press('down'), 1);
	t.is(press('k'), 0);
	const {total} = helpPage(small, 0);
	const end = press('G')!;
	t.is(end, total - 20);
	t.is(press('pagedown'), end);
	t.is(press('down'), end);
	t.is(press('up'), end - 1);
	t.is(press('g'), 0);
	t.is(press('?'), undefined);
});

test('a help that fits does not scroll', t => {
	t.deepEqual(actionForKey(stateAfter([{type: 'helpToggled'}], {columns: 120, rows: 40}), 'down'), {type: 'moved', by: 0});
});
