/** What is left when monitors or tugs die, and how the next one finds it. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {createEngine, type Engine} from '../../engine/index.js';
import {logsOf, until} from '../conformance/behaviour.js';
import {containerLab, type ContainerLab} from '../helpers/container-lab.js';

const maker = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'container-maker.js');

async function reopened(lab: ContainerLab): Promise<Engine> {
	return createEngine({root: lab.root, run: lab.run});
}

const folderOf = (lab: ContainerLab, id: string) => path.join(lab.root, 'containers', id);
const leavingOf = (lab: ContainerLab, id: string) => path.join(lab.root, 'leaving', id);

test('a container whose monitor was killed has ended, and can be started again', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {engine} = lab;
	const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo run; exec sleep 1000']});
	await engine.startContainer(Id);
	const {State: {Pid}} = await engine.inspectContainer(Id);
	const waiting = engine.waitContainer(Id);
	const {monitorPid} = JSON.parse(fs.readFileSync(path.join(folderOf(lab, Id), 'status.json'), 'utf8')) as {monitorPid: number};
	process.kill(monitorPid, 'SIGKILL');
	t.like(await waiting, {exitCode: 137});
	const {State} = await engine.inspectContainer(Id);
	t.like(State, {Status: 'exited', ExitCode: 137, Error: 'the monitor of the container ended before it'});
	t.is((await engine.inspectContainer(Id)).State.FinishedAt, State.FinishedAt);
	await until(async () => !isAlive(Pid));
	t.false(await engine.stopContainer(Id));
	t.true(await engine.startContainer(Id));
	await until(async () => (await logsOf(engine, Id)) === 'run\nrun\n');
	t.is((await engine.inspectContainer(Id)).State.Status, 'running');
});

test('a --rm container that ended while no tug ran is removed by the next', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const starter = await reopened(lab);
	const {Id} = await starter.createContainer({Image: 'busybox', Cmd: ['sleep', '0.2'], HostConfig: {AutoRemove: true}});
	await starter.startContainer(Id);
	await starter.close();
	await until(async () => (await lab.engine.listContainers({all: true})).every(({State}) => State === 'exited'));
	t.true(fs.existsSync(folderOf(lab, Id)));
	const next = await reopened(lab);
	t.deepEqual(await next.listContainers({all: true}), []);
	t.deepEqual(fs.readdirSync(path.join(lab.root, 'leaving')), []);
	await next.close();
});

test('a --rm container that runs or was never started is left alone', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const running = await lab.engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: {AutoRemove: true}});
	await lab.engine.startContainer(running.Id);
	const created = await lab.engine.createContainer({Image: 'busybox', HostConfig: {AutoRemove: true}});
	await (await reopened(lab)).close();
	t.deepEqual((await lab.engine.listContainers({all: true})).map(({Id}) => Id), [created.Id, running.Id]);
	await lab.engine.restartContainer(running.Id, {timeoutSeconds: 0});
	t.is((await lab.engine.inspectContainer(running.Id)).State.Status, 'running');
});

for (const end of ['die', 'attach'] as const) {
	test(`a --rm container whose maker was killed before its start is removed by the next (${end})`, async t => {
		const lab = await containerLab(t);
		if (lab === undefined) {
			return;
		}

		const id = made(lab, end);
		t.true(fs.existsSync(folderOf(lab, id)));
		const next = await reopened(lab);
		t.deepEqual(await next.listContainers({all: true}), []);
		t.deepEqual(fs.readdirSync(path.join(lab.root, 'leaving')), []);
		t.deepEqual(fs.readdirSync(lab.run).filter(name => name.startsWith(id)), []);
		await next.close();
	});
}

test('a --rm container made by a tug that has closed waits for its start', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const id = made(lab, 'close');
	const next = await reopened(lab);
	t.deepEqual((await next.listContainers({all: true})).map(({Id}) => Id), [id]);
	await next.startContainer(id);
	await next.stopContainer(id, {timeoutSeconds: 0});
	t.deepEqual(await next.listContainers({all: true}), []);
	await next.close();
});

test('the mark of a --rm container that is being made is left alone; one of a dead maker goes', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	fs.mkdirSync(path.join(lab.root, 'leaving'), {recursive: true});
	const [alive, dead] = ['a'.repeat(64), 'b'.repeat(64)];
	fs.writeFileSync(leavingOf(lab, alive), JSON.stringify({phase: 'whenStopped', removesVolumes: true, by: identityOf(process.ppid)})); // Our parent lives as long as we do.
	fs.writeFileSync(leavingOf(lab, dead), '{"phase":"whenStopped","removesVolumes":true,"by":"999999999-1-00000000-1"}');
	await (await reopened(lab)).close();
	t.deepEqual(fs.readdirSync(path.join(lab.root, 'leaving')), [alive]);
});

test('a --rm container whose program can\'t be run is removed at once', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {Id} = await lab.engine.createContainer({Image: 'busybox', Cmd: ['/no/such'], HostConfig: {AutoRemove: true}});
	t.like(await t.throwsAsync(lab.engine.startContainer(Id)), {exitCode: 127});
	t.deepEqual(await lab.engine.listContainers({all: true}), []);
	const {Id: second} = await lab.engine.createContainer({Image: 'busybox', Cmd: ['/no/such'], HostConfig: {AutoRemove: true}});
	const attachment = await lab.engine.attach(second);
	await t.throwsAsync(lab.engine.startContainer(second), {message: /no such file/});
	t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 127});
	t.deepEqual(await lab.engine.listContainers({all: true}), []);
});

test('a removal that was begun is ended', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {Id} = await lab.engine.createContainer({name: 'half', Image: 'busybox', Cmd: ['sleep', '1000']});
	await lab.engine.startContainer(Id);
	fs.mkdirSync(path.join(lab.root, 'leaving'), {recursive: true});
	fs.writeFileSync(leavingOf(lab, Id), '{"phase":"now","removesVolumes":true,"by":"999999999-1-00000000-1"}');
	fs.writeFileSync(leavingOf(lab, 'f'.repeat(64)), ''); // Of one that is gone already
	const next = await reopened(lab);
	t.deepEqual(await next.listContainers({all: true}), []);
	t.deepEqual(fs.readdirSync(path.join(lab.root, 'names')), []);
	t.deepEqual(fs.readdirSync(path.join(lab.root, 'leaving')), []);
	await next.close();
});

test('one that another tug removes can\'t be removed or started', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {Id} = await lab.engine.createContainer({name: 'going', Image: 'busybox'});
	fs.mkdirSync(path.join(lab.root, 'leaving'), {recursive: true});
	fs.writeFileSync(leavingOf(lab, Id), JSON.stringify({phase: 'now', removesVolumes: false, by: identityOf(process.ppid)})); // Our parent lives as long as we do.
	t.is((await lab.engine.inspectContainer(Id)).State.Status, 'removing');
	t.is((await lab.engine.listContainers({all: true}))[0]?.Status, 'Removal In Progress');
	t.like(await t.throwsAsync(lab.engine.removeContainer('going')), {kind: 'conflict', message: 'removal of container going is already in progress'});
	t.like(await t.throwsAsync(lab.engine.startContainer('going')), {kind: 'conflict', message: 'container is marked for removal and cannot be started'});
	fs.unlinkSync(leavingOf(lab, Id));
});

test('a removal that fails leaves a dead container, which can be removed later', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {Id} = await lab.engine.createContainer({name: 'stuck', Image: 'busybox'});
	const trash = path.join(lab.root, 'trash');
	fs.renameSync(trash, `${trash}.away`);
	fs.writeFileSync(trash, 'in the way');
	t.like(await t.throwsAsync(lab.engine.removeContainer('stuck')), {kind: 'system'});
	t.like((await lab.engine.inspectContainer('stuck')).State, {Status: 'dead', Dead: true});
	t.like(await t.throwsAsync(lab.engine.startContainer('stuck')), {kind: 'conflict'});
	fs.unlinkSync(trash);
	fs.renameSync(`${trash}.away`, trash);
	await lab.engine.removeContainer(Id);
	t.deepEqual(await lab.engine.listContainers({all: true}), []);
});

test('a damaged record hurts nobody else, and can be removed by force', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {Id} = await lab.engine.createContainer({name: 'damaged', Image: 'busybox'});
	await lab.engine.createContainer({name: 'whole', Image: 'busybox'});
	fs.writeFileSync(path.join(folderOf(lab, Id), 'config.json'), '{"version":1,');
	t.like(await t.throwsAsync(lab.engine.inspectContainer('damaged')), {kind: 'system', code: 'EDAMAGED'});
	t.deepEqual((await lab.engine.listContainers({all: true})).map(({Names}) => Names[0]), ['/whole']);
	t.like(await t.throwsAsync(lab.engine.createContainer({name: 'damaged', Image: 'busybox'})), {kind: 'conflict'});
	await lab.engine.removeContainer('damaged', {force: true});
	await lab.engine.createContainer({name: 'damaged', Image: 'busybox'});
});

test('a name whose owner is gone can be taken', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	fs.symlinkSync('e'.repeat(64), path.join(lab.root, 'names', 'stale'));
	fs.symlinkSync('../../etc', path.join(lab.root, 'names', 'strange'));
	t.like(await t.throwsAsync(lab.engine.inspectContainer('stale')), {kind: 'notFound'});
	t.like(await t.throwsAsync(lab.engine.inspectContainer('strange')), {kind: 'notFound'});
	await lab.engine.createContainer({name: 'stale', Image: 'busybox'});
	await lab.engine.createContainer({name: 'strange', Image: 'busybox'});
	t.is((await lab.engine.listContainers({all: true})).length, 2);
});

test('a monitor without a container is ended', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {Id} = await lab.engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000']});
	await lab.engine.startContainer(Id);
	const {State: {Pid}} = await lab.engine.inspectContainer(Id);
	fs.renameSync(folderOf(lab, Id), path.join(lab.root, 'trash', 'dead-orphan'));
	await (await reopened(lab)).close();
	await until(async () => !isAlive(Pid));
	t.pass();
});

test('limits are enforced where they can be', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	let Id: string;
	try {
		({Id} = await lab.engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'x=0123456789abcdef; while :; do x=$x$x; done'], HostConfig: {Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024, PidsLimit: 50},
		}));
	} catch (error) {
		t.log(`skipped: ${(error as Error).message}`);
		t.like(error, {kind: 'invalidParameter', code: 'limitNotEnforceable'});
		return;
	}

	await lab.engine.startContainer(Id);
	t.like(await lab.engine.waitContainer(Id), {exitCode: 137});
	t.like((await lab.engine.inspectContainer(Id)).State, {OOMKilled: true, ExitCode: 137});
	const groups = fs.existsSync(path.join(folderOf(lab, Id), 'cgroups')) ? fs.readFileSync(path.join(folderOf(lab, Id), 'cgroups'), 'utf8').split('\n') : [];
	await lab.engine.removeContainer(Id);
	t.deepEqual(groups.filter(group => fs.existsSync(group)), []);
});

/** Runs the fixture to its end; the container's id. */
function made({root, run}: ContainerLab, end: 'attach' | 'close' | 'die'): string {
	const {stdout} = spawnSync(process.execPath, [maker, root, run, end], {encoding: 'utf8'});
	return stdout.trim();
}

/** As engine/files/process-identity.ts writes it. */
function identityOf(pid: number): string {
	const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
	const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
	const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
	return `${pid}-${ticks}-${boot}-${/\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))![0]}`;
}

function isAlive(pid: number): boolean {
	try {
		return !fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
	} catch {
		return false;
	}
}
