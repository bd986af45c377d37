import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {ContainerCreateOptions, Engine, ProgressMessage} from '../../engine/index.js';
import {fakeAttachment, fakeEngine, type FakeEngine} from '../helpers/fake-engine.js';
import {runCommand, type RunSettings} from '../helpers/run-command.js';

function engineError(kind: string, message: string, more: {exitCode?: number} = {}): Error {
	return Object.assign(new Error(message), {name: 'EngineError', kind, hint: undefined, code: undefined, exitCode: undefined, ...more});
}

/** What was asked of the engine for these options. */
async function created(words: readonly string[], settings: RunSettings = {}): Promise<ContainerCreateOptions> {
	const {engine, calls} = fakeEngine({createContainer: async () => ({Id: 'id', Warnings: []})});
	const {exitCode, errors} = await runCommand(['create', ...words], {engine, ...settings});
	if (exitCode !== 0) {
		throw new Error(errors);
	}

	return calls[0]![1] as ContainerCreateOptions;
}

test('the plainest create says nothing it was not told', async t => {
	t.deepEqual(await created(['busybox']), {Image: 'busybox', Tty: false, OpenStdin: false, StdinOnce: false, AttachStdin: false, AttachStdout: true, AttachStderr: true, HostConfig: {}});
});

test('every option finds its field', async t => {
	const options = await created([
		'-it', '--name', 'n', '-e', 'A=1', '-e', 'HOME', '-e', 'ABSENT', '-w', '/w', '-u', '1:2', '--entrypoint', '/e', '--hostname', 'h', '--domainname', 'd', '-l', 'a=b', '-l', 'c', '--stop-signal', 'INT', '--stop-timeout', '3',
		'--platform', 'linux/amd64', '--health-cmd', 'true', '--health-interval', '1s', '--health-retries', '2', 'busybox', 'sh', '-c', 'x',
	], {environment: {HOME: '/root'}});
	t.deepEqual(options, {
		name: 'n', platform: 'linux/amd64', Image: 'busybox', Cmd: ['sh', '-c', 'x'], Entrypoint: ['/e'], Hostname: 'h', Domainname: 'd', User: '1:2', WorkingDir: '/w', Env: ['A=1', 'HOME=/root'], Labels: {a: 'b', c: ''},
		Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, StopSignal: 'INT', StopTimeout: 3, Healthcheck: {Test: ['CMD-SHELL', 'true'], Interval: 1e9, Retries: 2}, HostConfig: {},
	} as unknown as ContainerCreateOptions);
});

test('every host option finds its field', async t => {
	const {HostConfig: host} = await created([
		'--rm', '--privileged', '--read-only', '--init', '--cap-add', 'NET_ADMIN', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--security-opt', 'systempaths=unconfined', '--group-add', '7', '--network', 'none', '--pid', 'host', '--ipc', 'host',
		'--uts', 'host', '--dns', '1.1.1.1', '--dns-search', 'x', '--add-host', 'a:1.2.3.4', '--add-host', 'b=::1', '--mount', 'type=bind,source=/a,target=/b', '--tmpfs', '/t:size=1m', '--device', '/dev/fuse', '--device', '/dev/a:/dev/b:r', '--ulimit', 'nofile=1:2',
		'--sysctl', 'net.x=1', '--shm-size', '1m', '--oom-score-adj', '5', '-m', '6m', '--memory-swap', '-1', '--memory-reservation', '1m', '--cpus', '.5', '-c', '2', '--cpuset-cpus', '0', '--pids-limit', '9', '--log-driver', 'none', '--log-opt', 'max-size=1m', '-P', 'busybox',
	]);
	t.deepEqual(host as unknown, {
		AutoRemove: true, Privileged: true, ReadonlyRootfs: true, Init: true, CapAdd: ['CAP_NET_ADMIN'], CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], MaskedPaths: [], ReadonlyPaths: [], GroupAdd: ['7'], NetworkMode: 'none', PidMode: 'host', IpcMode: 'host',
		UTSMode: 'host', Dns: ['1.1.1.1'], DnsSearch: ['x'], ExtraHosts: ['a:1.2.3.4', 'b:::1'], Mounts: [{Type: 'bind', Source: '/a', Target: '/b'}], Tmpfs: {'/t': 'size=1m'},
		Devices: [{PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm'}, {PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r'}], Ulimits: [{Name: 'nofile', Soft: 1, Hard: 2}],
		Sysctls: {'net.x': '1'}, ShmSize: 1_048_576, OomScoreAdj: 5, Memory: 6_291_456, MemorySwap: -1, MemoryReservation: 1_048_576, NanoCpus: 5e8, CpuShares: 2, CpusetCpus: '0', PidsLimit: 9, LogConfig: {Type: 'none', Config: {'max-size': '1m'}}, PublishAllPorts: true,
	});
});

test('volumes: relative places become absolute, names stay, one path alone is anonymous', async t => {
	const options = await created(['-v', './a:/b', '-v', '/c:/d:ro', '-v', 'name:/e', '-v', '/f', '-v', '..:/g', 'x'], {directory: '/home/me'});
	t.deepEqual(options.HostConfig!.Binds, ['/home/me/a:/b', '/c:/d:ro', 'name:/e', '/home:/g']);
	t.deepEqual(options.Volumes, {'/f': {}});
	for (const bad of ['a:b:c:d', '', ':/x', '/x:']) {
		const wrong = await runCommand(['create', '-v', bad, 'x'], {engine: fakeEngine().engine});
		t.is(wrong.exitCode, 125, bad);
	}
});

test('ports are exposed and bound', async t => {
	const options = await created(['-p', '8080:80', '-p', '127.0.0.1::53/udp', '--expose', '9', 'x']);
	t.deepEqual(options.ExposedPorts, {'9/tcp': {}, '80/tcp': {}, '53/udp': {}});
	t.deepEqual(options.HostConfig!.PortBindings as unknown, {'80/tcp': [{HostIp: '', HostPort: '8080'}], '53/udp': [{HostIp: '127.0.0.1', HostPort: ''}]});
});

test('an empty entrypoint takes the image\'s away', async t => {
	t.deepEqual((await created(['--entrypoint', '', 'x'])).Entrypoint, ['']);
});

test('restart policies', async t => {
	t.deepEqual((await created(['--restart', 'on-failure:3', 'x'])).HostConfig!.RestartPolicy, {Name: 'on-failure', MaximumRetryCount: 3});
	const wrong: ReadonlyArray<readonly [readonly string[], RegExp]> = [
		[['--restart', 'foo'], /unknown policy 'foo'/], [['--restart', 'always:3'], /can only be used with 'on-failure'/], [['--restart', 'on-failure:x'], /must be an integer/], [['--restart', 'a:b:c'], /wrong number of colons/],
		[['--rm', '--restart', 'always'], /cannot specify both --restart and --rm/], [['--no-healthcheck', '--health-cmd', 'x'], /conflicts/], [['--device', 'a:b:c:d'], /invalid device/], [['-p', 'x'], /invalid port/], [['--expose', 'x'], /--expose/], [['--add-host', 'x'], /add-host/],
		[['--network', 'a', '--network', 'b'], /more than one/], [['--security-opt', 'seccomp=/nosuch'], /opening seccomp profile/], [['--env-file', '/nosuch'], /^tug: open \/nosuch: no such file or directory\n$/],
	];
	for (const [words, expected] of wrong) {
		const outcome = await runCommand(['run', ...words, 'x'], {engine: fakeEngine().engine});
		t.regex(outcome.errors, expected);
		t.is(outcome.exitCode, 125);
	}
});

test('environment and label files come before the words', async t => {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-run-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	fs.writeFileSync(path.join(folder, 'env'), 'A=file\nB=file\n');
	fs.writeFileSync(path.join(folder, 'labels'), 'l=1\nm\n');
	const options = await created(['-e', 'A=word', '--env-file', 'env', '--label-file', path.join(folder, 'labels'), '-l', 'l=2', 'x'], {directory: folder});
	t.deepEqual(options.Env, ['A=file', 'B=file', 'A=word']);
	t.deepEqual(options.Labels, {l: '2', m: ''});
});

function runner(methods: Partial<Engine> = {}, exitCode = 0): FakeEngine & {attachment: ReturnType<typeof fakeAttachment>} {
	const attachment = fakeAttachment();
	const fake = fakeEngine({
		createContainer: async () => ({Id: 'id', Warnings: ['careful']}),
		attach: async () => attachment,
		async startContainer() {
			attachment.emit({stream: 'stdout', data: Buffer.from('out')});
			attachment.emit({stream: 'stderr', data: Buffer.from('err')});
			attachment.finish(exitCode);
			return true;
		},
		waitContainer: async () => ({exitCode}),
		async removeContainer() {},
		async killContainer() {},
		...methods,
	});
	return {...fake, attachment};
}

test('run attaches, starts, and ends with the container\'s exit code', async t => {
	const {engine, calls} = runner({}, 42);
	t.deepEqual(await runCommand(['run', 'x'], {engine}), {exitCode: 42, output: 'out', errors: 'WARNING: careful\nerr'});
	t.deepEqual(calls.map(([method]) => method), ['createContainer', 'attach', 'startContainer']);
});

test('run --rm waits until the container is gone', async t => {
	const {engine, calls} = runner();
	await runCommand(['run', '--rm', 'x'], {engine});
	t.deepEqual(calls.at(-1), ['waitContainer', 'id', {condition: 'removed'}]);
});

test('run -d prints the id', async t => {
	const {engine, calls} = runner();
	t.is((await runCommand(['run', '-d', 'x'], {engine})).output, 'id\n');
	t.deepEqual(calls.map(([method]) => method), ['createContainer', 'startContainer']);
	t.regex((await runCommand(['run', '-d', '-a', 'stdout', 'x'], {engine})).errors, /cannot specify both --attach and --detach/);
});

test('a container that was to remove itself and can\'t start is removed', async t => {
	const failing = {
		async startContainer(): Promise<boolean> {
			throw engineError('invalidParameter', 'exec: "nosuch": executable file not found in $PATH', {exitCode: 127});
		},
	};
	const {engine, calls} = runner(failing);
	t.deepEqual(await runCommand(['run', '--rm', 'x', 'nosuch'], {engine}), {exitCode: 127, output: '', errors: 'WARNING: careful\ntug: exec: "nosuch": executable file not found in $PATH\n'});
	t.deepEqual(calls.at(-1), ['removeContainer', 'id', {force: true, volumes: true}]);
	const kept = runner(failing);
	await runCommand(['run', 'x', 'nosuch'], {engine: kept.engine});
	t.false(kept.calls.some(([method]) => method === 'removeContainer'));
});

test('a missing image is fetched, unless that is not wanted', async t => {
	const setting = (messages: readonly ProgressMessage[] = [{status: 'Digest: sha256:1'}]) => {
		let isHere = false;
		return fakeEngine({
			async createContainer() {
				if (!isHere) {
					throw engineError('notFound', 'No such image: x:latest');
				}

				return {Id: 'id', Warnings: []};
			},
			async * pullImage() {
				yield* messages;
				isHere = true;
			},
		});
	};

	const {engine, calls} = setting();
	t.deepEqual(await runCommand(['create', '--platform', 'linux/arm64', 'x'], {engine}), {exitCode: 0, output: 'id\n', errors: 'Unable to find image \'x:latest\' locally\nDigest: sha256:1\n'});
	t.deepEqual(calls.map(([method]) => method), ['createContainer', 'pullImage', 'createContainer']);
	t.is(calls[1]![1], 'x:latest');
	t.like(calls[1]![2], {platform: 'linux/arm64'});
	t.is((await runCommand(['create', '-q', '127.0.0.1:5000/x:1'], {engine: setting().engine})).errors, '');
	t.regex((await runCommand(['create', '127.0.0.1:5000/x:1'], {engine: setting().engine})).errors, /^Unable to find image '127\.0\.0\.1:5000\/x:1' locally\n/);
	const never = setting();
	t.deepEqual(await runCommand(['run', '--pull', 'never', 'x'], {engine: never.engine}), {exitCode: 125, output: '', errors: 'tug: No such image: x:latest\n'});
	t.false(never.calls.some(([method]) => method === 'pullImage'));
	const always = setting();
	t.is((await runCommand(['create', '--pull', 'always', 'x'], {engine: always.engine})).errors, 'Digest: sha256:1\n');
	t.deepEqual(always.calls.map(([method]) => method), ['pullImage', 'createContainer']);
});

test('a pull that fails ends run with 125 and create with 1', async t => {
	const {engine, calls} = fakeEngine({
		async createContainer() {
			throw engineError('notFound', 'No such image: x:latest');
		},
		// eslint-disable-next-line require-yield -- it fails at once
		async * pullImage() {
			throw engineError('notFound', 'manifest for x:latest not found: manifest unknown');
		},
	});
	t.deepEqual(await runCommand(['run', 'x'], {engine}), {exitCode: 125, output: '', errors: 'Unable to find image \'x:latest\' locally\ntug: manifest for x:latest not found: manifest unknown\n'});
	t.is((await runCommand(['create', 'x'], {engine})).exitCode, 1);
	t.is(calls.filter(([method]) => method === 'createContainer').length, 2);
});

test('run\'s own failures are 125, also the engine\'s', async t => {
	const {engine} = fakeEngine({
		async createContainer() {
			throw engineError('conflict', 'Conflict. The container name "/x" is already in use');
		},
	});
	t.is((await runCommand(['run', 'x'], {engine})).exitCode, 125);
	t.is((await runCommand(['create', 'x'], {engine})).exitCode, 1);
	t.is((await runCommand(['run'])).exitCode, 1);
	t.is((await runCommand(['run', '--nosuch'])).exitCode, 125);
});

test('a terminal is asked for only where there is one', async t => {
	const {engine, calls} = runner();
	const outcome = await runCommand(['run', '-it', 'x'], {engine});
	t.is(outcome.exitCode, 1);
	t.regex(outcome.errors, /^tug: the input device is not a TTY\n/);
	t.deepEqual(calls, []);
	t.is((await runCommand(['run', '-dit', 'x'], {engine})).exitCode, 0);
	t.is((await runCommand(['run', '-t', 'x'], {engine: runner().engine})).exitCode, 0);
});

test('stdin is streamed to the container, and ended', async t => {
	const {engine, attachment} = runner({
		async startContainer() {
			const poll = setInterval(() => {
				if (attachment.wasEnded()) {
					clearInterval(poll);
					attachment.finish(0);
				}
			}, 5);
			return true;
		},
	});
	await runCommand(['run', '-i', 'x', 'cat'], {engine, input: 'hello'});
	t.is(Buffer.concat(attachment.received).toString(), 'hello');
});

test('the id file is written, and must not be there before', async t => {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-cid-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	const {engine} = runner();
	await runCommand(['run', '-d', '--cidfile', 'c', 'x'], {engine, directory: folder});
	t.is(fs.readFileSync(path.join(folder, 'c'), 'utf8'), 'id');
	const again = await runCommand(['run', '-d', '--cidfile', 'c', 'x'], {engine, directory: folder});
	t.is(again.exitCode, 125);
	t.regex(again.errors, /container ID file found/);
});

test('wrong detach keys are refused before anything is made', async t => {
	const {engine, calls} = runner();
	t.regex((await runCommand(['run', '--detach-keys', 'ctrl-', 'x'], {engine})).errors, /invalid detach keys/);
	t.deepEqual(calls, []);
});

test('exec creates and starts a session, and ends with its exit code', async t => {
	const attachment = fakeAttachment();
	const {engine, calls} = fakeEngine({
		createExec: async () => ({Id: 'e'}),
		async startExec() {
			attachment.emit({stream: 'stdout', data: Buffer.from('hi')});
			attachment.finish(5);
			return attachment;
		},
	});
	t.deepEqual(await runCommand(['exec', '-e', 'A=1', '-u', 'nobody', '-w', '/w', '--privileged', 'web', 'ls', '-l'], {engine}), {exitCode: 5, output: 'hi', errors: ''});
	t.deepEqual(calls, [
		['createExec', 'web', {AttachStdin: false, AttachStdout: true, AttachStderr: true, Tty: false, Cmd: ['ls', '-l'], Privileged: true, Env: ['A=1'], User: 'nobody', WorkingDir: '/w'}],
		['startExec', 'e', {tty: false, stdin: false}],
	]);
	t.is((await runCommand(['exec', '-d', 'web', 'x'], {engine})).exitCode, 0);
	t.deepEqual(calls.at(-1), ['startExec', 'e', {detach: true, tty: false}]);
	t.is((await runCommand(['exec', 'web'], {engine})).exitCode, 1);
});

test('start -a and attach join a container', async t => {
	const inspected = {Id: 'full', Config: {Tty: false, OpenStdin: false}, HostConfig: {}, State: {Running: true, Paused: false}};
	const {engine, calls} = runner({inspectContainer: async () => inspected as never}, 3);
	t.is((await runCommand(['start', '-ai', 'web'], {engine})).exitCode, 3);
	t.deepEqual(calls.map(([method]) => method), ['inspectContainer', 'attach', 'startContainer']);
	t.regex((await runCommand(['start', '-a', 'a', 'b'], {engine})).errors, /cannot start and attach multiple/);
	const joined = runner({inspectContainer: async () => inspected as never}, 4);
	joined.attachment.finish(4);
	t.is((await runCommand(['attach', 'web'], {engine: joined.engine})).exitCode, 4);
	const stopped = runner({inspectContainer: async () => ({...inspected, State: {Running: false}}) as never});
	t.regex((await runCommand(['attach', 'web'], {engine: stopped.engine})).errors, /stopped container, start it first/);
});
