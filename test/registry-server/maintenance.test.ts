import test, {type ExecutionContext} from 'ava';
import type {RegistryContent} from '../../engine/registry-server/content.js';
import {maintenance, type Maintenance} from '../../engine/registry-server/maintenance.js';
import {registryMetrics} from '../../engine/registry-server/metrics.js';
import {digestOf, pushImage, registryLab} from '../helpers/registry-server-lab.js';
import {until} from '../helpers/tug-cli.js';

type Lab = {readonly upkeep: Maintenance; readonly calls: number[]; readonly failures: string[]; most: number};

function lab(t: ExecutionContext, {collect = async () => {}, keepMs = 1e9, isReadOnly = false}: {readonly collect?: () => Promise<void>; readonly keepMs?: number; readonly isReadOnly?: boolean} = {}): Lab {
	const calls: number[] = [];
	const failures: string[] = [];
	let now = 0;
	const content = {
		async collect(olderThanMs: number) {
			calls.push(olderThanMs);
			now++;
			made.most = Math.max(made.most, now);
			try {
				await collect();
			} finally {
				now--;
			}
		},
	} as unknown as RegistryContent;
	const upkeep = maintenance({content, keepMs, isReadOnly, onFailure: message => failures.push(message), metrics: registryMetrics()});
	t.teardown(async () => upkeep.close());
	const made: Lab = {upkeep, calls, failures, most: 0};
	return made;
}

test('what became unused is collected soon, once for many', async t => {
	const {upkeep, calls} = lab(t);
	for (let round = 0; round < 100; round++) {
		upkeep.soon();
	}

	await until(() => calls.length > 0, 'a collection');
	t.deepEqual(calls, [1e9]);
});

test('it is collected now and then by itself', async t => {
	const {calls} = lab(t, {keepMs: 4000});
	await until(() => calls.length >= 2, 'two collections');
	t.deepEqual(calls.slice(0, 2), [4000, 4000]);
});

test('a collection that fails is told, and the next one comes', async t => {
	let isBroken = true;
	const it = lab(t, {
		keepMs: 4000,
		async collect() {
			if (isBroken) {
				throw new Error('disk');
			}
		},
	});
	it.upkeep.soon();
	await until(() => it.failures.length === 1, 'the failure');
	isBroken = false;
	await until(() => it.calls.length >= 2, 'the next one');
	t.deepEqual(it.failures, ['collecting what is unused failed']);
});

test('there are never two at a time, and closing waits for the one there is', async t => {
	let release: (() => void) | undefined;
	const held = new Promise<void>(resolve => {
		release = resolve;
	});
	let isDone = false;
	const it = lab(t, {
		async collect() {
			await held;
			isDone = true;
		},
	});
	it.upkeep.soon();
	await until(() => it.calls.length === 1, 'the first');
	it.upkeep.soon();
	const closed = it.upkeep.close();
	t.false(isDone);
	release!();
	await closed;
	t.true(isDone);
	t.is(it.most, 1);
	it.upkeep.soon();
	t.is(it.calls.length, 1);
});

test('a read-only registry collects nothing', async t => {
	const {upkeep, calls} = lab(t, {isReadOnly: true, keepMs: 10});
	upkeep.soon();
	await upkeep.close();
	t.deepEqual(calls, []);
});

test('a deleted image\'s manifest is collected without anybody asking', async t => {
	const {ask, content} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	t.not(content.blobSize(image.digest as never), undefined);
	await ask('DELETE', `/v2/app/manifests/${image.digest}`);
	await until(() => content.blobSize(image.digest as never) === undefined, 'the manifest to go');
	t.not(content.blobSize(digestOf('one') as never), undefined); // Uploaded a moment ago: kept for whoever names it next
});
