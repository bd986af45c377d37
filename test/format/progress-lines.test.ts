import test from 'ava';
import xterm from '@xterm/headless';
import type {ProgressMessage} from '../../engine/index.js';
import {bar, plainProgress, terminalProgress} from '../../source/format/progress-lines.js';

const MB = 1_000_000;
const pull: readonly ProgressMessage[] = [
	{status: 'Pulling from library/debian', id: 'latest'},
	{status: 'Pulling fs layer', id: 'aaa', progressDetail: {}},
	{status: 'Pulling fs layer', id: 'bbb', progressDetail: {}},
	{status: 'Downloading', id: 'aaa', progressDetail: {current: 1.5 * MB, total: 3 * MB}},
	{status: 'Downloading', id: 'bbb', progressDetail: {current: 20 * MB, total: 40 * MB}},
	{status: 'Pull complete', id: 'aaa', progressDetail: {}},
	{status: 'Extracting', id: 'bbb', progressDetail: {current: 40 * MB, total: 40 * MB}},
	{status: 'Pull complete', id: 'bbb', progressDetail: {}},
	{status: 'Digest: sha256:1'},
	{progressDetail: {}, aux: {Digest: 'sha256:1'}},
	{status: 'Status: Downloaded newer image for debian:latest'},
];

test('a pipe gets what is not merely a step on the way', t => {
	const lines = plainProgress();
	t.is(pull.map(message => lines.next(message)).join(''), [
		'latest: Pulling from library/debian',
		'aaa: Pulling fs layer',
		'bbb: Pulling fs layer',
		'aaa: Pull complete',
		'bbb: Pull complete',
		'Digest: sha256:1',
		'Status: Downloaded newer image for debian:latest',
		'',
	].join('\n'));
});

/** What stands on a terminal after the messages. */
async function screen(messages: readonly ProgressMessage[], columns = 120, rows = 24): Promise<string[]> {
	const terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, convertEol: true});
	const lines = terminalProgress(() => columns);
	for (const message of messages) {
		await new Promise<void>(resolve => {
			terminal.write(lines.next(message), resolve);
		});
	}

	const {active} = terminal.buffer;
	return Array.from({length: active.length}, (_, row) => active.getLine(row)!.translateToString(true)).join('\n').trimEnd().split('\n');
}

test('on a terminal each layer has its line, rewritten in place', async t => {
	t.deepEqual(await screen(pull.slice(0, 5)), [
		'latest: Pulling from library/debian',
		`aaa: Downloading [${'='.repeat(24)}>${' '.repeat(25)}]    1.5MB/3MB`,
		`bbb: Downloading [${'='.repeat(24)}>${' '.repeat(25)}]     20MB/40MB`,
	]);
	t.deepEqual(await screen(pull), [
		'latest: Pulling from library/debian',
		'aaa: Pull complete',
		'bbb: Pull complete',
		'Digest: sha256:1',
		'Status: Downloaded newer image for debian:latest',
	]);
});

test('two images one after the other don\'t write over each other', async t => {
	t.deepEqual(await screen([...pull, ...pull]), [...await screen(pull), ...await screen(pull)]);
});

test('a narrow terminal gets no bar, and no line that wraps', async t => {
	t.deepEqual((await screen(pull.slice(0, 5), 80)).slice(1), ['aaa: Downloading    1.5MB/3MB', 'bbb: Downloading     20MB/40MB']);
	const narrow = await screen(pull, 12);
	t.is(narrow.filter(line => line.startsWith('aaa: Pull c')).length, 1);
	t.true((await screen(pull.slice(1, 5), 12)).every(line => line.length < 12));
});

test('more layers than rows', async t => {
	const many = Array.from({length: 30}, (_, index) => ({status: 'Pulling fs layer', id: `layer${index}`, progressDetail: {}}));
	const shown = await screen([...many, {status: 'Pull complete', id: 'layer29', progressDetail: {}}], 80, 10);
	t.is(shown.at(-1), 'layer29: Pull complete');
});

test('what a registry says can\'t move the cursor', t => {
	t.is(plainProgress().next({status: 'evil\u001B[2Jtext', id: 'x\u0007'}), 'x?: evil?[2Jtext\n');
	t.false(terminalProgress(() => 80).next({status: 'a\u001B[9A', id: 'b', progressDetail: {}}).includes('\u001B'));
});

for (const [current, total, width, expected] of [
	[0, 100, 120, `[${' '.repeat(50)}]       0B/100B`],
	[1, 100, 120, `[${' '.repeat(50)}]       1B/100B`],
	[50, 100, 120, `[${'='.repeat(24)}>${' '.repeat(25)}]      50B/100B`],
	[100, 100, 120, `[${'='.repeat(49)}>]     100B/100B`],
	[200, 100, 120, `[${'='.repeat(49)}>]     200B/100B`],
	[5, 0, 120, '      5B'],
	[1_234_567, 9_876_543, 80, ' 1.235MB/9.877MB'],
] as const) {
	test(`the bar at ${current} of ${total} in ${width} columns`, t => {
		t.is(bar(current, total, width), expected);
	});
}

test('a stream message is shown as it is', t => {
	t.is(plainProgress().next({stream: 'Loaded image: x\n'}), 'Loaded image: x\n');
});
