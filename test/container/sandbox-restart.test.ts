/** The sandbox of a user may be killed, and another one started, while containers run in the first. */
import process from 'node:process';
import {Readable} from 'node:stream';
import test from 'ava';
import {idMapping, sandboxArguments} from '../../engine/runtime/id-mapping.js';
import {locateNative} from '../../engine/runtime/locate-native.js';
import {runNative} from '../../engine/runtime/native-program.js';
import {bytesOf, collect, runAttached, until} from '../conformance/behaviour.js';
import {containerLab, type ContainerLab} from '../helpers/container-lab.js';
import {tarOf} from '../helpers/image-lab.js';

async function killSandbox({run}: ContainerLab): Promise<void> {
	const [uid, gid] = [process.getuid!(), process.getgid!()];
	const native = {binary: locateNative(), sandboxArguments: sandboxArguments(idMapping({uid, gid, user: process.env['USER'] ?? ''}), `${run}/sandbox`)};
	const status = async () => runNative(native, 'sandbox', ['status']);
	const {pid} = await status();
	process.kill(pid as number, 'SIGKILL');
	await until(async () => (await status().catch(() => ({pid: undefined}))).pid !== pid);
}

test('what runs in the old one goes on, and can be looked into, copied to and from, entered and ended', async t => {
	if (process.getuid!() === 0) {
		t.log('skipped: root has no sandbox');
		t.pass();
		return;
	}

	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {engine} = lab;
	const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo inside > /file; while ! test -f /go; do sleep 0.05; done; cat /go; exec sleep 1000']});
	await engine.startContainer(Id);
	await until(async () => engine.statArchive(Id, '/file').then(() => true, () => false));
	await killSandbox(lab);
	// Another container, so that there is a new sandbox for certain.
	const {Id: other} = await engine.createContainer({Image: 'busybox', Cmd: ['echo', 'new']});
	t.is((await runAttached(engine, other)).stdout, 'new\n');
	t.like(await engine.statArchive(Id, '/file'), {name: 'file', size: 7});
	t.true((await bytesOf((await engine.getArchive(Id, '/file')).tar)).includes('inside'));
	await engine.putArchive(Id, '/', Readable.from([tarOf([{name: 'go', data: 'gone on\n'}])]));
	const {Id: execId} = await engine.createExec(Id, {Cmd: ['cat', '/go'], AttachStdout: true});
	t.is((await collect((await engine.startExec(execId))!)).stdout, 'gone on\n');
	t.true((await bytesOf(await engine.exportContainer(Id))).includes('gone on'));
	t.deepEqual((await engine.changes(Id)).map(({Path}) => Path), ['/file', '/go']);
	t.true(await engine.stopContainer(Id, {timeoutSeconds: 0}));
	t.is((await engine.inspectContainer(Id)).State.ExitCode, 137);
	await engine.removeContainer(Id);
});
