/** Borders, header and footer: what fits where, at every width. */
import test from 'ava';
import fc from 'fast-check';
import type {Hint} from '../../source/keymap/keymap.js';
import {keysLine, messageLine} from '../../source/presentation/footer-line.js';
import {headerLine, type HeaderFacts} from '../../source/presentation/header-line.js';
import {centre, fitLine, lineWidth, spread, wrapLine, type Line} from '../../source/presentation/line.js';
import {paneLines, paragraph} from '../../source/presentation/pane-frame.js';
import {rowAge, untilAgeChanges} from '../../source/presentation/row-age.js';
import {nameTone, selectionMark} from '../../source/presentation/selection-mark.js';
import type {Message} from '../../source/state/app-state.js';
import {nowMs, stateAfter} from '../helpers/app-states.js';

const textOf = (line: Line) => line.map(({text}) => text).join('');
const hint = (shown: string, label: string, isDisabled = false): Hint => ({shown, label, isDisabled});
const hints = [hint('s', 'stop'), hint('S', 'start', true), hint('r', 'restart'), hint('/', 'filter'), hint('?', 'help'), hint('q', 'quit')];

const keys = test.macro({
	exec(t, width: number, expected: string) {
		const line = keysLine(hints, width);
		t.is(textOf(line).trimEnd(), expected);
		t.is(lineWidth(line), width);
	},
	title: (_, width: number) => `the keys at ${width} columns`,
});

test(keys, 80, ' s stop  S start  r restart  / filter  ? help  q quit');
test(keys, 55, ' s stop  S start  r restart  / filter  ? help  q quit');
test(keys, 54, ' s stop  S start  r restart  ? help  q quit');
test(keys, 40, ' s stop  S start  ? help  q quit');
test(keys, 20, ' ? help  q quit');
test(keys, 8, ' ? help');

test('a key that does nothing now looks so', t => {
	const line = keysLine(hints, 80);
	t.is(line.find(({text}) => text === 'S')?.tone, 'key.disabled');
	t.is(line.find(({text}) => text === 's')?.tone, 'key');
});

test('few keys are simply all there', t => {
	t.is(textOf(keysLine([hint('y', 'remove'), hint('n', 'keep')], 40)).trimEnd(), ' y remove  n keep');
});

const withMessage = (message: Omit<Message, 'number'>) => ({...stateAfter([]), message: {...message, number: 1}});

const message = test.macro({
	exec(t, given: Omit<Message, 'number'>, width: number, expected: string) {
		const line = messageLine(withMessage(given), width)!;
		t.is(textOf(line).trimEnd(), expected);
		t.is(lineWidth(line), width);
		t.is(line[1]?.tone, `message.${given.tone}`);
	},
	title: (_, given: Omit<Message, 'number'>, width: number) => `the ${given.tone} message ${JSON.stringify(given.text)} at ${width} columns${given.hint === undefined ? '' : `, with the hint ${given.hint}`}`,
});

test(message, {tone: 'good', text: 'web stopped'}, 40, ' ✓ web stopped');
test(message, {tone: 'bad', text: 'stop web: it is gone'}, 40, ' × stop web: it is gone');
test(message, {tone: 'warning', text: 'start: web is running'}, 40, ' ! start: web is running');
test(message, {tone: 'info', text: 'theme dark'}, 40, '   theme dark');
test(message, {tone: 'bad', text: 'it failed', hint: 'Try again.'}, 40, ' × it failed - Try again.');
test(message, {tone: 'bad', text: 'it failed', hint: 'Try again, later, when it is better.'}, 24, ' × it failed - Try again');
test(message, {tone: 'bad', text: 'a message that does not fit in here'}, 20, ' × a message that …');
test(message, {tone: 'bad', text: 'evil\u001B[2J\u0007\ntext'}, 40, ' × evil text');

test('with nothing to say there is no message line', t => {
	t.is(messageLine(stateAfter([]), 80), undefined);
});

test('a filter being typed is shown as it is, whatever it holds', t => {
	const line = messageLine(stateAfter([{type: 'filterOpened'}, {type: 'filterChanged', text: 'a\u001B[31mb'}]), 40)!;
	t.is(textOf(line).trimEnd(), ' filter containers: ab▏');
});

const facts: HeaderFacts = {engine: {label: 'local', version: '0.1.0', warnings: ['one']}, counts: {running: 3, paused: 1, stopped: 20}, images: 4};

test('the header drops the least important first', t => {
	const at = (width: number) => textOf(headerLine(facts, width));
	t.regex(at(120), /^ tug {2}local {2}0\.1\.0 .*! 1 notice .*● 3 running {2}‖ 1 paused {2}○ 20 stopped {2}4 images $/);
	t.notRegex(at(78), /0\.1\.0.*images/);
	t.regex(at(60), /● 3 running/);
	t.regex(at(30), /^ tug {2}local/);
	for (let width = 1; width <= 130; width++) {
		t.is(lineWidth(headerLine(facts, width)), width, String(width));
	}
});

test('the header shows where images are served', t => {
	const at = (width: number) => textOf(headerLine({...facts, registry: {status: 'on', url: 'http://127.0.0.1:5000'}}, width));
	t.regex(at(120), /^ tug {2}local {2}0\.1\.0 {2}registry 127\.0\.0\.1:5000 /);
	t.notRegex(at(60), /registry/);
	t.notRegex(textOf(headerLine({...facts, registry: {status: 'changing'}}, 120)), /registry/);
	for (let width = 1; width <= 130; width++) {
		t.is(lineWidth(headerLine({...facts, registry: {status: 'on', url: 'http://127.0.0.1:5000'}}, width)), width, String(width));
	}
});

test('before the engine answered the header says whose containers these are, and no more', t => {
	t.is(textOf(headerLine({engine: {label: 'local', version: '', warnings: []}, counts: undefined, images: undefined}, 60)).trim(), 'tug  local');
});

test('no pause is not worth a word; one image is one', t => {
	const text = textOf(headerLine({...facts, counts: {running: 0, paused: 0, stopped: 0}, images: 1}, 120));
	t.notRegex(text, /paused/);
	t.regex(text, /1 image $/);
});

const framed = test.macro({
	exec(t, width: number, height: number, expected: readonly string[]) {
		t.deepEqual(paneLines({width, height, isFocused: false, title: [{text: 'Title'}], note: [{text: '1 of 2'}], lines: [[{text: 'first'}], [{text: 'a second one'}]]}).map(line => textOf(line)), expected);
	},
	title: (_, width: number, height: number) => `a pane of ${width}x${height}`,
});

test(framed, 20, 4, ['╭─ Title ──────────╮', '│first             │', '│a second one      │', '╰───────── 1 of 2 ─╯']);
test(framed, 20, 3, ['╭─ Title ──────────╮', '│first             │', '╰───────── 1 of 2 ─╯']);
test(framed, 12, 4, ['╭─ Title ──╮', '│first     │', '│a second o│', '╰─ 1 of 2 ─╯']);
test(framed, 10, 3, ['╭─ Titl… ╮', '│first   │', '╰────────╯'].map((line, index) => (index === 0 ? '╭─ Tit… ─╮' : line)));
test(framed, 3, 3, ['╭─╮', '│f│', '╰─╯']);
test(framed, 1, 2, ['f', 'a']);

test('whatever is in it, a pane is exactly as wide and high as it should be', t => {
	fc.assert(fc.property(fc.integer({min: 2, max: 60}), fc.integer({min: 2, max: 12}), fc.array(fc.string({unit: 'grapheme', maxLength: 30}), {maxLength: 8}), fc.string({unit: 'grapheme', maxLength: 20}), (width, height, texts, title) => {
		const safe = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '');
		const lines = paneLines({width, height, isFocused: true, title: [{text: safe(title)}], lines: texts.map(text => [{text: safe(text)}])});
		t.is(lines.length, height);
		t.true(lines.every(line => lineWidth(line) === width), JSON.stringify({width, title, lines: lines.map(line => textOf(line))}));
	}));
});

test('a sentence breaks at its spaces', t => {
	t.deepEqual(paragraph('a few short words', 8), ['a few', 'short', 'words']);
	t.deepEqual(paragraph('unbreakable', 5), ['unbr…']);
	t.deepEqual(paragraph('', 5), ['']);
	t.deepEqual(paragraph('fits', 40), ['fits']);
});

test('lines are fitted, spread, wrapped and centred', t => {
	t.is(textOf(fitLine([{text: 'ab'}, {text: 'cd'}], 3)), 'abc');
	t.is(textOf(fitLine([{text: '漢字'}], 3)), '漢 ');
	t.is(textOf(spread([{text: 'left'}], [{text: 'right'}], 12)), 'left   right');
	t.is(textOf(spread([{text: 'left'}], [{text: 'right'}], 9)), 'left     ');
	t.deepEqual(wrapLine([{text: 'abc'}, {text: 'defg'}], 3).map(line => textOf(line)), ['abc', 'def', 'g']);
	t.deepEqual(wrapLine([], 3).map(line => textOf(line)), ['']);
	t.deepEqual(centre([[{text: 'ab'}]], {width: 6, height: 3}).map(line => textOf(line)), ['', '  ab']);
});

test('wrapping loses nothing that fits a row', t => {
	fc.assert(fc.property(fc.array(fc.string({unit: 'grapheme-ascii', maxLength: 20}), {maxLength: 5}), fc.integer({min: 2, max: 20}), (texts, width) => {
		const rows = wrapLine(texts.map(text => ({text})), width);
		t.is(rows.map(row => textOf(row)).join(''), texts.join(''));
		t.true(rows.every(row => lineWidth(row) <= width));
	}));
});

test('ages are written in the unit that fits, and tell when they change', t => {
	const age = (seconds: number) => rowAge(nowMs - seconds * 1000, nowMs);
	t.deepEqual([0, 59, 60, 3599, 3600, 86_400, 14 * 86_400].map(seconds => age(seconds)), ['<1m', '<1m', '1m', '59m', '1h', '24h', '2w']);
	t.is(rowAge(undefined, nowMs), '');
	t.is(untilAgeChanges([], nowMs), undefined);
	t.is(untilAgeChanges([nowMs - 59_000], nowMs), 1020);
	t.is(untilAgeChanges([nowMs - 30_000, nowMs - 45_000], nowMs), 15_020);
	t.is(untilAgeChanges([nowMs + 5000], nowMs), 60_020);
});

test('waiting as long as told changes an age, and not waiting so long does not', t => {
	fc.assert(fc.property(fc.integer({min: 0, max: 40 * 86_400_000}), ageMs => {
		const since = nowMs - ageMs;
		const wait = untilAgeChanges([since], nowMs)!;
		t.true(wait >= 1000 && wait <= 3_600_000);
		if (ageMs < 3_600_000 && wait > 1100) {
			t.is(rowAge(since, nowMs + wait - 1100), rowAge(since, nowMs));
			t.not(rowAge(since, nowMs + wait), rowAge(since, nowMs));
		}
	}));
});

test('the chosen row is marked by a sign, and its name by a tone', t => {
	t.deepEqual(selectionMark('none'), {text: ' '});
	t.deepEqual(selectionMark('focused'), {text: '▌', tone: 'border.focused'});
	t.deepEqual(selectionMark('unfocused'), {text: '▌', tone: 'border'});
	t.deepEqual((['none', 'focused', 'unfocused'] as const).map(selection => nameTone(selection)), ['text', 'selection', 'selection.unfocused']);
});
