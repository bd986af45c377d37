import test from 'ava';
import fc from 'fast-check';
import {paneIds} from '../../source/state/app-state.js';
import {layoutOf} from '../../source/state/layout.js';

const shows = test.macro({
	exec(t, columns: number, rows: number, panes: readonly string[]) {
		t.deepEqual(layoutOf({size: {columns, rows}, focus: 'containers', isZoomed: false}).panes.map(({pane, width, height}) => `${pane} ${width}x${height}`), panes);
	},
	title: (_, columns: number, rows: number) => `${columns}x${rows}`,
});

test(shows, 120, 40, ['containers 70x20', 'images 50x9', 'layers 50x11', 'logs 120x17']);
test(shows, 100, 24, ['containers 58x11', 'images 42x5', 'layers 42x6', 'logs 100x10']);
test(shows, 80, 24, ['containers 80x11', 'logs 80x10']);
test(shows, 200, 60, ['containers 116x31', 'images 84x14', 'layers 84x17', 'logs 200x26']);
test(shows, 40, 12, ['containers 40x10']);
test(shows, 20, 5, ['containers 20x4']);
test(shows, 20, 2, []);

test('images and their layers come together when there is room for two', t => {
	t.deepEqual(layoutOf({size: {columns: 80, rows: 24}, focus: 'layers', isZoomed: false}).panes.map(({pane}) => pane), ['images', 'layers']);
});

test('zoomed, the focused pane has everything', t => {
	t.deepEqual(layoutOf({size: {columns: 120, rows: 40}, focus: 'logs', isZoomed: true}).panes, [{pane: 'logs', x: 0, y: 1, width: 120, height: 37}]);
});

test('panes never overlap, never leave the screen, and the focused one is always there', t => {
	fc.assert(fc.property(fc.integer({min: 1, max: 250}), fc.integer({min: 1, max: 80}), fc.constantFrom(...paneIds), fc.boolean(), (columns, rows, focus, isZoomed) => {
		const {panes, body} = layoutOf({size: {columns, rows}, focus, isZoomed});
		const inside = panes.every(({x, y, width, height}) => x >= 0 && y >= body.y && x + width <= columns && y + height <= body.y + body.height && height > 0);
		const apart = panes.every((a, index) => panes.slice(index + 1).every(b => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y));
		const even = panes.every(({x}) => x % 2 === 0);
		return inside && apart && even && (body.height < 3 || panes.some(({pane}) => pane === focus));
	}), {numRuns: 500});
	t.pass();
});
