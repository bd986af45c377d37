/** Containers in docker's JSON: every member its clients index into, for each state. */
import test from 'ava';
import type {ExecId, ExecRecord, ExecState} from '../../engine/container/exec.js';
import type {ContainerState} from '../../engine/container/container-state.js';
import {summarize} from '../../engine/container/summary.js';
import {containerInfo, containerInspectInfo, execInspectInfo, stateInfo, type InspectExtras} from '../../engine/wire/container.js';
import {containerId, containerRecord} from '../helpers/container-record.js';

const zero = '0001-01-01T00:00:00Z';
const startedAt = '2026-01-01T00:00:00.000000001Z';
const finishedAt = '2026-01-01T00:01:00.000000002Z';
const process = {pid: 7, startTicks: 70};
const exited = {status: 'exited', exitCode: 3, oomKilled: true, error: 'x', startedAt, finishedAt} as const;

const states: ReadonlyArray<readonly [state: ContainerState, expected: Readonly<Record<string, unknown>>]> = [
	[{status: 'created'}, {Status: 'created', Running: false, Pid: 0, ExitCode: 0, Error: '', StartedAt: zero, FinishedAt: zero}],
	[{status: 'created', failure: {exitCode: 127, error: 'not found'}}, {Status: 'created', ExitCode: 127, Error: 'not found', StartedAt: zero}],
	[{status: 'running', process, startedAt}, {Status: 'running', Running: true, Paused: false, Pid: 7, ExitCode: 0, StartedAt: startedAt, FinishedAt: zero}],
	[{status: 'paused', process, startedAt}, {Status: 'paused', Running: true, Paused: true, Pid: 7}],
	[exited, {Status: 'exited', Running: false, Pid: 0, ExitCode: 3, OOMKilled: true, Error: 'x', StartedAt: startedAt, FinishedAt: finishedAt}],
	[{...exited, status: 'restarting'}, {Status: 'restarting', Running: true, Restarting: true, ExitCode: 3}],
	[{status: 'removing', was: {status: 'created'}}, {Status: 'removing', Running: false, Dead: false, ExitCode: 0}],
	[{status: 'removing', was: exited}, {Status: 'removing', ExitCode: 3, FinishedAt: finishedAt}],
	[{status: 'dead', was: exited, error: 'read-only file system'}, {Status: 'dead', Dead: true, ExitCode: 3, Error: 'read-only file system'}],
];
for (const [state, expected] of states) {
	test(`the state of one that is ${state.status}: ${JSON.stringify(expected).slice(0, 60)}`, t => {
		const info = stateInfo(state);
		t.like(info, expected);
		t.deepEqual(Object.keys(info).sort((a, b) => a.localeCompare(b)), ['Dead', 'Error', 'ExitCode', 'FinishedAt', 'OOMKilled', 'Paused', 'Pid', 'Restarting', 'Running', 'StartedAt', 'Status']);
	});
}

const nowMs = Date.parse('2026-01-02T03:05:05Z');
const record = containerRecord({
	name: 'web', Cmd: ['sleep', '1 000'], Labels: {a: 'b'}, ExposedPorts: {'80/tcp': {}, '53/udp': {}}, HostConfig: {Binds: ['data:/d', '/host:/h:ro,rslave'], Tmpfs: {'/t': 'size=1m'}},
});

test('a line of a list', t => {
	const info = containerInfo({...summarize(record), state: {status: 'running', process, startedAt: '2026-01-02T03:04:05Z'}}, nowMs);
	t.like(info, {
		Id: record.id, Names: ['/web'], Image: 'busybox', ImageID: record.imageId, Created: 1_767_323_045, State: 'running', Status: 'Up About a minute', Labels: {a: 'b'}, HostConfig: {NetworkMode: 'default'},
		Ports: [{PrivatePort: 80, Type: 'tcp'}, {PrivatePort: 53, Type: 'udp'}],
	});
	t.regex(info.Command, /^sleep '1 000'$/);
	t.deepEqual(Object.keys(info.NetworkSettings.Networks), ['none']);
	t.deepEqual(info.Mounts.map(({Type, Name, Destination, RW, Mode, Propagation}) => ({Type, Name, Destination, RW, Mode, Propagation})), [
		{Type: 'volume', Name: 'data', Destination: '/d', RW: true, Mode: 'z', Propagation: ''},
		{Type: 'bind', Name: undefined, Destination: '/h', RW: false, Mode: 'ro,rslave', Propagation: 'rslave'},
		{Type: 'tmpfs', Name: undefined, Destination: '/t', RW: true, Mode: '', Propagation: ''},
	]);
	t.false('SizeRw' in info);
	t.like(containerInfo({...summarize(record), state: exited}, nowMs, {SizeRw: 1, SizeRootFs: 2}), {SizeRw: 1, SizeRootFs: 2, Ports: [], State: 'exited'});
	const host = containerInfo({...summarize(containerRecord({ExposedPorts: {'80/tcp': {}}, HostConfig: {NetworkMode: 'host'}})), state: {status: 'running', process, startedAt}}, nowMs);
	t.deepEqual([host.Ports, Object.keys(host.NetworkSettings.Networks)], [[], ['host']]);
});

const extras: InspectExtras = {execIds: [], logPath: '/log', folder: '/c', lowers: ['/l2', '/l1'], upper: '/u', work: '/w', merged: '/m'};

test('inspect', t => {
	const info = containerInspectInfo(record, exited, extras);
	t.like(info, {
		Id: record.id, Created: record.created, Path: 'sleep', Args: ['1 000'], Image: record.imageId, Name: '/web', Platform: 'linux', LogPath: '/log', HostsPath: '/c/hosts', HostnamePath: '/c/hostname', ResolvConfPath: '/c/resolv.conf', RestartCount: 0,
		State: {Status: 'exited', ExitCode: 3}, GraphDriver: {Name: 'overlay', Data: {LowerDir: '/l2:/l1', UpperDir: '/u', WorkDir: '/w', MergedDir: '/m'}},
		Config: {Image: 'busybox', Cmd: ['sleep', '1 000'], Labels: {a: 'b'}},
	});
	t.is(info.ExecIDs, null as never);
	t.deepEqual(info.Mounts.map(({Destination}) => Destination), ['/d', '/h'], 'docker shows no tmpfs here');
	t.false('SizeRw' in info);
	t.like(containerInspectInfo(record, exited, {...extras, execIds: ['e'], sizes: {SizeRw: 5, SizeRootFs: 6}}), {ExecIDs: ['e'], SizeRw: 5, SizeRootFs: 6});
	t.is(containerInspectInfo(containerRecord({HostConfig: {LogConfig: {Type: 'none'}}}), exited, extras).LogPath, '');
});

test('the settings show docker\'s defaults, what this engine has not included', t => {
	const {HostConfig: settings} = containerInspectInfo(record, exited, extras);
	for (const [name, value] of Object.entries({
		VolumesFrom: null, Links: null, PublishAllPorts: false, UsernsMode: '', Runtime: 'tug', CgroupParent: '', BlkioWeight: 0, DeviceCgroupRules: null, DeviceRequests: null, Memory: 0, NanoCpus: 0, PidsLimit: null, Privileged: false, ShmSize: 67_108_864,
		NetworkMode: 'default', IpcMode: 'private', CgroupnsMode: 'private', RestartPolicy: {Name: 'no', MaximumRetryCount: 0}, LogConfig: {Type: 'json-file', Config: {}}, Binds: ['data:/d', '/host:/h:ro,rslave'], Tmpfs: {'/t': 'size=1m'},
	})) {
		t.deepEqual((settings as unknown as Record<string, unknown>)[name], value, name);
	}
});

const session: ExecRecord = {
	version: 1, id: 'e'.repeat(64) as ExecId, containerId: containerId(), process, command: ['sh', '-c', 'x'], env: [], user: '', workingFolder: '', tty: true, stdin: true, stdout: false, stderr: true, privileged: false, detachKeys: 'ctrl-x',
};
const sessions: ReadonlyArray<readonly [state: ExecState, expected: Readonly<Record<string, unknown>>]> = [
	[{status: 'created'}, {Running: false, ExitCode: null, Pid: 0}],
	[{status: 'running', pid: 9}, {Running: true, ExitCode: null, Pid: 9}],
	[{status: 'exited', exitCode: 4, pid: 9}, {Running: false, ExitCode: 4, Pid: 9}],
];
for (const [state, expected] of sessions) {
	test(`a session that is ${state.status}`, t => {
		t.like(execInspectInfo(session, state, 'app'), {
			...expected, ID: session.id, ContainerID: session.containerId, OpenStdin: true, OpenStdout: false, OpenStderr: true, DetachKeys: 'ctrl-x', ProcessConfig: {tty: true, entrypoint: 'sh', arguments: ['-c', 'x'], privileged: false, user: 'app'},
		});
		t.is((execInspectInfo({...session, user: 'root'}, state, 'app').ProcessConfig as {user: string}).user, 'root');
	});
}
