import test from 'ava';
import {giveBack, isLightBackground, setClipboard, takeOver} from '../../source/terminal/modes.js';

const background = test.macro({
	exec(t, answer: string, expected: boolean | undefined) {
		t.is(isLightBackground(answer), expected);
	},
	title: (_, answer: string) => `background ${answer}`,
});

test(background, '11;rgb:0000/0000/0000', false);
test(background, '11;rgb:ffff/ffff/ffff', true);
test(background, '11;rgb:fd/f6/e3', true);
test(background, '11;rgb:00/2b/36', false);
test(background, '11;rgba:ffff/ffff/ffff/ffff', true);
test(background, '10;rgb:ffff/ffff/ffff', undefined);
test(background, '?62;c', undefined);

test('what is taken is given back', t => {
	const modes = (sequence: string, letter: string) => [...sequence.matchAll(/\u001B\[\?(\d+)([hl])/g)].filter(match => match[2] === letter).map(match => match[1]);
	const given = giveBack();
	for (const mode of modes(takeOver({mouse: true}), 'h')) {
		t.true(modes(given, 'l').includes(mode), `mode ${mode}`);
	}

	t.true(modes(given, 'h').includes('25'));
	t.true(modes(given, 'h').includes('7'));
});

test('the clipboard gets UTF-8 in base64', t => {
	t.is(setClipboard('é'), '\u001B]52;c;w6k=\u0007');
});
