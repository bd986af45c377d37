import test from 'ava';
import fc from 'fast-check';
import {keysLine, messageLine} from '../../source/presentation/footer-line.js';
import {headerLine} from '../../source/presentation/header-line.js';
import {fitLine, lineWidth, spread, wrapLine, type Line} from '../../source/presentation/line.js';
import {paneLines, paragraph} from '../../source/presentation/pane-frame.js';
import {hintsFor} from '../../source/keymap/keymap.js';
import {loaded, stateAfter} from '../helpers/app-states.js';

const textOf = (line: Line) => line.map(({text}) => text).join('');
const lines = fc.array(fc.array(fc.string({unit: 'grapheme', maxLength: 12}).map(text => ({text})), {maxLength: 5}), {maxLength: 8});

test('a pane is exactly its size, whatever is in it', t => {
	fc.assert(fc.property(lines, fc.integer({min: 1, max: 60}), fc.integer({min: 1, max: 12}), (content, width, height) => {
		const framed = paneLines({width, height, isFocused: true, title: [{text: 'A title 漢字 that is long'}], note: [{text: '1 of 2'}], lines: content});
		return framed.every(line => lineWidth(line) === width || width < 2 || height < 2) && (framed.length === height || height < 2 || width < 2);
	}), {numRuns: 300});
	t.pass();
});

test('title above, place below', t => {
	const framed = paneLines({width: 24, height: 3, isFocused: false, title: [{text: '1 Containers'}], note: [{text: '3 of 40'}], lines: [[{text: 'row'}]]});
	t.deepEqual(framed.map(line => textOf(line)), ['╭─ 1 Containers ───────╮', '│row                   │', '╰──────────── 3 of 40 ─╯']);
});

test('fitting and wrapping keep to the width', t => {
	fc.assert(fc.property(lines, fc.integer({min: 2, max: 30}), (content, width) => content.every(line => lineWidth(fitLine(line, width)) === width && wrapLine(line, width).every(row => lineWidth(row) <= width))), {numRuns: 300});
	t.pass();
});

test('the right part goes when there is no room', t => {
	t.is(textOf(spread([{text: 'left'}], [{text: 'right'}], 12)), 'left   right');
	t.is(textOf(spread([{text: 'left'}], [{text: 'right'}], 8)), 'left    ');
});

test('paragraphs break at spaces', t => {
	t.deepEqual(paragraph('one two three four', 9), ['one two', 'three', 'four']);
});

test('the header says whose containers these are, and drops parts as it gets narrow', t => {
	const facts = {engine: {label: 'local', version: '0.1.0', warnings: ['no cgroup']}, counts: {running: 3, paused: 1, stopped: 2}, images: 4};
	const at = (width: number) => textOf(headerLine(facts, width)).trim();
	t.is(at(100).replaceAll(/ {2,}/g, ' | '), 'tug | local | 0.1.0 | ! 1 notice | ● 3 running | ‖ 1 paused | ○ 2 stopped | 4 images');
	t.true(at(70).includes('2 stopped'));
	t.is(at(32).replaceAll(/ {2,}/g, ' | '), 'tug | local | ● 3 running');
	for (const width of [1, 5, 12, 20, 40, 80, 200]) {
		t.is(lineWidth(headerLine(facts, width)), width);
	}
});

test('the footer shows what fits, and always help and quit', t => {
	const hints = hintsFor(stateAfter([loaded(1)]));
	for (const width of [24, 40, 80, 200]) {
		const line = textOf(keysLine(hints, width));
		t.true(line.includes('? help') && line.includes('q quit'), `${width}`);
		t.is(lineWidth(keysLine(hints, width)), width);
	}
});

test('the message line carries what to do about it, and nothing a container could smuggle in', t => {
	const state = stateAfter([{type: 'messageShown', tone: 'bad', text: 'stop x\u001B[2J: no', hint: 'Try again.'}]);
	t.is(textOf(messageLine(state, 60)!).trimEnd(), ' × stop x: no - Try again.');
	t.is(messageLine(stateAfter([]), 60), undefined);
	const filtering = stateAfter([{type: 'filterOpened'}, {type: 'filterChanged', text: 'web'}]);
	t.is(textOf(messageLine(filtering, 60)!).trimEnd(), ' filter containers: web▏');
});
