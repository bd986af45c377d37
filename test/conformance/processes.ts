/** Processes and what they use. */
import type {Engine} from '../../engine/index.js';
import {create, until, type Behaves} from './behaviour.js';

export function processesBehaviour(behaves: Behaves): void {
	behaves('top lists the processes', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'sleep 1000 & exec sleep 1001']);
		t.like(await t.throwsAsync(engine.top(Id)), {kind: 'conflict', message: `container ${Id} is not running`});
		await engine.startContainer(Id);
		await until(async () => (await engine.top(Id)).Processes.map(row => row.at(-1)!).sort((a, b) => a.localeCompare(b)).join(',') === 'sleep 1000,sleep 1001');
		const {Titles} = await engine.top(Id);
		t.deepEqual([...Titles], ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
		t.is((await engine.inspectContainer(Id)).State.Pid > 0, true);
	});

	behaves('stats count processor time and processes', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'while :; do :; done']);
		await engine.startContainer(Id);
		const samples = [];
		for await (const sample of engine.stats(Id)) {
			samples.push(sample);
			if (samples.length === 2) {
				break;
			}
		}

		const [first, second] = samples;
		t.true(second!.cpu_stats.cpu_usage.total_usage > first!.cpu_stats.cpu_usage.total_usage);
		t.is(second!.precpu_stats.cpu_usage.total_usage, first!.cpu_stats.cpu_usage.total_usage);
		t.true(second!.cpu_stats.system_cpu_usage > second!.precpu_stats.system_cpu_usage);
		t.true((second!.pids_stats as {current: number}).current >= 1);
		t.true(second!.memory_stats.usage > 0);
		await engine.killContainer(Id);
		for await (const {name: containerName, read} of engine.stats(Id)) {
			t.regex(containerName ?? '', /^\//);
			t.is(read, '0001-01-01T00:00:00Z');
		}
	});

	behaves('top takes the host\'s ps options, as docker does', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'sleep 1000 & exec sleep 1001']);
		await engine.startContainer(Id);
		await until(async () => (await engine.top(Id)).Processes.length === 2);
		const {Titles, Processes} = await engine.top(Id, '-o pid,args');
		t.deepEqual([...Titles], ['PID', 'COMMAND']);
		t.deepEqual(Processes.map(([, command]) => command).sort((a, b) => a!.localeCompare(b!)), ['sleep 1000', 'sleep 1001']);
		t.true(Processes.some(([pid]) => Number(pid) > 0));
		t.like(await t.throwsAsync(engine.top(Id, '-o comm')), {kind: 'system', message: 'Couldn\'t find PID field in ps output'});
		t.like(await t.throwsAsync(engine.top(Id, '--nonsense')), {kind: 'system'});
		await engine.pauseContainer(Id);
		t.is((await engine.top(Id)).Processes.length, 2);
	});

	behaves('one sample: with a difference after a second, or at once', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'while :; do :; done']);
		await engine.startContainer(Id);
		const samplesOf = async (options: Parameters<Engine['stats']>[1]) => {
			const found = [];
			for await (const sample of engine.stats(Id, options)) {
				found.push(sample);
			}

			return found;
		};

		const [atOnce, ...more] = await samplesOf({stream: false, oneShot: true});
		t.is(more.length, 0);
		t.is(atOnce!.preread, '0001-01-01T00:00:00Z');
		t.is(atOnce!.precpu_stats.cpu_usage.total_usage, 0);
		const [difference] = await samplesOf({stream: false});
		t.true(difference!.cpu_stats.cpu_usage.total_usage > difference!.precpu_stats.cpu_usage.total_usage);
		t.true(Date.parse(difference!.read) - Date.parse(difference!.preread) >= 900);
		t.true(difference!.memory_stats.limit > 0);
		t.true(difference!.cpu_stats.online_cpus >= 1);
	});
}
