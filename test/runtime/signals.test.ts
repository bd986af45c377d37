import test from 'ava';
import {parseSignal} from '../../engine/runtime/signals.js';

const good: Array<[string, number]> = [['KILL', 9], ['SIGTERM', 15], ['sigusr1', 10], ['9', 9], ['64', 64], ['RTMIN', 34], ['SIGRTMIN+3', 37], ['RTMAX-1', 63], ['CLD', 17], ['WINCH', 28]];
for (const [text, number] of good) {
	test(`${text} is ${number}`, t => {
		t.is(parseSignal(text), number);
	});
}

for (const text of ['', 'NOPE', '0', '65', '-1', 'RTMIN-1', 'RTMAX+1', '1e1', 'SIG', 'toString', 'SIGSIGKILL']) {
	test(`${JSON.stringify(text)} is no signal`, t => {
		t.like(t.throws(() => parseSignal(text)), {kind: 'invalidParameter', message: `invalid signal: ${text}`});
	});
}
