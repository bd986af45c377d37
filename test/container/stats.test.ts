/** What stats tell of small programs: the demo's is static and takes some ten pages. */
import test from 'ava';
import {startDemo} from '../../engine/demo/start-demo.js';
import type {ContainerStats, Engine} from '../../engine/index.js';
import {until} from '../conformance/behaviour.js';
import {containerLab} from '../helpers/container-lab.js';

async function sample(engine: Engine, id: string): Promise<ContainerStats> {
	const {value} = await engine.stats(id, {stream: false, oneShot: true})[Symbol.asyncIterator]().next() as {readonly value: ContainerStats};
	return value;
}

test('a small program uses memory too', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {engine} = lab;
	await startDemo(engine);
	for (const name of ['demo-web', 'demo-worker', 'demo-queue']) {
		const {memory_stats: memory} = await sample(engine, name);
		t.true(memory.usage >= 4096 && memory.usage < 64 * 1024 * 1024, `${name}: ${memory.usage}`);
		t.true(memory.limit > memory.usage);
	}

	await until(async () => {
		const {cpu_stats: cpu} = await sample(engine, 'demo-burner');
		return cpu.cpu_usage.total_usage > 0;
	});
});

test('a stream of samples ends with the container, and when nobody wants more', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {engine} = lab;
	const {Id} = await engine.createContainer({name: 'measured', Image: 'busybox', Cmd: ['sleep', '1000']});
	await engine.startContainer(Id);
	const aborted = new AbortController();
	let count = 0;
	for await (const {name, id, read} of engine.stats(Id, {signal: aborted.signal})) {
		t.like({name, id}, {name: '/measured', id: Id});
		t.regex(read, /^\d{4}-\d\d-\d\dT/);
		count++;
		aborted.abort();
	}

	t.is(count, 1);
	const samples: ContainerStats[] = [];
	for await (const stats of engine.stats(Id)) {
		samples.push(stats);
		if (samples.length === 1) {
			await engine.killContainer(Id);
		}
	}

	t.is(samples.length, 1);
	t.is(samples[0]!.precpu_stats.cpu_usage.total_usage, 0);
});
