/** From made to gone: start, stop, kill, restart, pause, wait, remove. */
import {Readable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {ContainerCreateOptions, Engine} from '../../engine/index.js';
import {tarOf} from '../helpers/image-lab.js';
import {collect, create, logged, logsOf, runAttached, until, type Behaves} from './behaviour.js';

export function lifeCycleBehaviour(behaves: Behaves): void {
	behaves('a container is created, runs and tells its exit code and output', async (t, engine) => {
		const {Id, Warnings} = await engine.createContainer({name: 'first', Image: 'busybox', Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 7']});
		t.regex(Id, /^[\da-f]{64}$/);
		t.deepEqual(Warnings, []);
		const created = await engine.inspectContainer('first');
		t.is(created.State.Status, 'created');
		t.is(created.Name, '/first');
		const {stdout, stderr, exitCode} = await runAttached(engine, Id);
		t.deepEqual({stdout, stderr, exitCode}, {stdout: 'out\n', stderr: 'err\n', exitCode: 7});
		const {State} = await engine.inspectContainer(Id.slice(0, 12));
		t.like(State, {Status: 'exited', Running: false, ExitCode: 7, Pid: 0, Error: ''});
		t.true(Date.parse(State.FinishedAt) >= Date.parse(State.StartedAt));
		t.deepEqual(await engine.waitContainer(Id), {exitCode: 7});
		t.is(await logsOf(engine, Id, {stderr: false}), 'out\n');
		t.is(await logsOf(engine, Id, {stdout: false}), 'err\n');
	});

	behaves('a container can be started again, and logs go on', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'n=$(cat /n 2>/dev/null || echo 0); echo $((n + 1)) > /n; cat /n']);
		t.true(await engine.startContainer(Id));
		await engine.waitContainer(Id);
		t.true(await engine.startContainer(Id));
		await engine.waitContainer(Id);
		t.is(await logsOf(engine, Id), '1\n2\n');
	});

	behaves('starting a running one and stopping a stopped one changes nothing', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		t.true(await engine.startContainer(Id));
		t.false(await engine.startContainer(Id));
		t.true(await engine.stopContainer(Id, {timeoutSeconds: 0}));
		t.false(await engine.stopContainer(Id));
		t.is((await engine.inspectContainer(Id)).State.ExitCode, 137);
	});

	behaves('stop sends the stop signal and waits', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'trap "echo bye; exit 3" USR1; echo ready; while :; do sleep 0.05; done'], StopSignal: 'SIGUSR1'});
		await engine.startContainer(Id);
		await logged(engine, Id, 'ready');
		t.true(await engine.stopContainer(Id));
		t.is((await engine.inspectContainer(Id)).State.ExitCode, 3);
		t.is(await logsOf(engine, Id), 'ready\nbye\n');
	});

	behaves('stop kills after the timeout; several callers all see the end', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done']);
		await engine.startContainer(Id);
		await logged(engine, Id, 'ready');
		const startedMs = Date.now();
		await Promise.all([1, 2, 3].map(async () => engine.stopContainer(Id, {timeoutSeconds: 1})));
		t.true(Date.now() - startedMs >= 900);
		t.is((await engine.inspectContainer(Id)).State.ExitCode, 137);
	});

	behaves('kill sends any signal, and refuses what is none', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'trap "echo got" USR1; echo ready; while :; do sleep 0.05; done']);
		await t.throwsAsync(engine.killContainer(Id), {message: `cannot kill container: ${Id}: container ${Id} is not running`});
		await engine.startContainer(Id);
		await logged(engine, Id, 'ready');
		await engine.killContainer(Id, 'USR1');
		await logged(engine, Id, 'got');
		t.like(await t.throwsAsync(engine.killContainer(Id, 'NOPE')), {kind: 'invalidParameter', message: `cannot kill container: ${Id}: invalid signal: NOPE`});
		await engine.killContainer(Id);
		t.like((await engine.inspectContainer(Id)).State, {Status: 'exited', ExitCode: 137});
	});

	behaves('restart gives a new run', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'echo run; exec sleep 1000']);
		await engine.restartContainer(Id);
		await logged(engine, Id, 'run');
		const first = (await engine.inspectContainer(Id)).State;
		await engine.restartContainer(Id, {timeoutSeconds: 0});
		const second = (await engine.inspectContainer(Id)).State;
		t.is(second.Status, 'running');
		t.not(second.Pid, first.Pid);
		await until(async () => (await logsOf(engine, Id)) === 'run\nrun\n');
	});

	behaves('pause freezes, unpause goes on', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done']);
		t.like(await t.throwsAsync(engine.pauseContainer(Id)), {kind: 'conflict', message: `container ${Id} is not running`});
		await engine.startContainer(Id);
		await logged(engine, Id, '3\n');
		await engine.pauseContainer(Id);
		t.like((await engine.inspectContainer(Id)).State, {Status: 'paused', Running: true, Paused: true});
		t.like(await t.throwsAsync(engine.pauseContainer(Id)), {kind: 'conflict', message: `Container ${Id} is already paused`});
		await delay(100);
		const frozen = await logsOf(engine, Id);
		await delay(200);
		t.is(await logsOf(engine, Id), frozen);
		t.like(await t.throwsAsync(engine.createExec(Id, {Cmd: ['true']})), {kind: 'conflict'});
		await engine.unpauseContainer(Id);
		await until(async () => (await logsOf(engine, Id)).length > frozen.length);
		t.like(await t.throwsAsync(engine.unpauseContainer(Id)), {kind: 'system', message: `Container ${Id} is not paused`});
		await engine.pauseContainer(Id);
		t.true(await engine.stopContainer(Id, {timeoutSeconds: 5}));
		t.is((await engine.inspectContainer(Id)).State.Status, 'exited');
	});

	const failures: Array<[string, string[], number, RegExp]> = [
		['is not there', ['nope'], 127, /executable file not found/],
		['has a path that is not there', ['/no/such'], 127, /no such file or directory/],
		['is a directory', ['/bin'], 126, /is a directory|permission denied/],
		['may not be executed', ['/etc/passwd'], 126, /permission denied/],
	];
	for (const [title, Cmd, exitCode, message] of failures) {
		behaves(`a program that ${title}`, async (t, engine) => {
			const Id = await create(engine, Cmd);
			t.like(await t.throwsAsync(engine.startContainer(Id), {message}), {kind: 'invalidParameter'});
			const {State} = await engine.inspectContainer(Id);
			t.like(State, {Status: 'created', ExitCode: exitCode, Running: false});
			t.regex(State.Error, message);
			const attachment = await engine.attach(Id);
			await t.throwsAsync(engine.startContainer(Id), {message});
			t.is((await collect(attachment)).exitCode, exitCode);
		});
	}

	behaves('a running container is removed by force only', async (t, engine) => {
		const {Id} = await engine.createContainer({name: 'busy', Image: 'busybox', Cmd: ['sleep', '1000']});
		await engine.startContainer(Id);
		t.like(await t.throwsAsync(engine.removeContainer('busy')), {
			kind: 'conflict', message: 'cannot remove container "busy": container is running: stop the container before removing or force remove',
		});
		t.is((await engine.inspectContainer('busy')).State.Status, 'running');
		await engine.removeContainer('busy', {force: true});
		t.deepEqual(await engine.listContainers({all: true}), []);
		await engine.createContainer({name: 'busy', Image: 'busybox'});
	});

	behaves('--rm: the container goes when it ends', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], HostConfig: {AutoRemove: true}});
		const {exitCode} = await runAttached(engine, Id);
		t.is(exitCode, 0);
		await engine.waitContainer(Id, {condition: 'removed'}).catch(() => {});
		t.like(await t.throwsAsync(engine.inspectContainer(Id)), {kind: 'notFound'});
		const {Id: second} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: {AutoRemove: true}});
		await engine.startContainer(second);
		const removed = engine.waitContainer(second, {condition: 'removed'});
		await engine.stopContainer(second, {timeoutSeconds: 0});
		t.deepEqual(await removed, {exitCode: 137});
		await until(async () => (await engine.listContainers({all: true})).length === 0);
	});

	behaves('waiting for the next exit', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'exit 4']);
		t.deepEqual(await engine.waitContainer(Id), {exitCode: 0});
		const next = engine.waitContainer(Id, {condition: 'next-exit'});
		await engine.startContainer(Id);
		t.deepEqual(await next, {exitCode: 4});
		const again = engine.waitContainer(Id, {condition: 'next-exit'});
		await engine.startContainer(Id);
		t.deepEqual(await again, {exitCode: 4});
		const controller = new AbortController();
		const given = engine.waitContainer(Id, {condition: 'next-exit', signal: controller.signal});
		controller.abort();
		await t.throwsAsync(given, {any: true});
	});

	behaves('two starts at once: one starts it', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		const answers = await Promise.all([1, 2, 3, 4].map(async () => engine.startContainer(Id)));
		t.deepEqual(answers.filter(Boolean), [true]);
		t.is((await engine.top(Id)).Processes.length, 1);
	});

	behaves('removing while it is started: it is gone in the end, and nothing runs', async (t, engine) => {
		for (let i = 0; i < 5; i++) {
			const Id = await create(engine, ['sleep', '1000']);
			const start = engine.startContainer(Id).catch((error: unknown) => error);
			await engine.removeContainer(Id, {force: true}).catch((error: unknown) => error);
			await start;
			await engine.removeContainer(Id, {force: true}).catch((error: unknown) => error);
			await t.throwsAsync(engine.inspectContainer(Id), {message: `No such container: ${Id}`});
		}

		t.deepEqual(await engine.listContainers({all: true}), []);
	});

	behaves('twenty containers at once', async (t, engine) => {
		const results = await Promise.all(Array.from({length: 20}, async (_, index) => {
			const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', `echo ${index}; exit ${index}`]});
			return runAttached(engine, Id);
		}));
		t.deepEqual(results.map(({stdout, exitCode}) => [stdout, exitCode]), Array.from({length: 20}, (_, index) => [`${index}\n`, index]));
	});

	const ends: ReadonlyArray<readonly [title: string, script: string, exitCode: number, init?: boolean]> = [
		['0', 'exit 0', 0],
		['255', 'exit 255', 255],
		['300, of which eight bits are left', 'exit 300', 44],
		['a signal is 128 and its number', 'kill -TERM $$', 143, true],
		['killed', 'kill -KILL $$', 137, true],
		['a fault', 'kill -SEGV $$', 139, true],
		['an unknown program in a shell', 'nosuchprogram', 127],
		['a program that may not be run in a shell', '/etc/passwd', 126],
	];
	for (const [title, script, exitCode, Init = false] of ends) {
		behaves(`exit code ${title}`, async (t, engine) => {
			const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', script], HostConfig: {Init}});
			await engine.startContainer(Id);
			t.deepEqual(await engine.waitContainer(Id), {exitCode});
			t.like((await engine.inspectContainer(Id)).State, {Status: 'exited', ExitCode: exitCode, Running: false, Paused: false, Dead: false, OOMKilled: false, Error: ''});
			t.regex((await engine.listContainers({all: true}))[0]?.Status ?? '', new RegExp(String.raw`^Exited \(${exitCode}\) `));
		});
	}

	behaves('several wait for one end, each with its own condition', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'while ! test -f /go; do sleep 0.02; done; exit 9'], HostConfig: {AutoRemove: true}});
		const next = engine.waitContainer(Id, {condition: 'next-exit'});
		await engine.startContainer(Id);
		const others = [engine.waitContainer(Id), engine.waitContainer(Id.slice(0, 12), {condition: 'not-running'}), engine.waitContainer(Id, {condition: 'removed'})];
		await engine.putArchive(Id, '/', Readable.from([tarOf([{name: 'go', data: ''}])]));
		t.deepEqual(await Promise.all([next, ...others]), Array.from({length: 4}, () => ({exitCode: 9})));
		t.like(await t.throwsAsync(engine.waitContainer(Id, {condition: 'removed'})), {kind: 'notFound', message: `No such container: ${Id}`});
	});

	behaves('waiting: a bad condition, a signal that fires, a container that failed to start', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		t.like(await t.throwsAsync(engine.waitContainer(Id, {condition: 'tomorrow' as 'removed'})), {kind: 'invalidParameter', message: 'invalid condition: "tomorrow"'});
		await engine.startContainer(Id);
		for (const condition of ['not-running', 'removed'] as const) {
			const controller = new AbortController();
			const waiting = engine.waitContainer(Id, {condition, signal: controller.signal});
			controller.abort(new Error('enough'));
			await t.throwsAsync(waiting, {message: 'enough'});
		}

		const failing = await create(engine, ['/no/such']);
		await t.throwsAsync(engine.startContainer(failing));
		t.like(await engine.waitContainer(failing), {exitCode: 127});
	});

	behaves('stop: its own signal and time, or those of the call', async (t, engine) => {
		const script = 'trap "exit 11" INT; trap "exit 12" USR1; trap "" TERM; echo ready; while :; do sleep 0.02; done';
		const make = async (options: Partial<ContainerCreateOptions>) => {
			const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', script], ...options});
			await engine.startContainer(Id);
			await logged(engine, Id, 'ready');
			return Id;
		};

		const codeAfter = async (id: string, options?: Parameters<Engine['stopContainer']>[1]) => {
			await engine.stopContainer(id, options);
			return (await engine.inspectContainer(id)).State.ExitCode;
		};

		t.is(await codeAfter(await make({StopSignal: 'INT'})), 11);
		t.is(await codeAfter(await make({StopSignal: 'INT'}), {signal: 'SIGUSR1'}), 12);
		t.is(await codeAfter(await make({}), {signal: '10'}), 12);
		t.is(await codeAfter(await make({StopTimeout: 0})), 137);
		t.is(await codeAfter(await make({StopSignal: 'KILL'}), {timeoutSeconds: -1}), 137);
		const stubborn = await make({});
		t.like(await t.throwsAsync(engine.stopContainer(stubborn, {signal: 'NOPE'})), {kind: 'invalidParameter', message: `cannot stop container: ${stubborn}: invalid signal: NOPE`});
	});

	behaves('a restart is one more run of the same container, with its files and its --rm', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo x >> /runs; wc -l < /runs; exec sleep 1000'], HostConfig: {AutoRemove: true}});
		await engine.startContainer(Id);
		await logged(engine, Id, '1\n');
		await engine.restartContainer(Id, {timeoutSeconds: 0});
		await logged(engine, Id, '2\n');
		t.is((await engine.inspectContainer(Id)).RestartCount, 0);
		await engine.stopContainer(Id, {timeoutSeconds: 0});
		await until(async () => (await engine.listContainers({all: true})).length === 0);
	});
}
