import {PassThrough} from 'node:stream';
import test from 'ava';
import {askLine, askSecret} from '../../source/foreground/ask.js';
import {fakeOutput} from '../helpers/run-command.js';

function terminal() {
	const stream = new PassThrough() as PassThrough & {setRawMode?: (raw: boolean) => unknown};
	const modes: boolean[] = [];
	stream.setRawMode = raw => modes.push(raw);
	const output = fakeOutput(true);
	return {stream, modes, output, input: {stream: () => stream}};
}

test('a line, up to its end', async t => {
	const place = terminal();
	const answer = askLine(place, 'Username: ');
	place.stream.write('me');
	place.stream.write('self\nrest');
	t.is(await answer, 'meself');
	t.is(place.output.text(), 'Username: ');
	t.deepEqual(place.modes, []);
});

test('the end of the input ends the line', async t => {
	const place = terminal();
	const answer = askLine(place, 'Username: ');
	place.stream.end('half');
	t.is(await answer, 'half');
});

for (const [typed, expected] of [
	['secret\r', 'secret'],
	['secret\n', 'secret'],
	['secx\u007Fret\r', 'secret'],
	['secx\bret\r', 'secret'],
	['\u007F\u007Fa\r', 'a'],
	['typed\u0004', 'typed'],
	['pässwört\r', 'pässwört'],
	['\r', ''],
] as const) {
	test(`a secret typed as ${JSON.stringify(typed)}`, async t => {
		const place = terminal();
		const answer = askSecret(place, 'Password: ');
		place.stream.write(typed);
		t.is(await answer, expected);
		t.is(place.output.text(), 'Password: \n');
		t.deepEqual(place.modes, [true, false]);
	});
}

test('ctrl-c in a secret gives the terminal back', async t => {
	const place = terminal();
	const answer = askSecret(place, 'Password: ');
	place.stream.write('abc\u0003');
	await t.throwsAsync(answer, {message: 'interrupted'});
	t.deepEqual(place.modes, [true, false]);
});

test('one question after the other, from one stream', async t => {
	const place = terminal();
	const first = askLine(place, 'Username: ');
	place.stream.write('me\n');
	t.is(await first, 'me');
	const second = askSecret(place, 'Password: ');
	place.stream.write('secret\n');
	t.is(await second, 'secret');
});

test('what was pasted ahead answers the next question', async t => {
	const place = terminal();
	const first = askLine(place, 'Username: ');
	place.stream.write('me\nsecret\n');
	t.is(await first, 'me');
	t.is(await askSecret(place, 'Password: '), 'secret');
});
