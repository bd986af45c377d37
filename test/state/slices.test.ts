/** What each action does to its part of the state, and that it leaves the others alone. */
import test from 'ava';
import fc from 'fast-check';
import type {Action} from '../../source/state/actions.js';
import {paneIds, type AppState, type LogLine} from '../../source/state/app-state.js';
import {reducer} from '../../source/state/reducer.js';
import {container, image, keyDown, loaded, nowMs, stateAfter} from '../helpers/app-states.js';

const layer = (id: string) => ({DiffId: `sha256:${id}`, Size: 1, CreatedBy: `RUN ${id}`, Created: 0, SharedWith: []});
const line = (text: string): LogLine => ({stream: 'stdout', time: '', text});
const problem = {message: 'it broke', hint: 'Mend it.'};

function changedParts(before: AppState, after: AppState): string[] {
	return (Object.keys(after) as Array<keyof AppState>).filter(part => after[part] !== before[part]);
}

const touches = test.macro({
	exec(t, before: readonly Action[], action: Action, parts: ReadonlyArray<keyof AppState>) {
		const state = stateAfter(before);
		t.deepEqual(changedParts(state, reducer(state, action)).sort(), [...parts].sort());
	},
	title: (_, before: readonly Action[], action: Action, parts: ReadonlyArray<keyof AppState>) => `${JSON.stringify(action).slice(0, 90)} after ${before.map(({type}) => type).join(', ') || 'nothing'} changes ${parts.join(', ') || 'nothing'}`,
});

test(touches, [], loaded(2), ['containers']);
test(touches, [loaded(2)], {type: 'containersFailed', problem}, []);
test(touches, [], {type: 'containersFailed', problem}, ['containers']);
test(touches, [], {type: 'imagesFailed', problem}, ['images']);
test(touches, [{type: 'imagesLoaded', images: [image('a')]}], {type: 'imagesFailed', problem}, []);
test(touches, [], {type: 'imagesLoaded', images: [image('a')]}, ['images']);
test(touches, [], {type: 'layersAsked', imageId: 'a'}, ['layers']);
test(touches, [{type: 'layersAsked', imageId: 'a'}], {type: 'layersAsked', imageId: 'a'}, []);
test(touches, [{type: 'layersAsked', imageId: 'a'}], {type: 'layersLoaded', imageId: 'b', layers: [layer('1')]}, []);
test(touches, [{type: 'layersAsked', imageId: 'a'}], {type: 'layersLoaded', imageId: 'a', layers: [layer('1')]}, ['layers']);
test(touches, [{type: 'layersAsked', imageId: 'a'}], {type: 'layersFailed', imageId: 'b', problem}, []);
test(touches, [{type: 'logsOpened', containerId: 'a'}], {type: 'logsAppended', containerId: 'b', lines: [line('x')], skipped: 0}, []);
test(touches, [{type: 'logsOpened', containerId: 'a'}], {type: 'logsAppended', containerId: 'a', lines: [line('x')], skipped: 0}, ['logs']);
test(touches, [{type: 'logsOpened', containerId: 'a'}], {type: 'logsEnded', containerId: 'b'}, []);
test(touches, [{type: 'logsOpened', containerId: 'a'}], {type: 'logsFailed', containerId: 'b', problem}, []);
test(touches, [], {type: 'focused', pane: 'logs'}, ['focus']);
test(touches, [], {type: 'zoomToggled'}, ['isZoomed']);
test(touches, [], {type: 'helpToggled'}, ['overlay']);
test(touches, [], {type: 'overlayClosed'}, []);
test(touches, [], {type: 'filterOpened'}, ['overlay']);
test(touches, [], {type: 'filterClosed', keep: true}, []);
test(touches, [], {type: 'mouseToggled'}, ['mouse', 'message']);
test(touches, [], {type: 'themeChanged', name: 'light'}, ['themeName']);
test(touches, [], {type: 'ticked', nowMs: nowMs + 1}, ['nowMs']);
test(touches, [], {type: 'messageShown', tone: 'bad', text: 'x'}, ['message']);
test(touches, [], {type: 'messageExpired', number: 7}, []);
test(touches, [], {type: 'demoRequested'}, ['demo', 'message']);
test(touches, [{type: 'demoRequested'}], {type: 'demoRequested'}, []);
test(touches, [{type: 'demoRequested'}], {type: 'demoFinished'}, ['demo', 'message']);
test(touches, [], {type: 'wrapToggled'}, ['logs']);
test(touches, [], {type: 'timestampsToggled'}, ['logs']);
test(touches, [{type: 'wrapToggled'}], {type: 'scrolledSideways', by: 16}, []);
test(touches, [], {type: 'scrolledSideways', by: 16}, ['logs']);
test(touches, [], {type: 'copyRequested', text: 'x', what: 'x'}, []);
test(touches, [], {type: 'shellRequested', id: 'x'}, []);
test(touches, [], {type: 'refreshRequested'}, []);
test(touches, [], {type: 'stopRequested'}, []);
test(touches, [], {type: 'quitRequested'}, []);
test(touches, [loaded(2)], {type: 'verbRequested', verb: 'stop', id: 'id-c0'}, ['containers']);
test(touches, [loaded(2)], {type: 'removalAsked', target: 'container', id: 'id-c0', name: 'c0'}, ['overlay']);
test(touches, [{type: 'filterOpened'}], {type: 'pressed', x: 1, y: 5}, []);
test(touches, [{type: 'helpToggled'}], {type: 'wheeled', x: 1, y: 5, by: 3}, []);

test('what is being done to a container is known until it is done, or the container gone', t => {
	const asked: Action[] = [loaded(3), {type: 'verbRequested', verb: 'stop', id: 'id-c1'}];
	t.deepEqual(stateAfter(asked).containers.busy, {'id-c1': 'stop'});
	t.deepEqual(stateAfter([...asked, {type: 'verbRequested', verb: 'pause', id: 'id-c2'}]).containers.busy, {'id-c1': 'stop', 'id-c2': 'pause'});
	t.deepEqual(stateAfter([...asked, {type: 'verbFinished', id: 'id-c1', message: 'c1 stopped'}]).containers.busy, {});
	t.deepEqual(stateAfter([...asked, {type: 'containersChanged', changed: [], gone: ['id-c1'], nowMs}]).containers.busy, {});
	t.deepEqual(stateAfter([loaded(1), {type: 'removalConfirmed', target: 'container', id: 'id-c0'}]).containers.busy, {'id-c0': 'remove'});
	t.deepEqual(stateAfter([loaded(1), {type: 'removalConfirmed', target: 'image', id: 'a:1'}]).containers.busy, {});
});

test('how a verb ended is told: good, or bad with what to do', t => {
	const good = stateAfter([loaded(1), {type: 'verbFinished', id: 'id-c0', message: 'c0 stopped'}]);
	t.like(good.message, {tone: 'good', text: 'c0 stopped'});
	t.is(good.message?.hint, undefined);
	const bad = stateAfter([loaded(1), {type: 'verbFinished', id: 'id-c0', message: '', problem}]);
	t.like(bad.message, {tone: 'bad', text: 'it broke', hint: 'Mend it.'});
});

test('messages are numbered, so that an old one\'s end does not take a new one away', t => {
	const state = stateAfter([{type: 'messageShown', tone: 'info', text: 'a'}, {type: 'messageShown', tone: 'info', text: 'b'}]);
	const first = state.message!.number - 1;
	t.is(reducer(state, {type: 'messageExpired', number: first}).message?.text, 'b');
	t.is(reducer(state, {type: 'messageExpired', number: first + 1}).message, undefined);
});

test('a filter belongs to its pane; closing keeps it or clears it', t => {
	for (const pane of paneIds) {
		const typed: Action[] = [{type: 'focused', pane}, {type: 'filterOpened'}, {type: 'filterChanged', text: 'x'}];
		t.is(stateAfter(typed)[pane].filter, 'x');
		t.true(paneIds.filter(other => other !== pane).every(other => stateAfter(typed)[other].filter === ''), pane);
		t.is(stateAfter([...typed, {type: 'filterClosed', keep: true}])[pane].filter, 'x');
		t.is(stateAfter([...typed, {type: 'filterClosed', keep: false}])[pane].filter, '');
		t.is(stateAfter([...typed, {type: 'filterClosed', keep: true}, {type: 'leftBack'}])[pane].filter, '', 'escape clears it later');
	}
});

test('escape undoes one thing at a time', t => {
	let state = stateAfter([loaded(2), {type: 'entered'}, {type: 'zoomToggled'}, {type: 'filterOpened'}, {type: 'filterChanged', text: 'x'}, {type: 'filterClosed', keep: true}]);
	const steps: Array<readonly [string, boolean, string]> = [];
	for (let press = 0; press < 3; press++) {
		state = reducer(state, {type: 'leftBack'});
		steps.push([state.logs.filter, state.isZoomed, state.focus]);
	}

	t.deepEqual(steps, [['', true, 'logs'], ['', false, 'logs'], ['', false, 'containers']]);
});

test('opening another log starts at its end, and forgets the filter and the place of the one before', t => {
	const read: Action[] = [{type: 'logsOpened', containerId: 'a'}, {type: 'logsAppended', containerId: 'a', lines: Array.from({length: 50}, (_, index) => line(String(index))), skipped: 0}, {type: 'focused', pane: 'logs'}, {type: 'moved', by: -10}, {type: 'wrapToggled'}, {type: 'timestampsToggled'}];
	t.false(stateAfter(read).logs.follow);
	const {logs} = stateAfter([...read, {type: 'logsOpened', containerId: 'b'}]);
	t.like(logs, {follow: true, filter: '', left: 0, lineCount: 0, dropped: 0, wrap: true, timestamps: true, status: 'loading'});
	t.is(stateAfter([{type: 'logsOpened', containerId: undefined}]).logs.status, 'none');
});

test('lines let go are counted, also those that never came', t => {
	const {logs} = stateAfter([
		{type: 'logsOpened', containerId: 'a'},
		{type: 'logsAppended', containerId: 'a', lines: [line('1'), line('2')], skipped: 0},
		{type: 'logsAppended', containerId: 'a', lines: [line('9')], skipped: 6},
	]);
	t.like(logs, {dropped: 8, lineCount: 1});
});

test('containers come newest first, and those made in the same second by name', t => {
	const {containers} = stateAfter([{type: 'containersLoaded', nowMs, containers: [container('b', {createdMs: 5}), container('old', {createdMs: 1}), container('a', {createdMs: 5}), container('new', {createdMs: 9})]}]);
	t.deepEqual(containers.items.status === 'ready' && containers.items.value.map(({name}) => name), ['new', 'a', 'b', 'old']);
});

test('what changed replaces what was there, and the rest stays the same object', t => {
	const before = stateAfter([loaded(3)]);
	const after = reducer(before, {type: 'containersChanged', changed: [container('c1', {state: 'exited', createdMs: nowMs - 1000})], gone: ['id-c2'], nowMs});
	const [old, now] = [before, after].map(({containers}) => (containers.items.status === 'ready' ? containers.items.value : []));
	t.deepEqual(now!.map(({name, state}) => `${name} ${state}`), ['c0 running', 'c1 exited']);
	t.is(now![0], old![0]);
});

test('whatever happens in whatever order, what is chosen exists and is in sight, and nothing is thrown', t => {
	const pane = fc.constantFrom(...paneIds);
	const id = fc.constantFrom('id-c0', 'id-c1', 'id-c7', 'nobody');
	const action: fc.Arbitrary<Action> = fc.oneof(
		fc.integer({min: 0, max: 40}).map(count => loaded(count)),
		fc.record({type: fc.constant('moved' as const), by: fc.integer({min: -50, max: 50})}),
		fc.record({type: fc.constant('movedByPage' as const), pages: fc.constantFrom(-1, -0.5, 0.5, 1)}),
		fc.record({type: fc.constant('movedTo' as const), end: fc.constantFrom('first' as const, 'last' as const)}),
		fc.record({type: fc.constant('focused' as const), pane}),
		fc.record({type: fc.constant('pressed' as const), x: fc.nat({max: 130}), y: fc.nat({max: 45})}),
		fc.record({type: fc.constant('wheeled' as const), x: fc.nat({max: 130}), y: fc.nat({max: 45}), by: fc.constantFrom(-3, 3)}),
		fc.record({type: fc.constant('filterChanged' as const), text: fc.constantFrom('', 'c', 'c1', 'nothing')}),
		fc.record({type: fc.constant('resized' as const), size: fc.record({columns: fc.integer({min: 1, max: 220}), rows: fc.integer({min: 1, max: 60})})}),
		fc.record({type: fc.constant('containersChanged' as const), changed: fc.constant([]), gone: fc.array(id), nowMs: fc.constant(nowMs)}),
		fc.record({type: fc.constant('logsAppended' as const), containerId: fc.constant('id-c0'), lines: fc.array(fc.string().map(text => line(text)), {maxLength: 30}), skipped: fc.nat({max: 3})}),
		fc.constantFrom<Action>(keyDown, {type: 'entered'}, {type: 'leftBack'}, {type: 'zoomToggled'}, {type: 'filterOpened'}, {type: 'filterClosed', keep: true}, {type: 'filterClosed', keep: false}, {type: 'helpToggled'}, {type: 'followToggled'}, {type: 'wrapToggled'}, {type: 'focusCycled', by: 1}, {type: 'focusCycled', by: -1}, {type: 'logsOpened', containerId: 'id-c0'}, {type: 'logsOpened', containerId: undefined}, {type: 'imagesLoaded', images: [image('a'), image('b')]}, {type: 'layersAsked', imageId: 'sha256:a'}, {type: 'layersLoaded', imageId: 'sha256:a', layers: [layer('1'), layer('2'), layer('2')]}),
	);
	fc.assert(fc.property(fc.array(action, {maxLength: 40}), actions => {
		const {containers} = stateAfter(actions);
		if (containers.items.status === 'ready') {
			const shown = containers.items.value.filter(({name}) => name.includes(containers.filter === '' ? '' : 'c'));
			t.true(containers.selectedIndex >= 0);
			t.true(containers.offset >= 0 && containers.offset <= Math.max(0, containers.selectedIndex));
			t.true(shown.length === 0 || containers.selectedIndex < containers.items.value.length);
		}
	}), {numRuns: 400});
});
