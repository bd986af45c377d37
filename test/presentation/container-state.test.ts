import test from 'ava';
import {stateMark} from '../../source/presentation/container-state.js';
import {nameTone, selectionMark} from '../../source/presentation/selection-mark.js';
import type {Container, Verb} from '../../source/state/app-state.js';
import {textWidth} from '../../source/presentation/graphemes.js';

type Facts = Pick<Container, 'state' | 'exitCode' | 'health'>;

const mark = test.macro({
	exec(t, facts: Partial<Facts>, busy: Verb | undefined, expected: string) {
		const {glyph, word, tone} = stateMark({state: 'running', exitCode: undefined, health: undefined, ...facts}, busy);
		t.is(`${glyph} ${word} ${tone}`, expected);
		t.is(textWidth(glyph), 1);
		t.true(textWidth(word) <= 11);
	},
	title: (_, facts, busy) => `${JSON.stringify(facts)} ${busy ?? ''}`,
});

test(mark, {}, undefined, '● running state.running');
test(mark, {health: 'healthy'}, undefined, '● healthy state.running');
test(mark, {health: 'unhealthy'}, undefined, '● unhealthy state.failed');
test(mark, {health: 'starting'}, undefined, '● starting state.paused');
test(mark, {state: 'paused'}, undefined, '‖ paused state.paused');
test(mark, {state: 'created'}, undefined, '· created state.created');
test(mark, {state: 'restarting'}, undefined, '◌ restarting state.changing');
test(mark, {state: 'removing'}, undefined, '◌ removing state.changing');
test(mark, {state: 'dead'}, undefined, '× dead state.failed');
test(mark, {state: 'exited'}, undefined, '○ exited state.exited');
test(mark, {state: 'exited', exitCode: 0}, undefined, '○ exited 0 state.exited');
test(mark, {state: 'exited', exitCode: 255}, undefined, '× exited 255 state.failed');

// What is being done to it is more than what it is.
test(mark, {}, 'stop', '◌ stopping… state.changing');
test(mark, {state: 'exited', exitCode: 1}, 'start', '◌ starting… state.changing');
test(mark, {}, 'restart', '◌ restarting… state.changing');
test(mark, {}, 'pause', '◌ pausing… state.changing');
test(mark, {state: 'paused'}, 'unpause', '◌ resuming… state.changing');
test(mark, {state: 'exited', exitCode: 0}, 'remove', '◌ removing… state.changing');

test('the chosen row has a sign of its own', t => {
	t.is(selectionMark('none').text, ' ');
	t.is(selectionMark('focused').text, '▌');
	t.is(selectionMark('unfocused').text, '▌');
	t.not(selectionMark('focused').tone, selectionMark('unfocused').tone);
	t.is(new Set([nameTone('none'), nameTone('focused'), nameTone('unfocused')]).size, 3);
});
