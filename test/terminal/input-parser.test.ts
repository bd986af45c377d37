import test from 'ava';
import {InputParser, type InputEvent} from '../../source/terminal/input-parser.js';

const keys = test.macro({
	exec(t, input: string, expected: readonly string[]) {
		const parser = new InputParser();
		const events = [...parser.push(input), ...parser.flush()];
		t.deepEqual(events.map(event => (event.type === 'key' ? event.key : event.type)), expected);
	},
	title: (_, input: string) => `keys of ${JSON.stringify(input)}`,
});

test(keys, 'q', ['q']);
test(keys, 'qS/', ['q', 'S', '/']);
test(keys, 'é漢😀', ['é', '漢', '😀']);
test(keys, ' ', ['space']);
test(keys, '\r\n\t', ['enter', 'enter', 'tab']);
test(keys, '\u007F\b', ['backspace', 'backspace']);
test(keys, '\u0001\u0003\u001A', ['ctrl-a', 'ctrl-c', 'ctrl-z']);
test(keys, '\u001B[A\u001B[B\u001B[C\u001B[D', ['up', 'down', 'right', 'left']);
test(keys, '\u001BOA\u001BOP', ['up', 'f1']);
test(keys, '\u001B[H\u001B[F\u001B[1~\u001B[4~\u001B[5~\u001B[6~\u001B[3~', ['home', 'end', 'home', 'end', 'pageup', 'pagedown', 'delete']);
test(keys, '\u001B[Z', ['shift-tab']);
test(keys, '\u001B[1;5A\u001B[1;2B\u001B[3;3~', ['ctrl-up', 'shift-down', 'alt-delete']);
test(keys, '\u001B', ['escape']);
test(keys, '\u001B\u001B', ['escape', 'escape']);
test(keys, '\u001Bx', ['alt-x']);
test(keys, '\u001B[99~q', ['q']);
test(keys, '\u001B[I\u001B[O', ['focus', 'focus']);
test(keys, '\u001B]11;rgb:0000/0000/0000\u0007q', ['answer', 'q']);
test(keys, '\u001B]11;rgb:0000/0000/0000\u001B\\q', ['answer', 'q']);
test(keys, '\u001B[?62;c', ['answer']);

const mouse = test.macro({
	exec(t, input: string, expected: InputEvent) {
		t.deepEqual(new InputParser().push(input), [expected]);
	},
	title: (_, input: string) => `mouse report ${JSON.stringify(input)}`,
});

test(mouse, '\u001B[<0;10;5M', {type: 'mouse', kind: 'press', x: 9, y: 4});
test(mouse, '\u001B[<0;10;5m', {type: 'mouse', kind: 'release', x: 9, y: 4});
test(mouse, '\u001B[<32;1;1M', {type: 'mouse', kind: 'drag', x: 0, y: 0});
test(mouse, '\u001B[<64;300;200M', {type: 'mouse', kind: 'wheel-up', x: 299, y: 199});
test(mouse, '\u001B[<65;1;1M', {type: 'mouse', kind: 'wheel-down', x: 0, y: 0});

test('sequences may come in pieces', t => {
	const parser = new InputParser();
	t.deepEqual(parser.push('\u001B'), []);
	t.true(parser.isWaiting);
	t.deepEqual(parser.push('['), []);
	t.deepEqual(parser.push('<0;1'), []);
	t.deepEqual(parser.push('0;5Mq'), [{type: 'mouse', kind: 'press', x: 9, y: 4}, {type: 'key', key: 'q'}]);
	t.false(parser.isWaiting);
});

test('a paste is one event, whatever is in it and however it is cut', t => {
	const parser = new InputParser();
	t.deepEqual(parser.push('\u001B[200~dqs\u001B[A'), []);
	t.deepEqual(parser.push(' more\u001B[20'), []);
	t.deepEqual(parser.push('1~x'), [{type: 'paste', text: 'dqs\u001B[A more'}, {type: 'key', key: 'x'}]);
});

test('a paste without an end is given up rather than kept for ever', t => {
	const parser = new InputParser();
	parser.push('\u001B[200~' + 'x'.repeat(1 << 20));
	t.false(parser.isWaiting);
});
