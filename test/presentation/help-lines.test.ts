import test from 'ava';
import {keyGroups} from '../../source/keymap/key-groups.js';
import {helpLines} from '../../source/presentation/help-lines.js';
import {lineWidth} from '../../source/presentation/line.js';

test('every key of every group is in the help, under its title', t => {
	const lines = helpLines(keyGroups, 70).map(line => line.map(({text}) => text).join('').trimEnd());
	for (const {title, bindings} of keyGroups) {
		const start = lines.indexOf(title);
		t.not(start, -1, title);
		for (const [index, {shown, description}] of bindings.entries()) {
			const line = lines[start + 1 + index]!;
			t.true(line.startsWith(shown) && line.endsWith(description), line);
		}
	}
});

test('lines fit the width', t => {
	for (const width of [5, 12, 20, 40, 70, 98, 99, 100, 116]) {
		t.true(helpLines(keyGroups, width).every(line => lineWidth(line) <= width));
	}
});

test('a long description goes on below itself', t => {
	const lines = helpLines([{title: 'One', bindings: [{keys: ['a'], shown: 'a', label: 'a', description: 'a few words that do not fit', action: () => undefined}]}], 24).map(line => line.map(({text}) => text).join(''));
	t.deepEqual(lines, ['One', 'a         a few words', '          that do not', '          fit']);
});

test('where there is room for two columns nothing is lost, and it takes about half the rows', t => {
	const one = helpLines(keyGroups, 72);
	const two = helpLines(keyGroups, 110);
	t.true(two.length <= one.length * 0.7, `${two.length} of ${one.length}`);
	const text = two.map(line => line.map(({text}) => text).join('')).join('\n');
	for (const {shown} of keyGroups.flatMap(({bindings}) => bindings)) {
		t.true(text.includes(shown), shown);
	}
});
