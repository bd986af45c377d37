/** Whole screens at the sizes people have, drawn by the views through Ink and our last stage into a terminal emulator. */
import process from 'node:process';
import {render} from 'ink';
import {createElement} from 'react';
import test from 'ava';
import {StoreContext} from '../../source/hooks/use-app-state.js';
import {CanvasContext} from '../../source/hooks/use-canvas.js';
import {reducer} from '../../source/state/reducer.js';
import {createStore} from '../../source/state/store.js';
import type {Action} from '../../source/state/actions.js';
import {Canvas} from '../../source/terminal/canvas.js';
import {FrameStream, SilentInput} from '../../source/terminal/frame-stream.js';
import {gridText, type Grid} from '../../source/terminal/grid.js';
import {StyleTable} from '../../source/terminal/style-table.js';
import {builtInThemes} from '../../source/theme/built-in-themes.js';
import {ThemeContext} from '../../source/theme/theme-context.js';
import {prepareTheme} from '../../source/theme/theme.js';
import {RootView} from '../../source/views/root-view.js';
import {container, image, nowMs, stateAfter} from '../helpers/app-states.js';

process.env['CI'] = ''; // Ink draws only at the end when it believes to be in continuous integration; `interactive` says otherwise

const layers = Array.from({length: 3}, (_, index) => ({DiffId: `sha256:${String(index).repeat(64)}`, Size: (index + 1) * 1_000_000, CreatedBy: `RUN step ${index}`, Created: 0, SharedWith: []}));
const logLines = Array.from({length: 30}, (_, index) => ({stream: index % 5 === 4 ? 'stderr' as const : 'stdout' as const, time: '', text: `line ${index} of the log`}));

const busyScreen: readonly Action[] = [
	{type: 'engineLoaded', engine: {label: 'local', version: '0.1.0', warnings: ['limits: no cgroup']}},
	{type: 'containersLoaded', nowMs, containers: [
		container('web', {ports: '8080→80'}),
		container('api', {state: 'exited', exitCode: 137}),
		container('漢字-name', {state: 'paused'}),
		container('new', {state: 'created', sinceMs: undefined}),
		container('evil\u202E', {image: 'a/very/long/image/name/that/does/not/fit:1.2.3'}),
	]},
	{type: 'imagesLoaded', images: [image('busybox:1.37'), image('<none> 0123456789ab')]},
	{type: 'layersAsked', imageId: 'sha256:busybox:1.37'},
	{type: 'layersLoaded', imageId: 'sha256:busybox:1.37', layers},
	{type: 'logsOpened', containerId: 'id-web'},
	{type: 'logsAppended', containerId: 'id-web', lines: logLines, skipped: 0},
];

function draw(actions: readonly Action[], columns: number, rows: number): Grid {
	const store = createStore(reducer, stateAfter(actions, {columns, rows}));
	const canvas = new Canvas(new StyleTable());
	let grid: Grid | undefined;
	const frames = new FrameStream({columns, rows}, frame => {
		grid ??= canvas.paint(frame, columns, rows);
	});
	const tree = createElement(StoreContext, {value: store}, createElement(CanvasContext, {value: canvas}, createElement(ThemeContext, {value: prepareTheme(builtInThemes[0]!, 'true')}, createElement(RootView))));
	const app = render(tree, {
		stdout: frames as unknown as NodeJS.WriteStream, stdin: new SilentInput() as unknown as NodeJS.ReadStream, debug: true, interactive: true, patchConsole: false, exitOnCtrlC: false,
	});
	app.unmount();
	return grid!;
}

for (const [columns, rows] of [[80, 24], [120, 40], [40, 12], [200, 60], [60, 15], [100, 24], [20, 6]] as const) {
	test(`the main screen at ${columns}x${rows}`, t => {
		const text = gridText(draw(busyScreen, columns, rows));
		t.snapshot(text);
		const lines = text.split('\n');
		t.true(lines.every(line => [...line].length <= columns));
		t.regex(text, /running/);
	});
}

for (const [name, actions] of [
	['help', [{type: 'helpToggled'}]],
	['question', [{type: 'removalAsked', target: 'container', id: 'id-web', name: 'web'}]],
	['filter', [{type: 'filterOpened'}, {type: 'filterChanged', text: 'web'}]],
	['filter without a match', [{type: 'filterOpened'}, {type: 'filterChanged', text: 'nothing'}]],
	['images', [{type: 'focused', pane: 'images'}]],
	['zoomed log', [{type: 'focused', pane: 'logs'}, {type: 'zoomToggled'}]],
	['notices', [{type: 'noticesToggled'}]],
	['failure', [{type: 'messageShown', tone: 'bad', text: 'stop web: no such container', hint: 'It was removed.'}]],
	['busy', [{type: 'verbRequested', verb: 'stop', id: 'id-web'}]],
] as ReadonlyArray<readonly [string, readonly Action[]]>) {
	test(`${name} at 80x24`, t => {
		t.snapshot(gridText(draw([...busyScreen, ...actions], 80, 24)));
	});
}

test('the empty state offers the demo', t => {
	const text = gridText(draw([{type: 'containersLoaded', nowMs, containers: []}, {type: 'imagesLoaded', images: []}], 80, 24));
	t.regex(text, /No containers yet/);
	t.regex(text, /Press D for a demo/);
});

test('a failed first load says why and what to do', t => {
	const text = gridText(draw([{type: 'containersFailed', problem: {message: 'cannot open the store', hint: 'Set TUG_ROOT.'}}], 80, 24));
	t.regex(text, /× cannot open the store/);
	t.regex(text, /Set TUG_ROOT\./);
});

test('every row of every screen is exactly as wide as the terminal, wide characters or not', t => {
	for (let columns = 1; columns <= 130; columns += 3) {
		const rows = 3 + (columns % 40);
		t.notThrows(() => draw(busyScreen, columns, rows), `${columns}x${rows}`);
	}
});
