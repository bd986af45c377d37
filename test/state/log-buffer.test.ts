import test from 'ava';
import fc from 'fast-check';
import type {LogLine} from '../../source/state/app-state.js';
import {appendLines, emptyBuffer, lastNumber, linesAfter, linesBefore} from '../../source/state/log-buffer.js';

const line = (text: string): LogLine => ({stream: 'stdout', time: '', text});
const lines = (count: number, first = 0) => Array.from({length: count}, (_, index) => line(`line ${first + index}`));

test('keeps what is appended, in order', t => {
	const buffer = appendLines(appendLines(emptyBuffer, lines(3)), lines(2, 3));
	t.deepEqual([...linesAfter(buffer, 0)].map(({number, line: {text}}) => `${number} ${text}`), ['0 line 0', '1 line 1', '2 line 2', '3 line 3', '4 line 4']);
	t.deepEqual([...linesBefore(buffer, 2)].map(({number}) => number), [2, 1, 0]);
	t.is(lastNumber(buffer), 4);
});

test('over the limit the oldest go, are counted, and the numbers of the others stay', t => {
	let buffer = emptyBuffer;
	for (let batch = 0; batch < 50; batch++) {
		buffer = appendLines(buffer, lines(300, batch * 300), {limitBytes: 100_000});
	}

	t.true(buffer.bytes <= 100_000);
	t.is(buffer.dropped + buffer.lineCount, 15_000);
	t.is([...linesAfter(buffer, 0)][0]!.line.text, `line ${buffer.dropped}`);
	t.is([...linesBefore(buffer, lastNumber(buffer))][0]!.line.text, 'line 14999');
});

test('lines that were skipped count as dropped', t => {
	const buffer = appendLines(appendLines(emptyBuffer, lines(10)), lines(5, 110), {skipped: 100});
	t.is(buffer.dropped, 110);
	t.is([...linesAfter(buffer, 0)][0]!.line.text, 'line 110');
});

test('the old buffer is not changed', t => {
	const before = appendLines(emptyBuffer, lines(10));
	appendLines(before, lines(10, 10));
	t.is(before.lineCount, 10);
	t.is([...linesAfter(before, 0)].length, 10);
});

test('forwards and backwards say the same, for any batches', t => {
	fc.assert(fc.property(fc.array(fc.nat({max: 400}), {maxLength: 12}), fc.nat({max: 3000}), (batches, limit) => {
		let buffer = emptyBuffer;
		let total = 0;
		for (const count of batches) {
			buffer = appendLines(buffer, lines(count, total), {limitBytes: limit * 40});
			total += count;
		}

		const forwards = [...linesAfter(buffer, 0)];
		const backwards = [...linesBefore(buffer, Number.MAX_SAFE_INTEGER)].reverse();
		return forwards.length === buffer.lineCount && buffer.dropped + buffer.lineCount === total && JSON.stringify(forwards) === JSON.stringify(backwards)
			&& forwards.every(({number, line: {text}}) => text === `line ${number}`);
	}), {numRuns: 100});
	t.pass();
});
