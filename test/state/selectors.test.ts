import test from 'ava';
import {containerInView, countStates, matches, usersOf, visibleItems} from '../../source/state/selectors.js';
import {container, image, loaded, nowMs, stateAfter} from '../helpers/app-states.js';

const match = test.macro({
	exec(t, text: string, filter: string, expected: boolean) {
		t.is(matches(text, filter), expected);
	},
	title: (_, text: string, filter: string) => `"${filter}" in "${text}"`,
});

test(match, 'web-1 nginx', 'WEB', false);
test(match, 'WEB-1 nginx', 'web', true);
test(match, 'web-1 nginx running', 'run web', true);
test(match, 'web-1 nginx', 'web api', false);
test(match, 'anything', '', true);

test('the filtered list is computed once', t => {
	const state = stateAfter([loaded(100), {type: 'filterChanged', text: 'c1'}]);
	t.is(visibleItems(state, 'containers'), visibleItems(state, 'containers'));
});

test('restarting counts as running, dead and created as stopped', t => {
	t.deepEqual(countStates(['running', 'restarting', 'paused', 'exited', 'dead', 'created', 'removing'].map((state, index) => container(`c${index}`, {state: state as 'running'}))), {running: 2, paused: 1, stopped: 4});
});

test('how many containers use an image', t => {
	const state = stateAfter([{type: 'containersLoaded', nowMs, containers: [container('a', {imageId: 'sha256:x'}), container('b', {imageId: 'sha256:x'}), container('c', {imageId: 'sha256:y'})]}]);
	t.is(usersOf(state, image('x')), 2);
	t.is(usersOf(state, image('z')), 0);
});

test('in the log, keys are about the container whose log it is', t => {
	const state = stateAfter([loaded(3), {type: 'logsOpened', containerId: 'id-c2'}, {type: 'focused', pane: 'logs'}]);
	t.is(containerInView(state)?.name, 'c2');
	t.is(containerInView({...state, focus: 'containers'})?.name, 'c0');
});
