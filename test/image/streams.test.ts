import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {inParallel} from '../../engine/image/parallel.js';
import {progressStream} from '../../engine/image/progress-stream.js';

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const item of source) {
		all.push(item);
	}

	return all;
}

test('what the work reports comes out in order, also in bursts', async t => {
	const messages = await collect(progressStream<number>(async report => {
		report(1);
		report(2);
		await delay(1);
		report(3);
		await delay(1);
		report(4);
	}));
	t.deepEqual(messages, [1, 2, 3, 4]);
});

test('work that reports nothing ends', async t => {
	t.deepEqual(await collect(progressStream<number>(async () => {})), []);
});

test('the work\'s error comes after what it had reported', async t => {
	const seen: number[] = [];
	await t.throwsAsync(async () => {
		for await (const message of progressStream<number>(async report => {
			report(1);
			await delay(1);
			throw new Error('no');
		})) {
			seen.push(message);
		}
	}, {message: 'no'});
	t.deepEqual(seen, [1]);
});

test('a consumer that stops gets the work stopped, and waits for its cleaning', async t => {
	const steps: string[] = [];
	const stream = progressStream<number>(async (report, signal) => {
		report(1);
		try {
			await delay(60_000, undefined, {signal});
		} finally {
			await delay(5);
			steps.push('cleaned');
		}
	});
	t.is((await stream.next()).value, 1);
	await stream.return(undefined);
	t.deepEqual(steps, ['cleaned']);
});

test('a signal from outside ends the iteration quietly', async t => {
	const controller = new AbortController();
	const stream = progressStream<number>(async (report, signal) => {
		report(1);
		await delay(60_000, undefined, {signal});
	}, controller.signal);
	t.is((await stream.next()).value, 1);
	controller.abort();
	t.true((await stream.next()).done);
});

test('things are done a few at a time, results in the order of the items', async t => {
	let running = 0;
	let most = 0;
	const results = await inParallel([30, 1, 20, 2, 3], 2, undefined, async ms => {
		most = Math.max(most, ++running);
		await delay(ms);
		running--;
		return ms * 2;
	});
	t.deepEqual(results, [60, 2, 40, 4, 6]);
	t.is(most, 2);
	t.deepEqual(await inParallel([], 2, undefined, async () => 1), []);
});

test('the first failure stops the others, and is thrown when all have ended', async t => {
	const steps: string[] = [];
	await t.throwsAsync(inParallel(['bad', 'slow', 'never'], 2, undefined, async (name, signal) => {
		if (name === 'bad') {
			await delay(1);
			throw new Error('bad');
		}

		try {
			await delay(60_000, undefined, {signal});
		} finally {
			steps.push(name);
		}
	}), {message: 'bad'});
	t.deepEqual(steps, ['slow']);
});

test('a signal from outside stops everything', async t => {
	const controller = new AbortController();
	const working = inParallel([1, 2, 3], 2, controller.signal, async (_, signal) => delay(60_000, undefined, {signal}));
	controller.abort();
	await t.throwsAsync(working, {any: true, name: 'AbortError'});
	await t.throwsAsync(inParallel([1], 1, controller.signal, async () => t.fail()), {any: true, name: 'AbortError'});
});
