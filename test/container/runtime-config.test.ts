/** From what was asked for to the launch plan, as docker's daemon decides it. */
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {execPlan} from '../../engine/container/exec-plan.js';
import type {ExecId, ExecRecord} from '../../engine/container/exec.js';
import {containerEnvironment, defaultPath, launchPlan, seccompFilter} from '../../engine/container/runtime-config.js';
import {encodePlan, type ContainerPlan, type PlanMount} from '../../engine/runtime/plan.js';
import {resolveCapabilities} from '../../engine/runtime/security/capabilities.js';
import {defaultSeccompFilter} from '../../engine/runtime/security/seccomp.js';
import {containerContext, containerId, containerRecord} from '../helpers/container-record.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Options = Readonly<Record<string, unknown>>;

async function planOf(t: ExecutionContext, options: Options = {}, where: {readonly uid?: number; readonly single?: boolean; readonly autoStart?: boolean} = {}): Promise<ContainerPlan> {
	const plan = await launchPlan(containerContext(t, where), containerRecord(options), {autoStart: where.autoStart ?? true});
	t.true(encodePlan(plan).length > 100);
	return plan;
}

const mountAt = (plan: ContainerPlan, target: string): PlanMount | undefined => plan.mounts?.find(mount => mount.target === target);
const kinds = (plan: ContainerPlan) => plan.namespaces.map(({kind}) => kind);

test('nothing asked for: docker\'s defaults', async t => {
	const plan = await planOf(t);
	t.like(plan, {kind: 'container', id: containerId(), args: ['sh'], cwd: '/', user: '', hostname: 'aaaaaaaaaaaa', groupAdd: []});
	t.deepEqual([...(plan.flags ?? [])], ['autoStart', 'createCwd']);
	t.deepEqual([...(plan.env ?? [])], [`PATH=${defaultPath}`, 'HOSTNAME=aaaaaaaaaaaa']);
	t.deepEqual(kinds(plan), ['mount', 'pid', 'net', 'ipc', 'uts', 'cgroup']);
	t.deepEqual(plan.mounts?.map(({type, target}) => `${type} ${target}`), [
		'proc /proc', 'tmpfs /dev', 'devpts /dev/pts', 'sysfs /sys', 'cgroup /sys/fs/cgroup', 'mqueue /dev/mqueue', 'tmpfs /dev/shm', 'bind /etc/resolv.conf', 'bind /etc/hostname', 'bind /etc/hosts',
	]);
	t.deepEqual(mountAt(plan, '/sys')?.flags, ['nosuid', 'noexec', 'nodev', 'readonly']);
	t.is(mountAt(plan, '/dev/shm')?.data, 'mode=1777,size=67108864');
	t.true((plan.masked ?? []).includes('/proc/kcore') && (plan.readonly ?? []).includes('/proc/sys'));
	t.deepEqual(plan.devices?.map(device => device.path).sort((a, b) => a.localeCompare(b)), ['/dev/full', '/dev/null', '/dev/random', '/dev/tty', '/dev/urandom', '/dev/zero']);
	t.like(plan.log, {maxSizeBytes: 0n, maxFiles: 1});
	t.true((plan.log?.path ?? '').endsWith('/log/container.log'));
	t.deepEqual(plan.sysctls, {'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647'});
	t.is(plan.oomScoreAdj, undefined);
	t.is(plan.ttySize, undefined);
	t.is(plan.capabilities?.bounding, resolveCapabilities({add: null, drop: null, privileged: false}).bounding);
	t.true(plan.seccomp !== undefined && (await defaultSeccompFilter(plan.capabilities!.bounding)).equals(plan.seccomp));
	t.is(plan.lowers?.length, 2, 'the layer, and the scaffold under it');
	t.deepEqual(JSON.parse(`{${plan.events!.attributes}}`), {image: 'busybox', name: 'some_name'});
});

const flags: ReadonlyArray<readonly [options: Options, where: Readonly<Record<string, unknown>>, flag: string]> = [
	[{Tty: true}, {}, 'tty'],
	[{OpenStdin: true}, {}, 'openStdin'],
	[{StdinOnce: true}, {}, 'stdinOnce'],
	[{HostConfig: {ReadonlyRootfs: true}}, {}, 'readonlyRootfs'],
	[{HostConfig: {SecurityOpt: ['no-new-privileges']}}, {}, 'noNewPrivs'],
	[{HostConfig: {AutoRemove: true}}, {}, 'volatile'],
	[{HostConfig: {AutoRemove: true}}, {}, 'noSync'],
	[{HostConfig: {Init: true}}, {}, 'init'],
	[{}, {uid: 1000}, 'userxattr'],
	[{}, {uid: 1000, single: true}, 'singleId'],
];
for (const [options, where, flag] of flags) {
	test(`the flag ${flag} comes of ${JSON.stringify({...options, ...where})}`, async t => {
		t.true((await planOf(t, options, where)).flags?.includes(flag as 'tty'));
		t.false((await planOf(t)).flags?.includes(flag as 'tty'));
	});
}

const shared: ReadonlyArray<readonly [options: Options, without: string]> = [
	[{PidMode: 'host'}, 'pid'], [{NetworkMode: 'host'}, 'net'], [{IpcMode: 'host'}, 'ipc'], [{UTSMode: 'host'}, 'uts'], [{CgroupnsMode: 'host'}, 'cgroup'],
];
for (const [hostConfig, without] of shared) {
	test(`${JSON.stringify(hostConfig)} shares the host's ${without} namespace and no other`, async t => {
		t.deepEqual(kinds(await planOf(t, {HostConfig: hostConfig})), ['mount', 'pid', 'net', 'ipc', 'uts', 'cgroup'].filter(kind => kind !== without));
	});
}

test('what a user namespace may not mount is bound from the host where the namespace is shared', async t => {
	const user = {uid: 1000};
	t.is(mountAt(await planOf(t, {HostConfig: {PidMode: 'host'}}, user), '/proc')?.type, 'bind');
	t.is(mountAt(await planOf(t, {HostConfig: {PidMode: 'host'}}), '/proc')?.type, 'proc');
	const net = await planOf(t, {HostConfig: {NetworkMode: 'host'}}, user);
	t.like(mountAt(net, '/sys'), {type: 'bind', source: '/sys'});
	t.is(mountAt(net, '/sys/fs/cgroup'), undefined);
	t.deepEqual(net.sysctls, {});
	t.is(mountAt(await planOf(t, {HostConfig: {NetworkMode: 'host'}}), '/sys')?.type, 'sysfs');
	t.deepEqual((await planOf(t, {}, user)).sysctls, {'net.ipv4.ip_unprivileged_port_start': '0'}, 'a range of groups takes ids that may not be there');
	t.true(mountAt(await planOf(t, {}, user), '/dev/pts')?.data?.endsWith(',gid=5'));
	t.false(mountAt(await planOf(t, {}, {uid: 1000, single: true}), '/dev/pts')?.data?.includes('gid'));
});

test('shared memory in its modes', async t => {
	t.is(mountAt(await planOf(t, {HostConfig: {ShmSize: 4096}}), '/dev/shm')?.data, 'mode=1777,size=4096');
	t.like(mountAt(await planOf(t, {HostConfig: {IpcMode: 'host'}}), '/dev/shm'), {type: 'bind', source: '/dev/shm'});
	t.is(mountAt(await planOf(t, {HostConfig: {IpcMode: 'none'}}), '/dev/shm'), undefined);
});

test('privileged: everything', async t => {
	const plan = await planOf(t, {HostConfig: {Privileged: true}});
	t.deepEqual([plan.masked, plan.readonly], [[], []]);
	t.is(plan.seccomp, undefined);
	t.deepEqual(mountAt(plan, '/sys')?.flags, ['nosuid', 'noexec', 'nodev']);
	t.true(plan.capabilities!.bounding > resolveCapabilities({add: null, drop: null, privileged: false}).bounding);
	t.true(plan.devices!.length >= 6);
	t.false(kinds(plan).includes('cgroup'));
	t.deepEqual((await planOf(t, {HostConfig: {MaskedPaths: ['/x'], ReadonlyPaths: []}})).masked, ['/x']);
});

test('binds: files and folders, read-only, propagation; the host\'s side is made where docker makes it', async t => {
	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'file'), '');
	const plan = await planOf(t, {HostConfig: {Binds: [`${folder}:/a`, `${folder}/file:/b:ro`, `${folder}/made/deep:/c`, `${folder}:/d:rshared`]}});
	t.deepEqual(mountAt(plan, '/a'), {type: 'bind', source: folder, target: '/a', flags: ['createTarget', 'recursive'], propagation: 'rprivate'});
	t.deepEqual(mountAt(plan, '/b')?.flags, ['createTarget', 'targetIsFile', 'recursive', 'readonly']);
	t.true(fs.statSync(path.join(folder, 'made', 'deep')).isDirectory());
	t.is(mountAt(plan, '/d')?.propagation, 'rshared');
	t.deepEqual(mountAt(await planOf(t, {HostConfig: {Mounts: [{Type: 'bind', Source: folder, Target: '/m', BindOptions: {NonRecursive: true}}]}}), '/m')?.flags, ['createTarget']);
	await t.throwsAsync(planOf(t, {HostConfig: {Mounts: [{Type: 'bind', Source: `${folder}/gone`, Target: '/m'}]}}), {message: `invalid mount config for type "bind": bind source path does not exist: ${folder}/gone`});
	await t.throwsAsync(planOf(t, {HostConfig: {Binds: [`${folder}/file/below:/x`]}}), {message: /ENOTDIR|error while creating mount source path/});
});

const tmpfs: ReadonlyArray<readonly [options: string, flags: readonly string[], data: string | undefined]> = [
	['', ['nosuid', 'nodev', 'noexec', 'createTarget'], undefined],
	['exec', ['nosuid', 'nodev', 'createTarget'], undefined],
	['suid,dev,exec', ['createTarget'], undefined],
	['size=1m,mode=700', ['nosuid', 'nodev', 'noexec', 'createTarget'], 'size=1m,mode=700'],
	['ro,uid=5', ['nosuid', 'nodev', 'noexec', 'readonly', 'createTarget'], 'uid=5'],
	['rw,noatime', ['nosuid', 'nodev', 'noexec', 'createTarget'], undefined],
];
for (const [options, expected, data] of tmpfs) {
	test(`a tmpfs with ${JSON.stringify(options)}`, async t => {
		const mount = mountAt(await planOf(t, {HostConfig: {Tmpfs: {'/t': options}}}), '/t');
		t.deepEqual([...(mount?.flags ?? [])], [...expected] as never);
		t.is(mount?.data, data);
	});
}

test('what is mounted by the container itself is not mounted over', async t => {
	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'hosts'), '');
	const plan = await planOf(t, {HostConfig: {Binds: [`${folder}/hosts:/etc/hosts`]}});
	t.is(plan.mounts?.filter(({target}) => target === '/etc/hosts').length, 1);
	t.is(mountAt(plan, '/etc/hosts')?.source, `${folder}/hosts`);
});

test('host names: one\'s own, the host\'s, none', async t => {
	t.is((await planOf(t, {Hostname: 'box', Domainname: 'd'})).domainname, 'd');
	const host = fs.readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
	t.is((await planOf(t, {HostConfig: {NetworkMode: 'host'}})).hostname, host);
	t.is((await planOf(t, {Hostname: 'box', HostConfig: {NetworkMode: 'host'}})).hostname, 'box');
	t.is((await planOf(t, {Hostname: '', Domainname: 'd', HostConfig: {UTSMode: 'host'}})).hostname, undefined);
	t.is((await planOf(t, {Domainname: 'd', HostConfig: {UTSMode: 'host'}})).domainname, undefined);
});

test('logs, sizes, limits, score and sysctls', async t => {
	t.is((await planOf(t, {HostConfig: {LogConfig: {Type: 'none'}}})).log, undefined);
	t.like((await planOf(t, {HostConfig: {LogConfig: {Type: 'json-file', Config: {'max-size': '10k', 'max-file': '3'}}}})).log, {maxSizeBytes: 10_240n, maxFiles: 3});
	t.deepEqual((await planOf(t, {Tty: true, HostConfig: {ConsoleSize: [24, 80]}})).ttySize, {rows: 24, columns: 80});
	t.is((await planOf(t, {HostConfig: {ConsoleSize: [24, 80]}})).ttySize, undefined);
	t.is((await planOf(t, {HostConfig: {OomScoreAdj: -5}})).oomScoreAdj, -5);
	t.like((await planOf(t, {HostConfig: {Sysctls: {'net.ipv4.ip_unprivileged_port_start': '1024', 'kernel.msgmax': '1'}}})).sysctls, {'net.ipv4.ip_unprivileged_port_start': '1024', 'kernel.msgmax': '1'});
	t.deepEqual((await planOf(t, {HostConfig: {Ulimits: [{Name: 'nofile', Soft: 1, Hard: -1}]}})).rlimits, [{resource: 'nofile', soft: 1n, hard: (1n << 64n) - 1n}]);
});

test('a device replaces the one of its name', async t => {
	const plan = await planOf(t, {HostConfig: {Devices: [{PathOnHost: '/dev/zero', PathInContainer: '/dev/null'}]}});
	t.like(plan.devices?.filter(({path: name}) => name === '/dev/null'), [{major: 1, minor: 5}]);
	t.is(mountAt(plan, '/dev/null'), undefined);
	// Where no node can be made, the host's is mounted in its place.
	const user = await planOf(t, {HostConfig: {Devices: [{PathOnHost: '/dev/zero', PathInContainer: '/dev/mine'}, {PathOnHost: '/dev/full', PathInContainer: '/dev/full'}]}}, {uid: 1000});
	t.deepEqual(mountAt(user, '/dev/mine'), {type: 'bind', source: '/dev/zero', target: '/dev/mine', flags: ['targetIsFile', 'createTarget'], propagation: 'rprivate'});
	t.false(user.devices?.some(({path: name}) => name === '/dev/mine'));
	t.is(user.devices?.filter(({path: name}) => name === '/dev/full').length, 1);
});

test('the environment: path and host name first, one\'s own last', t => {
	t.deepEqual(containerEnvironment(containerRecord({Env: ['A=1', 'PATH=/x'], Hostname: 'h', Tty: true})), ['PATH=/x', 'HOSTNAME=h', 'TERM=xterm', 'A=1']);
	t.deepEqual(containerEnvironment(containerRecord({Hostname: '', HostConfig: {UTSMode: 'host'}})), [`PATH=${defaultPath}`]);
	t.deepEqual(containerEnvironment(containerRecord({Env: ['HOSTNAME'], Hostname: 'h'})), [`PATH=${defaultPath}`], 'a bare name takes it away');
});

test('seccomp: the default, none, one\'s own', async t => {
	const sets = resolveCapabilities({add: null, drop: null, privileged: false});
	const standard = await defaultSeccompFilter(sets.bounding);
	t.true((await seccompFilter(false, null, sets))!.equals(standard));
	t.is(await seccompFilter(true, null, sets), undefined);
	t.is(await seccompFilter(false, ['seccomp=unconfined'], sets), undefined);
	const own = await seccompFilter(false, ['seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}'], sets);
	t.true(own !== undefined && own.length > 0 && own.length < standard.length);
});

const session: ExecRecord = {
	version: 1, id: 'e'.repeat(64) as ExecId, containerId: containerId(), process: {pid: 5, startTicks: 6}, command: ['ls', '-l'], env: ['B=exec', 'C=1'], user: '', workingFolder: '', tty: false, stdin: true, stdout: true, stderr: true, privileged: false, detachKeys: '',
};

test('a session has the container\'s settings where it has none', async t => {
	const context = containerContext(t, {uid: 1000, single: true});
	const record = containerRecord({Env: ['A=1', 'B=1'], WorkingDir: '/w', User: 'app', HostConfig: {CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], Ulimits: [{Name: 'nofile', Soft: 1, Hard: 2}], OomScoreAdj: 7, GroupAdd: ['x']}});
	const target = {pid: 5, startTicks: 6};
	const plan = await execPlan(context, record, {record: session, target, autoStart: false, hasStdin: true});
	t.like(plan, {kind: 'exec', id: session.id, args: ['ls', '-l'], cwd: '/w', user: 'app', oomScoreAdj: 7, target: {pid: 5, startTicks: 6n}, rlimits: [{resource: 'nofile', soft: 1n, hard: 2n}]});
	t.deepEqual([...plan.flags!], ['openStdin', 'stdinOnce', 'noNewPrivs', 'noSync', 'singleId']);
	t.deepEqual(plan.env?.filter(entry => /^[ABC]=/.test(entry)), ['A=1', 'B=exec', 'C=1']);
	t.is(plan.capabilities?.bounding, 0n);
	t.is(plan.events?.actor, record.id);
	t.true(encodePlan(plan).length > 100);
	const own = await execPlan(context, record, {record: {...session, user: 'root', workingFolder: '/x', tty: true, privileged: true, stdin: false}, target, autoStart: true, hasStdin: false, size: {rows: 1, columns: 2}});
	t.like(own, {cwd: '/x', user: 'root', ttySize: {rows: 1, columns: 2}});
	t.deepEqual([...own.flags!], ['tty', 'autoStart', 'noNewPrivs', 'noSync', 'singleId']);
	t.true(own.env?.includes('TERM=xterm'));
	t.is(own.seccomp, undefined);
	t.true(own.capabilities!.bounding > 0n);
});
