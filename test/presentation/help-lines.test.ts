import test from 'ava';
import {keyGroups} from '../../source/keymap/keymap.js';
import {helpLines} from '../../source/presentation/help-lines.js';
import {lineWidth} from '../../source/presentation/line.js';

test('every key of every group is in the help, under its title', t => {
	const lines = helpLines(keyGroups, 70).map(line => line.map(({text}) => text).join('').trimEnd());
	for (const {title, bindings} of keyGroups) {
		const start = lines.indexOf(title);
		t.true(start >= 0, title);
		for (const [index, {shown, description}] of bindings.entries()) {
			const line = lines[start + 1 + index]!;
			t.true(line.startsWith(shown) && line.endsWith(description), line);
		}
	}
});

test('lines fit the width', t => {
	for (const width of [20, 40, 70]) {
		t.true(helpLines(keyGroups, width).every(line => lineWidth(line) <= width));
	}
});
