/** A container whose monitor lives while its socket has gone, as after a logout that removed /run/user/UID. */
import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {Engine} from '../../engine/index.js';
import {containerLab} from '../helpers/container-lab.js';

async function stranded(t: ExecutionContext, options: {AutoRemove?: boolean} = {}): Promise<{engine: Engine; id: string; bring: () => void} | undefined> {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return undefined;
	}

	const {engine} = lab;
	const {Id: id} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: options});
	await engine.startContainer(id);
	const folder = fs.readdirSync(lab.run).map(name => path.join(lab.run, name)).find(place => fs.existsSync(path.join(place, `${id}.sock`)))!;
	const socket = path.join(folder, `${id}.sock`);
	fs.renameSync(socket, `${socket}.away`);
	return {
		engine,
		id,
		bring() {
			fs.renameSync(`${socket}.away`, socket);
		},
	};
}

test('what needs the monitor says that it runs and can\'t be reached, and why; nothing is pretended', async t => {
	const found = await stranded(t);
	if (found === undefined) {
		return;
	}

	const {engine, id, bring} = found;
	const attempts: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
		['stop', async () => engine.stopContainer(id)],
		['restart', async () => engine.restartContainer(id)],
		['kill -TERM', async () => engine.killContainer(id, 'TERM')],
		['pause', async () => engine.pauseContainer(id)],
		['top', async () => engine.top(id)],
		['attach', async () => engine.attach(id)],
	];
	for (const [name, attempt] of attempts) {
		const error = await t.throwsAsync(attempt(), undefined, name);
		t.like(error, {name: 'EngineError', kind: 'unavailable', code: 'monitorUnreachable'}, name);
		t.regex((error as {hint?: string}).hint ?? '', /enable-linger.*tug rm -f/, name);
	}

	t.is((await engine.inspectContainer(id)).State.Status, 'running');
	bring();
	t.true(await engine.stopContainer(id, {timeoutSeconds: 0}), 'nothing was lost: the socket is back');
	await engine.removeContainer(id);
});

test('kill ends it all the same', async t => {
	const found = await stranded(t);
	if (found === undefined) {
		return;
	}

	const {engine, id} = found;
	await engine.killContainer(id);
	t.like((await engine.inspectContainer(id)).State, {Status: 'exited', ExitCode: 137});
	await engine.removeContainer(id);
	t.deepEqual(await engine.listContainers({all: true}), []);
});

for (const AutoRemove of [false, true]) {
	test(`rm -f removes it${AutoRemove ? ', made with --rm, too' : ''}`, async t => {
		const found = await stranded(t, {AutoRemove});
		if (found === undefined) {
			return;
		}

		const {engine, id} = found;
		const {Pid} = (await engine.inspectContainer(id)).State;
		await engine.removeContainer(id, {force: true});
		t.deepEqual(await engine.listContainers({all: true}), []);
		t.false(fs.existsSync(`/proc/${Pid}/root`), 'its first process has gone with the monitor');
	});
}

test.serial('who waits for it goes on waiting, at rest', async t => {
	const found = await stranded(t);
	if (found === undefined) {
		return;
	}

	const {engine, id} = found;
	const end = engine.waitContainer(id);
	await delay(200); // What is done once is done
	const before = performance.eventLoopUtilization();
	await delay(300); // Not for a condition: for as long as a loop would show
	t.true(performance.eventLoopUtilization(before).utilization < 0.9, 'a loop that never rests gives 1');
	await engine.killContainer(id);
	t.is((await end).exitCode, 137);
});
