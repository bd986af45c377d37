import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {frameType} from '../../engine/runtime/monitor-protocol.js';
import {forEachSubject, readStatus} from '../helpers/native-container.js';
import {create, createExec, createSession, isAlive, readJournal, until} from '../helpers/monitor-session.js';
import {MonitorClient} from '../helpers/monitor-client.js';

const ticking = 'while true; do echo tick; sleep 0.02; done';

/** `gone` for one that ended meanwhile. */
function processState(pid: number): string {
	try {
		const text = fs.readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
		return text.slice(text.lastIndexOf(')') + 2)[0]!;
	} catch {
		return 'gone';
	}
}

async function pidsOf(client: MonitorClient): Promise<number[]> {
	return (await client.command(frameType.pids))['pids'] as number[];
}

/** Whether output goes on. */
async function isTicking(client: MonitorClient): Promise<boolean> {
	await delay(150); // What was on the way
	const before = client.output().length;
	await delay(300);
	return client.output().length > before;
}

test('a paused container stands still in all its processes, and goes on', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, `(${ticking}) & (${ticking}) & wait`);
		t.like(await client.command(frameType.pause), {ok: false, kind: 'conflict'});
		await client.command(frameType.start);
		await client.untilOutput('tick');
		t.like(await client.command(frameType.unpause), {ok: false, kind: 'conflict', message: 'the container is not paused'});
		for (let round = 0; round < 2; round++) {
			t.like(await client.command(frameType.pause), {ok: true});
			t.is(readStatus(container.plan.stateDir).status, 'paused');
			t.false(await isTicking(client));
			t.true((await pidsOf(client)).every(pid => processState(pid) === 'T'));
			t.like(await client.command(frameType.pause), {ok: false, kind: 'conflict', message: 'the container is already paused'});
			t.like(await client.command(frameType.unpause), {ok: true});
			t.is(readStatus(container.plan.stateDir).status, 'running');
			t.true(await isTicking(client));
		}

		t.deepEqual(readJournal(container).map(({Action}) => Action), ['start', 'pause', 'unpause', 'pause', 'unpause']);
	});
});

test('an exec stands still with its container', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = create(t, subject, rootfs, 'sleep 100', {command: 'run'});
		const {plan} = createExec(subject, container, ticking);
		const exec = await MonitorClient.connect(t, subject, plan.socket);
		await exec.attach();
		await exec.command(frameType.start);
		await exec.untilOutput('tick');
		t.like(await exec.command(frameType.pause), {ok: false, kind: 'invalidParameter'});
		const client = await MonitorClient.connect(t, subject, container.plan.socket);
		t.like(await client.command(frameType.pause), {ok: true});
		t.false(await isTicking(exec));
		t.like(await client.command(frameType.unpause), {ok: true});
		t.true(await isTicking(exec));
	});
});

test('a process that was stopped before stays stopped afterwards', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'sleep 1000 & kill -STOP $!; echo ready; while true; do sleep 0.1; done');
		await client.command(frameType.start);
		await client.untilOutput('ready');
		const stopped = (await pidsOf(client)).filter(pid => processState(pid) === 'T');
		t.is(stopped.length, 1);
		await client.command(frameType.pause);
		await client.command(frameType.unpause);
		await until(() => processState(stopped[0]!) === 'T', 'it is stopped');
		t.is((await pidsOf(client)).filter(pid => processState(pid) === 'T').length, 1);
	});
});

test('a signal reaches a paused container, which goes on; SIGKILL ends it', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'trap "echo caught" TERM; echo ready; while true; do sleep 0.05; done');
		await client.command(frameType.start);
		await client.untilOutput('ready');
		await client.command(frameType.pause);
		t.like(await client.signal(15), {ok: true});
		await client.untilOutput('caught');
		t.is(readStatus(container.plan.stateDir).status, 'running');
		await client.command(frameType.pause);
		t.like(await client.signal(9), {ok: true});
		t.is((await client.exit()).exitCode, 137);
		t.is(readStatus(container.plan.stateDir).status, 'exited');
		t.false(isAlive(container.report['pid'] as number));
	});
});

test('a container that makes processes all the time is paused whole', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {client} = await createSession(t, subject, rootfs, 'while true; do /bin/true & /bin/true; done');
		await client.command(frameType.start);
		await delay(200);
		for (let round = 0; round < 5; round++) {
			t.like(await client.command(frameType.pause), {ok: true});
			const before = new Set(await pidsOf(client));
			await delay(50);
			// One that was on its last way out may have gone; none may have come.
			t.deepEqual((await pidsOf(client)).filter(pid => !before.has(pid)), []);
			t.like(await client.command(frameType.unpause), {ok: true});
		}
	});
});

test('with a freezer the cgroup is frozen and counts the processes', async t => {
	const group = makeGroup(t);
	if (group === undefined) {
		return;
	}

	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, ticking, {cgroups: [group]});
		await client.command(frameType.start);
		await client.untilOutput('tick');
		t.like(await client.command(frameType.pause), {ok: true});
		t.regex(fs.readFileSync(path.join(group, 'cgroup.events'), 'latin1'), /frozen 1/);
		t.not(processState(container.report['pid'] as number), 'T');
		t.false(await isTicking(client));
		t.like(await client.command(frameType.unpause), {ok: true});
		t.true(await isTicking(client));
		t.like(await client.command(frameType.stats), {ok: true, sources: {cpu: 'cgroup2', blkio: 'proc'}});
		await client.command(frameType.pause);
		t.like(await client.signal(9), {ok: true});
		t.is((await client.exit()).exitCode, 137);
	}, ({name}) => name === 'root');
});

/** A child of our own in the unified hierarchy, gone with the test. */
function makeGroup(t: ExecutionContext): string | undefined {
	const parent = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(folder => fs.existsSync(path.join(folder, 'cgroup.controllers')));
	const group = path.join(parent ?? '/nowhere', `tug-test-${String(process.pid)}`);
	try {
		fs.mkdirSync(group);
	} catch (error) {
		t.log(`skipped: no version 2 cgroup can be made here (${(error as Error).message})`);
		t.pass();
		return undefined;
	}

	t.teardown(async () => {
		for (let attempt = 0; attempt < 100 && fs.existsSync(group); attempt++) {
			try {
				fs.rmdirSync(group);
			} catch {
				await delay(50); // Its last process is on its way out
			}
		}
	});
	return group;
}
