import test from 'ava';
import {cleanupStack, withCleanup} from '../../engine/files/cleanup-stack.js';

test('steps run last first, once', async t => {
	const steps: number[] = [];
	const stack = cleanupStack();
	stack.defer(() => steps.push(1));
	stack.defer(async () => steps.push(2));
	await stack.run();
	await stack.run();
	t.deepEqual(steps, [2, 1]);
});

test('a failing step does not keep the others from running', async t => {
	const steps: number[] = [];
	const stack = cleanupStack();
	stack.defer(() => steps.push(1));
	stack.defer(() => {
		throw new Error('two');
	});
	stack.defer(() => {
		throw new Error('three');
	});
	await t.throwsAsync(stack.run(), {message: 'three'});
	t.deepEqual(steps, [1]);
});

test('what is kept is not undone', async t => {
	const stack = cleanupStack();
	stack.defer(() => t.fail());
	stack.keep();
	await stack.run();
	t.pass();
});

test('the work\'s own error wins over one of the cleaning', async t => {
	await t.throwsAsync(withCleanup(async stack => {
		stack.defer(() => {
			throw new Error('cleaning');
		});
		throw new Error('work');
	}), {message: 'work'});
	await t.throwsAsync(withCleanup(async stack => {
		stack.defer(() => {
			throw new Error('cleaning');
		});
	}), {message: 'cleaning'});
	t.is(await withCleanup(async () => 7), 7);
});
