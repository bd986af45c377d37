/** Rows of the lists, as tables: what is in them, and that they are exactly as wide as the pane. */
import test from 'ava';
import {headingLine} from '../../source/presentation/columns.js';
import {containerColumns, containerRow} from '../../source/presentation/container-row.js';
import {stateMark} from '../../source/presentation/container-state.js';
import {imageColumns, imageRow, shortId} from '../../source/presentation/image-row.js';
import {layerColumns, layerRow, madeBy} from '../../source/presentation/layer-row.js';
import {lineWidth, type Line} from '../../source/presentation/line.js';
import {rowAge, untilAgeChanges} from '../../source/presentation/row-age.js';
import type {Container, Verb} from '../../source/state/app-state.js';
import {container, image, nowMs} from '../helpers/app-states.js';

const textOf = (line: Line) => line.map(({text}) => text).join('');

const containerTable = test.macro({
	exec(t, width: number, options: Partial<Container>, busy: Verb | undefined, expected: string) {
		const row = containerRow(container('web-1', options), containerColumns(width, {hasPorts: true}), {busy, selection: 'focused', nowMs});
		t.is(textOf(row).trimEnd(), expected);
		t.is(lineWidth(row), width);
	},
	title: (_, width, options, busy) => `container at ${width}: ${JSON.stringify(options)} ${busy ?? ''}`,
});

test(containerTable, 78, {}, undefined, '▌ ● running     web-1              busybox:1.37           3m');
test(containerTable, 78, {ports: '8080→80'}, undefined, '▌ ● running     web-1              busybox:1.37           3m 8080→80');
test(containerTable, 38, {}, undefined, '▌ ● running     web-1               3m');
test(containerTable, 28, {}, undefined, '▌ ● running     web-1');
test(containerTable, 38, {state: 'exited', exitCode: 137}, undefined, '▌ × exited 137  web-1               3m');
test(containerTable, 38, {state: 'exited', exitCode: 0}, undefined, '▌ ○ exited 0    web-1               3m');
test(containerTable, 38, {state: 'paused'}, undefined, '▌ ‖ paused      web-1               3m');
test(containerTable, 38, {state: 'created', sinceMs: undefined}, undefined, '▌ · created     web-1               1h');
test(containerTable, 38, {}, 'stop', '▌ ◌ stopping…   web-1               3m');
test(containerTable, 38, {health: 'unhealthy'}, undefined, '▌ ● unhealthy   web-1               3m');
test(containerTable, 38, {name: 'a-very-long-name-of-a-container'}, undefined, '▌ ● running     a-very-long-name…   3m');
test(containerTable, 38, {name: '漢字漢字漢字漢字漢字'}, undefined, '▌ ● running     漢字漢字漢字漢字…   3m');
test(containerTable, 198, {}, undefined, '▌ ● running     web-1                                         busybox:1.37                                      3m                           sh -c "sleep 1000"');

test('without ports to show, their column is left to the others', t => {
	const at = (hasPorts: boolean) => textOf(headingLine(containerColumns(90, {hasPorts})));
	t.regex(at(true), /PORTS/);
	t.notRegex(at(false), /PORTS/);
	t.regex(at(false), /COMMAND/);
});

test('no two states look alike without colour', t => {
	const states = ['created', 'restarting', 'running', 'paused', 'exited', 'removing', 'dead'] as const;
	const marks = states.map(state => stateMark({state, exitCode: 0, health: undefined})).map(({glyph, word}) => glyph + word);
	t.is(new Set(marks).size, states.length);
	t.not(stateMark({state: 'exited', exitCode: 1, health: undefined}).glyph, stateMark({state: 'exited', exitCode: 0, health: undefined}).glyph);
});

test('headings stand over their columns', t => {
	for (const width of [20, 38, 70, 78, 120, 198]) {
		t.is(lineWidth(headingLine(containerColumns(width, {hasPorts: true}))), Math.max(width, 26), `${width}`);
	}
});

const imageTable = test.macro({
	exec(t, width: number, name: string, users: number, expected: string) {
		const row = imageRow(image(name), imageColumns(width), {users, selection: 'none', nowMs});
		t.is(textOf(row).trimEnd(), expected);
		t.is(lineWidth(row), width);
	},
	title: (_, width: number, name: string, users: number) => `image ${name} with ${users} users at ${width}`,
});

test(imageTable, 48, 'busybox:1.37', 3, '  busybox:1.37                 24h    ×3   4.2MB');
test(imageTable, 38, 'busybox:1.37', 0, '  busybox:1.37       24h     -   4.2MB');
test(imageTable, 62, 'busybox:1.37', 1009, '  busybox:1.37                 busybox:1.37  24h ×1009   4.2MB');
test(imageTable, 27, 'busybox:1.37', 2, '  busybox:1.37        4.2MB');

test('a layer row names the layer, its size, who shares it and the command', t => {
	const layer = {DiffId: `sha256:${'ab'.repeat(32)}`, Size: 3_100_000, CreatedBy: '/bin/sh -c #(nop) ADD file:1 in / ', Created: 0, SharedWith: ['a', 'b']};
	t.is(textOf(layerRow(layer, layerColumns(78), {number: 1, selection: 'none'})).trimEnd(), '   1 abababababab   3.1MB     +2 ADD file:1 in /');
	t.is(lineWidth(layerRow(layer, layerColumns(30), {number: 1, selection: 'none'})), Math.max(30, 1 + 12 + 7 + 18 + 3));
});

const command = test.macro({
	exec(t, createdBy: string, expected: string) {
		t.is(madeBy(createdBy), expected);
	},
	title: (_, createdBy: string) => `made by ${JSON.stringify(createdBy)}`,
});

test(command, '/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]');
test(command, '/bin/sh -c apt-get update', 'RUN apt-get update');
test(command, 'RUN /bin/sh -c apt-get update # buildkit', 'RUN apt-get update');
test(command, 'COPY a b # buildkit', 'COPY a b');
test(command, 'RUN |1 A=b /bin/sh -c echo $A', 'RUN echo $A');
test(command, '', '(not said)');
test(command, 'RUN evil \u001B[31m\ttext\nmore', 'RUN evil text more');

test('ids are cut to twelve digits', t => {
	t.is(shortId(`sha256:${'0123456789abcdef'.repeat(4)}`), '0123456789ab');
});

test('ages do not change every second', t => {
	t.is(rowAge(nowMs - 59_000, nowMs), '<1m');
	t.is(rowAge(nowMs - 61_000, nowMs), '1m');
	t.is(rowAge(undefined, nowMs), '');
});

test('the clock wakes when the next age is written differently, and not before', t => {
	t.is(untilAgeChanges([], nowMs), undefined);
	for (const age of [5000, 59_990, 60_000, 119_000, 3_599_000]) {
		const delay = untilAgeChanges([nowMs - age], nowMs)!;
		t.not(rowAge(nowMs - age, nowMs), rowAge(nowMs - age, nowMs + delay), `${age}`);
		t.true(delay <= 60_020);
	}

	t.true(untilAgeChanges([nowMs - 5 * 86_400_000], nowMs)! > 60_000);
	t.is(untilAgeChanges([nowMs - 5000, nowMs - 86_400_000], nowMs), 55_020);
});
