/**
What every engine must do, whether it is in this process or behind HTTP. A factory gives an engine whose store holds the image `busybox:latest` (docker's shape: `Cmd: ['sh']`, users root, www-data 33 and app 1000).
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {Readable} from 'node:stream';
import type {ExecutionContext, TestFn} from 'ava';
import type {Attachment, ContainerCreateOptions, Engine, EventMessage, OutputChunk} from '../../engine/index.js';
import {temporaryFolder, tarOf} from '../helpers/image-lab.js';

/** Undefined: it can't be had here; the reason is logged and the test is over. The factory closes the engine at the end of the test. */
export type EngineFactory = (t: ExecutionContext) => Promise<Engine | undefined>;

export type Subject = {
	readonly test: TestFn;
	readonly factory: EngineFactory;
	/** Only one user id is there: what needs others is left out. */
	readonly single?: boolean;
	/** Prefix of the titles. */
	readonly name: string;
};

export function engineSuite({test, factory, name, single = false}: Subject): void {
	const behaves = (title: string, body: (t: ExecutionContext, engine: Engine) => Promise<void>) => {
		test(`${name}: ${title}`, async t => {
			const engine = await factory(t);
			if (engine !== undefined) {
				await body(t, engine);
			}
		});
	};

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

	behaves('names are taken once, and given back', async (t, engine) => {
		const {Id} = await engine.createContainer({name: 'one', Image: 'busybox'});
		t.like(await t.throwsAsync(engine.createContainer({name: '/one', Image: 'busybox'})), {
			kind: 'conflict',
			message: `Conflict. The container name "/one" is already in use by container "${Id}". You have to remove (or rename) that container to be able to reuse that name.`,
		});
		await engine.renameContainer('one', 'two');
		t.is((await engine.inspectContainer('two')).Id, Id);
		await engine.createContainer({name: 'one', Image: 'busybox'});
		t.like(await t.throwsAsync(engine.renameContainer('two', 'one')), {kind: 'conflict'});
		await engine.removeContainer('one');
		await engine.renameContainer('two', 'one');
		await engine.removeContainer('one');
		t.like(await t.throwsAsync(engine.inspectContainer('one')), {kind: 'notFound', message: 'No such container: one'});
		t.deepEqual(await engine.listContainers({all: true}), []);
	});

	for (const bad of ['-x', 'a/b', '../../etc', 'x', 'a b', 'ä']) {
		behaves(`the name ${JSON.stringify(bad)} is refused`, async (t, engine) => {
			t.like(await t.throwsAsync(engine.createContainer({name: bad, Image: 'busybox'})), {
				kind: 'invalidParameter', message: `Invalid container name (${bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
			});
			t.like(await t.throwsAsync(engine.inspectContainer(bad)), {kind: 'notFound'});
		});
	}

	behaves('what is not there is not found, with docker\'s texts', async (t, engine) => {
		const missing = {kind: 'notFound', message: 'No such container: nope'};
		t.like(await t.throwsAsync(engine.startContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.stopContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.removeContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.waitContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.attach('nope')), missing);
		t.like(await t.throwsAsync(logsOf(engine, 'nope')), missing);
		t.like(await t.throwsAsync(engine.createContainer({Image: 'nope:1'})), {kind: 'notFound', message: 'No such image: nope:1'});
		t.like(await t.throwsAsync(engine.inspectExec('f'.repeat(64))), {kind: 'notFound', message: `No such exec instance: ${'f'.repeat(64)}`});
	});

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

	behaves('stdin of a pipe arrives whole', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['md5sum'], OpenStdin: true, StdinOnce: true, AttachStdin: true});
		const attachment = await engine.attach(Id, {stdin: true});
		await engine.startContainer(Id);
		const block = Buffer.alloc(1024 * 1024, 'x');
		const collected = collect(attachment);
		for (let i = 0; i < 20; i++) {
			await attachment.write(block);
		}

		await attachment.end();
		const hash = createHash('md5');
		for (let i = 0; i < 20; i++) {
			hash.update(block);
		}

		t.is((await collected).stdout, `${hash.digest('hex')}  -\n`);
	});

	behaves('much output comes whole to a slow reader', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'seq 1 300000']);
		const attachment = await engine.attach(Id);
		await engine.startContainer(Id);
		let bytes = 0;
		let last = '';
		for await (const {data} of attachment.output) {
			bytes += data.length;
			last = (last + data.toString()).slice(-7);
			if (bytes % 7 === 0) {
				await delay(1);
			}
		}

		t.is(bytes, 1_988_895);
		t.is(last, '300000\n');
		t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 0});
		t.is((await logsOf(engine, Id)).length, 1_988_895);
	});

	behaves('a terminal has its size, and takes a new one', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'stty size; read x; stty size; test -t 0 && echo terminal'], Tty: true, OpenStdin: true});
		const attachment = await engine.attach(Id, {stdin: true, size: {rows: 11, columns: 22}});
		t.true(attachment.tty);
		await engine.startContainer(Id);
		const collected = collect(attachment);
		await logged(engine, Id, '11 22');
		await attachment.resize({rows: 33, columns: 44});
		await attachment.write(Buffer.from('\n'));
		const {stdout, stderr} = await collected;
		t.regex(stdout, /^11 22\r\n\r\n33 44\r\nterminal\r\n$/);
		t.is(stderr, '');
	});

	behaves('closing an attachment detaches; another one sees what follows', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo one; read x; echo two $x'], OpenStdin: true});
		const first = await engine.attach(Id, {stdin: true});
		await engine.startContainer(Id);
		await logged(engine, Id, 'one');
		first.close();
		t.deepEqual(await first.done, {reason: 'detached'});
		t.is((await engine.inspectContainer(Id)).State.Status, 'running');
		const second = await engine.attach(Id, {stdin: true, logs: true});
		await second.write(Buffer.from('more\n'));
		t.is((await collect(second)).stdout, 'one\ntwo more\n');
	});

	behaves('attaching and leaving without a start leaves a container that can be started', async (t, engine) => {
		const Id = await create(engine, ['echo', 'x']);
		const attachment = await engine.attach(Id);
		attachment.close();
		await attachment.done;
		t.is((await engine.inspectContainer(Id)).State.Status, 'created');
		await until(async () => engine.startContainer(Id).catch(() => false));
		await engine.waitContainer(Id);
		t.is(await logsOf(engine, Id), 'x\n');
	});

	behaves('logs: the end of them, since when, with times, and following', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'for i in 1 2 3 4 5; do echo line $i; done; sleep 0.3; echo late; sleep 0.1']);
		await engine.startContainer(Id);
		const followed: string[] = [];
		for await (const {data} of engine.logs(Id, {follow: true, tail: 2})) {
			followed.push(data.toString());
		}

		t.regex(followed.join(''), /late\n$/);
		t.is(await logsOf(engine, Id, {tail: 2}), 'line 5\nlate\n');
		t.is(await logsOf(engine, Id, {tail: 0}), '');
		const stamped = (await logsOf(engine, Id, {timestamps: true})).trim().split('\n');
		t.is(stamped.length, 6);
		t.true(stamped.every(line => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z l/.test(line)));
		const lateMs = Date.parse(stamped[5]!.slice(0, 23) + 'Z');
		t.is(await logsOf(engine, Id, {since: lateMs / 1000 - 0.1}), 'late\n');
		t.is((await logsOf(engine, Id, {until: lateMs / 1000 - 0.1})).split('\n').length, 6);
		await t.throwsAsync(logsOf(engine, Id, {stdout: false, stderr: false}), {message: 'Bad parameters: you must choose at least one stream'});
	});

	behaves('a log is rotated as asked, and read over its parts', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['seq', '1', '2000'], HostConfig: {LogConfig: {Type: 'json-file', Config: {'max-size': '20k', 'max-file': '3'}}}});
		await engine.startContainer(Id);
		await engine.waitContainer(Id);
		const numbers = (await logsOf(engine, Id)).trim().split('\n').map(Number);
		t.is(numbers.at(-1), 2000);
		t.true(numbers.length < 1000 && numbers.length > 200);
		t.true(numbers.every((number, index) => number === numbers[0]! + index));
		t.is(await logsOf(engine, Id, {tail: 300}), `${numbers.slice(-300).join('\n')}\n`);
	});

	behaves('environment, directory, user and host name are as asked for', async (t, engine) => {
		const {Id} = await engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'echo $A:$HOME:$(pwd):$(hostname):$(cat /etc/hostname)'], Env: ['A=b c'], WorkingDir: '/new/folder', Hostname: 'here',
		});
		t.is((await runAttached(engine, Id)).stdout, 'b c:/root:/new/folder:here:here\n');
		if (!single) {
			const {Id: other} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'id -u; id -g; echo $HOME'], User: 'app'});
			t.is((await runAttached(engine, other)).stdout, '1000\n1000\n/home\n');
		}
	});

	behaves('a host folder is bound, read-only where asked, and made when missing', async (t, engine) => {
		const folder = temporaryFolder(t);
		fs.chmodSync(folder, 0o755);
		fs.writeFileSync(`${folder}/in`, 'hello');
		const {Id} = await engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'cat /a/in; echo out > /a/out; echo no > /b/x; ls -d /c; cat /file'],
			HostConfig: {Binds: [`${folder}:/a`, `${folder}:/b:ro`, `${folder}/made/deep:/c`, `${folder}/in:/file`]},
		});
		const {stdout, stderr} = await runAttached(engine, Id);
		t.is(stdout, 'hello/c\nhello');
		t.regex(stderr, /Read-only file system/);
		t.is(fs.readFileSync(`${folder}/out`, 'utf8'), 'out\n');
		t.true(fs.statSync(`${folder}/made/deep`).isDirectory());
		t.like((await engine.inspectContainer(Id)).Mounts.find(mount => mount.Destination === '/b'), {Type: 'bind', Source: folder, RW: false});
	});

	behaves('volumes keep their data; anonymous ones go with the container when asked', async (t, engine) => {
		const options: ContainerCreateOptions = {Image: 'busybox', Cmd: ['sh', '-c', 'cat /named/x; echo kept > /named/x; echo y > /anonymous/x'], Volumes: {'/anonymous': {}}, HostConfig: {Binds: ['data:/named']}};
		const {Id} = await engine.createContainer(options);
		await runAttached(engine, Id);
		const mounts = (await engine.inspectContainer(Id)).Mounts;
		t.deepEqual(mounts.map(({Type, Destination}) => `${Type} ${Destination}`).sort((a, b) => a.localeCompare(b)), ['volume /anonymous', 'volume /named']);
		await engine.removeContainer(Id, {volumes: true});
		t.false(fs.existsSync(mounts.find(mount => mount.Destination === '/anonymous')!.Source));
		const {Id: next} = await engine.createContainer(options);
		t.is((await runAttached(engine, next)).stdout, 'kept\n');
	});

	behaves('read-only root, tmpfs, shm size, no new privileges, capabilities', async (t, engine) => {
		const {Id} = await engine.createContainer({
			Image: 'busybox',
			Cmd: ['sh', '-c', 'touch /x; touch /run/x && echo run; df -k /dev/shm | tail -1; grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status'],
			HostConfig: {ReadonlyRootfs: true, Tmpfs: {'/run': 'size=1m'}, ShmSize: 8 * 1024 * 1024, SecurityOpt: ['no-new-privileges'], CapDrop: ['ALL'], CapAdd: ['NET_BIND_SERVICE']},
		});
		const {stdout, stderr} = await runAttached(engine, Id);
		t.regex(stderr, /Read-only file system/);
		t.regex(stdout, /^run\nshm\s+8192\s|^run\ntmpfs\s+8192\s/);
		t.regex(stdout, /CapBnd:\s+0000000000000400\n/);
		t.regex(stdout, /NoNewPrivs:\s+1\n/);
		t.regex(stdout, /Seccomp:\s+2\n/);
	});

	behaves('networks: only loopback by default and with none; the host\'s with host', async (t, engine) => {
		for (const NetworkMode of [undefined, 'none']) {
			const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'ls /sys/class/net; ping -c1 -W1 127.0.0.1 >/dev/null && echo up'], HostConfig: {...(NetworkMode === undefined ? {} : {NetworkMode}), CapAdd: ['NET_RAW']}});
			t.is((await runAttached(engine, Id)).stdout, 'lo\nup\n');
		}

		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['readlink', '/proc/self/ns/net'], HostConfig: {NetworkMode: 'host'}});
		t.is((await runAttached(engine, Id)).stdout.trim(), fs.readlinkSync('/proc/self/ns/net'));
		t.like(await t.throwsAsync(engine.createContainer({Image: 'busybox', HostConfig: {PortBindings: {'80/tcp': [{HostPort: '1'}]}}}), {message: /`none` and `host`/}), {kind: 'notImplemented'});
	});

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

	behaves('changes, archives in and out, and export', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'echo new > /new; rm /bin/yes; echo more >> /etc/passwd; mkdir /d; ln -s /etc/passwd /d/link']);
		await runAttached(engine, Id);
		const changes = await engine.changes(Id);
		const kinds = Object.fromEntries(changes.map(({Path, Kind}) => [Path, Kind]));
		t.like(kinds, {'/new': 1, '/bin/yes': 2, '/etc/passwd': 0, '/d/link': 1});
		t.like(await engine.statArchive(Id, '/new'), {name: 'new', size: 4});
		t.like(await engine.statArchive(Id, '/d/link'), {name: 'link', linkTarget: '/etc/passwd'});
		t.like(await t.throwsAsync(engine.statArchive(Id, '/no/such')), {kind: 'notFound', message: `Could not find the file /no/such in container ${Id}`});
		await engine.putArchive(Id, '/d', Readable.from([tarOf([{name: 'put', data: 'put in'}])]));
		const {stat, tar} = await engine.getArchive(Id, '/d/put');
		t.is(stat.size, 6);
		t.true((await bytesOf(tar)).includes('put in'));
		t.like(await t.throwsAsync(engine.putArchive(Id, '/new', Readable.from([tarOf([{name: 'x', data: 'x'}])]))), {kind: 'invalidParameter'});
		const whole = await bytesOf(await engine.exportContainer(Id));
		t.true(whole.includes('put in') && whole.includes('bin/busybox'));
		t.false(whole.includes('bin/yes\0'));
	});

	behaves('archives of a stopped container reach its volumes and what is bound, as docker\'s do', async (t, engine) => {
		const folder = temporaryFolder(t);
		fs.chmodSync(folder, 0o777);
		fs.writeFileSync(`${folder}/one`, 'bound\n');
		const {Id} = await engine.createContainer({
			Image: 'busybox',
			Cmd: ['sh', '-c', 'echo volume > /vol/x; echo gone > /tmpf/x; mkdir /deep && ln -s ../vol /deep/link'],
			HostConfig: {Binds: ['archived:/vol', `${folder}:/bind`, `${folder}/one:/etc/one`, `${folder}:/read:ro`], Tmpfs: {'/tmpf': ''}},
		});
		// Never started: what is mounted is there already.
		t.true((await bytesOf((await engine.getArchive(Id, '/bind/one')).tar)).includes('bound'));
		t.like(await engine.statArchive(Id, '/etc/one'), {name: 'one', size: 6});
		await runAttached(engine, Id);
		const file = () => Readable.from([tarOf([{name: 'put', data: 'put in'}])]);
		t.true((await bytesOf((await engine.getArchive(Id, '/vol')).tar)).includes('volume'));
		t.like(await engine.statArchive(Id, '/deep/link/x'), {name: 'x', size: 7});
		t.like(await t.throwsAsync(engine.statArchive(Id, '/tmpf/x')), {kind: 'notFound'});
		t.true((await engine.statArchive(Id, '/etc/hosts')).size > 20);
		await engine.putArchive(Id, '/bind', file());
		t.is(fs.readFileSync(`${folder}/put`, 'utf8'), 'put in');
		await engine.putArchive(Id, '/deep/link', file());
		t.like(await engine.statArchive(Id, '/vol/put'), {size: 6});
		t.like(await t.throwsAsync(engine.putArchive(Id, '/read', file())), {kind: 'forbidden', message: 'mounted volume is marked read-only'});
		t.deepEqual((await engine.changes(Id)).filter(({Path}) => Path.endsWith('/put') || Path === '/vol/x'), []);
		t.false((await bytesOf(await engine.exportContainer(Id))).includes('put in'));
	});

	behaves('archives and a read-only root', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: {ReadonlyRootfs: true, Binds: ['writable:/vol']}});
		const file = () => Readable.from([tarOf([{name: 'put', data: 'put in'}])]);
		for (const isRunning of [false, true]) {
			if (isRunning) {
				await engine.startContainer(Id);
			}

			t.like(await t.throwsAsync(engine.putArchive(Id, '/etc', file())), {kind: 'forbidden', message: 'container rootfs is marked read-only'});
			await engine.putArchive(Id, '/vol', file());
			t.like(await engine.statArchive(Id, '/vol/put'), {size: 6});
			t.like(await engine.statArchive(Id, '/etc/passwd'), {name: 'passwd'});
		}
	});

	behaves('archives go in and out of a running container too', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'mkdir /seen; while ! test -f /seen/file; do sleep 0.02; done; cat /seen/file; sleep 1000']);
		await engine.startContainer(Id);
		await until(async () => engine.statArchive(Id, '/seen').then(() => true, () => false));
		await engine.putArchive(Id, '/seen', Readable.from([tarOf([{name: 'file', data: 'from outside\n'}])]));
		await logged(engine, Id, 'from outside');
		t.true((await bytesOf((await engine.getArchive(Id, '/seen/file')).tar)).includes('from outside'));
	});

	behaves('a commit is an image to run', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'echo committed > /file; sleep 1000']);
		await engine.startContainer(Id);
		await until(async () => engine.statArchive(Id, '/file').then(() => true, () => false));
		const imageId = await engine.commit({container: Id, reference: 'mine:1', comment: 'a comment', changes: ['CMD ["cat", "/file"]', 'ENV X=y']});
		t.regex(imageId, /^sha256:[\da-f]{64}$/);
		t.is((await engine.inspectContainer(Id)).State.Status, 'running');
		const {Id: child} = await engine.createContainer({Image: 'mine:1'});
		t.is((await runAttached(engine, child)).stdout, 'committed\n');
		t.deepEqual((await engine.listContainers({all: true, filters: {ancestor: ['busybox']}})).length, 2);
		t.deepEqual((await engine.listContainers({all: true, filters: {ancestor: ['mine:1']}})).map(container => container.Id), [child]);
	});

	behaves('lists show what docker shows, filtered', async (t, engine) => {
		const ids = [];
		for (const [index, containerName] of ['aa', 'bb', 'cc'].entries()) {
			const {Id} = await engine.createContainer({name: containerName, Image: 'busybox', Cmd: ['sh', '-c', index === 0 ? 'sleep 1000' : `exit ${index}`], Labels: {kind: containerName, all: 'yes'}});
			ids.push(Id);
		}

		await engine.startContainer('aa');
		await runAttached(engine, 'bb');
		const list = async (options: Parameters<Engine['listContainers']>[0]) => (await engine.listContainers(options)).map(container => container.Names[0]);
		t.deepEqual(await list({}), ['/aa']);
		t.deepEqual(await list({all: true}), ['/cc', '/bb', '/aa']);
		t.deepEqual(await list({limit: 2}), ['/cc', '/bb']);
		t.deepEqual(await list({filters: {status: ['created']}}), ['/cc']);
		t.deepEqual(await list({all: true, filters: {label: ['all=yes', 'kind=bb']}}), ['/bb']);
		t.deepEqual(await list({all: true, filters: {name: ['^/?b']}}), ['/bb']);
		t.deepEqual(await list({all: true, filters: {id: [ids[0]!.slice(0, 12)]}}), ['/aa']);
		t.deepEqual(await list({all: true, filters: {before: ['cc']}}), ['/bb', '/aa']);
		t.deepEqual(await list({all: true, filters: {since: ['aa']}}), ['/cc', '/bb']);
		t.deepEqual(await list({all: true, filters: {exited: ['1']}}), ['/bb']);
		t.like(await t.throwsAsync(list({filters: {color: ['red']}})), {kind: 'invalidParameter', message: 'invalid filter \'color\''});
		const [cc, bb, aa] = await engine.listContainers({all: true});
		t.like(aa, {State: 'running', Image: 'busybox', Command: 'sh -c \'sleep 1000\'', Labels: {kind: 'aa', all: 'yes'}});
		t.regex(aa!.Status, /^Up /);
		t.regex(bb!.Status, /^Exited \(1\) /);
		t.is(cc!.Status, 'Created');
	});

	behaves('prune removes what does not run', async (t, engine) => {
		const running = await create(engine, ['sleep', '1000']);
		const exited = await create(engine, ['true']);
		await engine.startContainer(running);
		await runAttached(engine, exited);
		const kept = await engine.createContainer({Image: 'busybox', Labels: {keep: '1'}});
		t.deepEqual((await engine.pruneContainers({filters: {'label!': ['keep']}})).Deleted, [exited]);
		t.deepEqual([...(await engine.pruneContainers()).Deleted], [kept.Id]);
		t.deepEqual((await engine.listContainers({all: true})).map(({Id}) => Id), [running]);
	});

	behaves('events tell the life of a container, in order', async (t, engine) => {
		const controller = new AbortController();
		const events = collectEvents(engine, {filters: {type: ['container']}, signal: controller.signal});
		await delay(50);
		const {Id} = await engine.createContainer({name: 'told', Image: 'busybox', Cmd: ['sh', '-c', 'sleep 1000'], Labels: {a: 'b'}});
		await engine.startContainer(Id);
		await engine.pauseContainer(Id);
		await engine.unpauseContainer(Id);
		await engine.renameContainer(Id, 'renamed');
		await engine.killContainer(Id);
		await engine.removeContainer(Id);
		await until(async () => events.some(({Action}) => Action === 'destroy'));
		controller.abort();
		t.deepEqual(events.map(({Action}) => Action), ['create', 'start', 'pause', 'unpause', 'rename', 'kill', 'die', 'destroy']);
		t.true(events.every(({Type, Actor, timeNano}) => Type === 'container' && Actor.ID === Id && Actor.Attributes['image'] === 'busybox' && Actor.Attributes['a'] === 'b' && timeNano > 1e18));
		t.is(events.find(({Action}) => Action === 'die')?.Actor.Attributes['exitCode'], '137');
		t.is(events.find(({Action}) => Action === 'rename')?.Actor.Attributes['oldName'], '/told');
		const replayed: string[] = [];
		for await (const {Action} of engine.events({since: events[0]!.timeNano / 1e9 - 0.001, until: Date.now() / 1000, filters: {container: [Id], event: ['die', 'start']}})) {
			replayed.push(Action);
		}

		t.deepEqual(replayed, ['start', 'die']);
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
}

async function create(engine: Engine, Cmd: string[]): Promise<string> {
	return (await engine.createContainer({Image: 'busybox', Cmd})).Id;
}

export async function runAttached(engine: Engine, id: string): Promise<{stdout: string; stderr: string; exitCode: number}> {
	const attachment = await engine.attach(id);
	const collected = collect(attachment);
	await engine.startContainer(id);
	return collected;
}

export async function collect(attachment: Attachment): Promise<{stdout: string; stderr: string; exitCode: number}> {
	const {stdout, stderr} = await gather(attachment.output);
	const done = await attachment.done;
	return {stdout, stderr, exitCode: done.reason === 'exited' ? done.exitCode : -1};
}

async function gather(chunks: AsyncIterable<OutputChunk>): Promise<{stdout: string; stderr: string}> {
	const parts: {stdout: Buffer[]; stderr: Buffer[]} = {stdout: [], stderr: []};
	for await (const {stream, data} of chunks) {
		parts[stream].push(data);
	}

	return {stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString()};
}

export async function logsOf(engine: Engine, id: string, options: Parameters<Engine['logs']>[1] = {}): Promise<string> {
	const parts: Buffer[] = [];
	for await (const {data} of engine.logs(id, options)) {
		parts.push(data);
	}

	return Buffer.concat(parts).toString();
}

async function logged(engine: Engine, id: string, text: string): Promise<void> {
	await until(async () => (await logsOf(engine, id)).includes(text));
}

function collectEvents(engine: Engine, options: Parameters<Engine['events']>[0]): EventMessage[] {
	const events: EventMessage[] = [];
	const collecting = async () => {
		for await (const event of engine.events(options)) {
			events.push(event);
		}
	};

	collecting().catch((error: unknown) => {
		throw error;
	});
	return events;
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
	const parts: Buffer[] = [];
	for await (const part of stream as AsyncIterable<Buffer>) {
		parts.push(part);
	}

	return Buffer.concat(parts);
}

/** Asks again until it is so; fails after ten seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
	for (const deadline = Date.now() + 10_000; !(await isSo());) {
		if (Date.now() > deadline) {
			throw new Error(`still not so: ${isSo.toString()}`);
		}

		await delay(10);
	}
}
