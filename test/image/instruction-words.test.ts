import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {expandWord, jsonWords, splitWords} from '../../engine/image/instruction-words.js';

const variables = (name: string) => ({HOME: '/root', EMPTY: '', with_1: 'x'}[name]);

const words = test.macro({
	exec(t, text: string, expected: readonly string[]) {
		t.deepEqual([...splitWords(text)], [...expected]);
	},
	title: (_, text: string) => `words of ${JSON.stringify(text)}`,
});

test(words, '', []);
test(words, '  a \t b\n', ['a', 'b']);
test(words, 'a="b c" d', ['a="b c"', 'd']);
test(words, '\'a b\'c "d\'e"', ['\'a b\'c', '"d\'e"']);
test(words, String.raw`a\ b c\"d e`, [String.raw`a\ b`, String.raw`c\"d`, 'e']);
test(words, String.raw`"a\" b" c`, [String.raw`"a\" b"`, 'c']);
test(words, String.raw`'a\' b`, [String.raw`'a\'`, 'b']);

const expanded = test.macro({
	exec(t, word: string, expected: string) {
		t.is(expandWord(word, variables), expected);
	},
	title: (_, word: string, expected: string) => `${word} becomes ${JSON.stringify(expected)}`,
});

const braced = (inside: string) => `\${${inside}}`;

test(expanded, 'plain', 'plain');
test(expanded, '$HOME/x', '/root/x');
test(expanded, `${braced('HOME')}x`, '/rootx');
test(expanded, '$with_1-', 'x-');
test(expanded, '$NONE', '');
test(expanded, braced('NONE:-d e'), 'd e');
test(expanded, braced('EMPTY:-d'), 'd');
test(expanded, braced('HOME:-d'), '/root');
test(expanded, braced('HOME:+yes'), 'yes');
test(expanded, braced('NONE:+yes'), '');
test(expanded, braced('NONE:-$HOME'), '/root');
test(expanded, '"$HOME" \'$HOME\'', '/root $HOME');
test(expanded, String.raw`\$HOME "\$HOME" "\n"`, String.raw`$HOME $HOME \n`);
test(expanded, String.raw`a\b\\c`, String.raw`ab\c`);
test(expanded, '$ $1 a$', '$ $1 a$');

test('what can\'t be read is refused', t => {
	for (const text of ['"a', '\'a', 'a"b']) {
		const error = t.throws(() => splitWords(text), {message: /looking for matching/});
		t.true(isEngineError(error, 'invalidParameter'));
	}

	t.throws(() => expandWord(braced('a!b'), variables), {message: /unsupported variable substitution/});
});

test('only a JSON list of strings is exec form', t => {
	t.deepEqual(jsonWords('["a", "b c"]'), ['a', 'b c']);
	t.deepEqual(jsonWords('[]'), []);
	for (const text of ['a', '{"a":1}', '["a"', '["a", 1]', '[\'a\']', '"a"']) {
		t.is(jsonWords(text), undefined);
	}
});
