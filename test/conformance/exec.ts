/** Further programs in a running container. */
import {Readable} from 'node:stream';
import type {ExecCreateOptions} from '../../engine/index.js';
import {tarOf} from '../helpers/image-lab.js';
import {collect, create, until, type Behaves} from './behaviour.js';

export function execBehaviour(behaves: Behaves): void {
	behaves('exec runs further programs', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		t.like(await t.throwsAsync(engine.createExec(Id, {Cmd: ['true']})), {kind: 'conflict', message: `container ${Id} is not running`});
		await engine.startContainer(Id);
		const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'echo $A $(pwd); cat; echo err >&2; exit 5'], Env: ['A=1'], WorkingDir: '/tmp', AttachStdin: true, AttachStdout: true, AttachStderr: true});
		t.like(await engine.inspectExec(execId), {Running: false, ExitCode: null, ContainerID: Id});
		const attachment = (await engine.startExec(execId, {stdin: true}))!;
		const collected = collect(attachment);
		t.like(await engine.inspectExec(execId), {Running: true});
		t.deepEqual((await engine.inspectContainer(Id)).ExecIDs, [execId]);
		await attachment.write(Buffer.from('typed\n'));
		await attachment.end();
		t.deepEqual(await collected, {stdout: '1 /tmp\ntyped\n', stderr: 'err\n', exitCode: 5});
		t.like(await engine.inspectExec(execId), {Running: false, ExitCode: 5});
		t.like(await t.throwsAsync(engine.startExec(execId)), {kind: 'conflict'});
		const {Id: missing} = await engine.createExec(Id, {Cmd: ['nope'], AttachStdout: true});
		t.like(await t.throwsAsync(engine.startExec(missing), {message: /executable file not found/}), {kind: 'invalidParameter', exitCode: 127});
		t.like(await engine.inspectExec(missing), {ExitCode: 127, Running: false});
	});

	behaves('exec detached, and on a terminal', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		const {Id: detached} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'echo done > /done; exit 2']});
		t.is(await engine.startExec(detached, {detach: true}), undefined);
		await until(async () => (await engine.inspectExec(detached)).ExitCode === 2);
		const {Id: terminal} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'stty size; cat /done'], Tty: true, AttachStdin: true, AttachStdout: true});
		const attachment = (await engine.startExec(terminal, {tty: true, stdin: true, size: {rows: 12, columns: 34}}))!;
		t.is((await collect(attachment)).stdout, '12 34\r\ndone\r\n');
	});

	behaves('a session has the container\'s settings, and its own where it says so', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], Env: ['A=container', 'B=container'], WorkingDir: '/etc', Hostname: 'box'});
		await engine.startContainer(Id);
		const script = 'echo $A $B $(pwd) $(hostname) $(id -u)';
		const outputOf = async (options: Partial<ExecCreateOptions>) => {
			const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true, ...options});
			return (await collect((await engine.startExec(execId))!)).stdout.trim();
		};

		t.is(await outputOf({}), 'container container /etc box 0');
		t.is(await outputOf({Env: ['A=exec', 'C=x'], WorkingDir: '/tmp'}), 'exec container /tmp box 0');
	});

	behaves('sessions: docker\'s refusals', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		for (const options of [{}, {Cmd: []}]) {
			t.like(await t.throwsAsync(engine.createExec(Id, options)), {kind: 'invalidParameter', message: 'No exec command specified'});
		}

		const make = async (Cmd: string[], more: Partial<ExecCreateOptions> = {}) => (await engine.createExec(Id, {Cmd, AttachStdout: true, ...more})).Id;
		const once = await make(['true']);
		await collect((await engine.startExec(once))!);
		t.like(await t.throwsAsync(engine.startExec(once)), {kind: 'conflict', message: `exec command ${once} has already run`});
		const long = await make(['sleep', '1000']);
		await engine.startExec(long, {detach: true});
		t.like(await t.throwsAsync(engine.startExec(long, {detach: true})), {kind: 'conflict', message: `exec command ${long} is already running`});
		for (const [Cmd, exitCode, message] of [[['nope'], 127, /executable file not found in \$PATH/], [['/no/such'], 127, /no such file or directory/], [['/etc/passwd'], 126, /permission denied/]] as const) {
			for (const detach of [false, true]) {
				const failing = await make([...Cmd]);
				t.like(await t.throwsAsync(engine.startExec(failing, {detach}), {message}), {kind: 'invalidParameter', exitCode});
				t.like(await engine.inspectExec(failing), {ExitCode: exitCode, Running: false});
			}
		}

		await t.throwsAsync(engine.startExec(await make(['true'], {User: 'nosuch'})), {message: /unable to find user nosuch/});
		t.is((await engine.inspectContainer(Id)).State.Status, 'running');
	});

	behaves('a session belongs to one run of its container', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		const {Id: waiting} = await engine.createExec(Id, {Cmd: ['true']});
		const {Id: running} = await engine.createExec(Id, {Cmd: ['sleep', '1000'], AttachStdout: true});
		const attachment = (await engine.startExec(running))!;
		await engine.killContainer(Id);
		t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 137});
		t.like(await engine.inspectExec(running), {Running: false, ExitCode: 137});
		await engine.startContainer(Id);
		t.like(await t.throwsAsync(engine.startExec(waiting, {detach: true})), {kind: 'notFound', message: `No such exec instance: ${waiting}`});
		t.is((await engine.inspectContainer(Id)).ExecIDs ?? null, null);
	});

	behaves('a session on a terminal takes new sizes and gives one stream', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'stty size; read x; stty size; echo err >&2; exit 3'], Tty: true, AttachStdin: true, AttachStdout: true, AttachStderr: true});
		const attachment = (await engine.startExec(execId, {tty: true, stdin: true, size: {rows: 5, columns: 6}}))!;
		t.true(attachment.tty);
		const collected = collect(attachment);
		await engine.resizeExec(execId, {rows: 7, columns: 8});
		await attachment.resize({rows: 9, columns: 10});
		await attachment.write(Buffer.from('\n'));
		const {stdout, stderr, exitCode} = await collected;
		t.regex(stdout, /9 10\r\nerr\r\n$/);
		t.deepEqual([stderr, exitCode], ['', 3]);
		t.like(await t.throwsAsync(engine.resizeExec(execId, {rows: 1, columns: 1})), {kind: 'conflict'});
	});

	behaves('leaving a session does not end it', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'echo up; while ! test -f /go; do sleep 0.02; done; exit 6'], AttachStdout: true});
		const attachment = (await engine.startExec(execId))!;
		attachment.close();
		t.deepEqual(await attachment.done, {reason: 'detached'});
		t.like(await engine.inspectExec(execId.slice(0, 16)), {Running: true, ExitCode: null, ID: execId});
		await engine.putArchive(Id, '/', Readable.from([tarOf([{name: 'go', data: ''}])]));
		await until(async () => (await engine.inspectExec(execId)).ExitCode === 6);
	});

	behaves('twenty sessions at once', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		const results = await Promise.all(Array.from({length: 20}, async (_, index) => {
			const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', `echo ${index}; exit ${index}`], AttachStdout: true});
			return collect((await engine.startExec(execId))!);
		}));
		t.deepEqual(results.map(({stdout, exitCode}) => [stdout, exitCode]), Array.from({length: 20}, (_, index) => [`${index}\n`, index]));
	});
}
