import test from 'ava';
import {parseHostSettings} from '../../engine/container/host-settings.js';
import {parseLogLimits} from '../../engine/container/log-options.js';
import {checkSysctls, parseRlimits, parseSecurityOptions} from '../../engine/container/security-settings.js';

test('nothing asked for gives docker\'s defaults', t => {
	t.like(parseHostSettings(undefined), {
		NetworkMode: 'default', AutoRemove: false, ShmSize: 67_108_864, IpcMode: 'private', CgroupnsMode: 'private', Memory: 0, PidsLimit: null, RestartPolicy: {Name: 'no', MaximumRetryCount: 0},
	});
	t.is(parseHostSettings({Privileged: true}).CgroupnsMode, 'host');
});

const notThere: Array<[string, Record<string, unknown>, RegExp]> = [
	['published ports', {PortBindings: {'80/tcp': [{HostPort: '8080'}]}}, /^PortBindings: publishing ports needs a network.*`none` and `host`/],
	['other networks', {NetworkMode: 'mynet'}, /^network mynet: only the networks `none` and `host`/],
	['the network of a container', {NetworkMode: 'container:x'}, /only the networks `none` and `host`/],
	['restart policies', {RestartPolicy: {Name: 'always'}}, /^RestartPolicy: restart policies/],
	['links', {Links: ['a:b']}, /^Links:/],
	['GPUs', {DeviceRequests: [{Count: -1}]}, /^DeviceRequests:/],
	['another runtime', {Runtime: 'runsc'}, /^Runtime:/],
	['block I/O limits', {BlkioWeight: 500}, /^BlkioWeight: block I\/O limits/],
	['another container\'s pids', {PidMode: 'container:x'}, /joining another container's namespace/],
];

for (const [title, hostConfig, message] of notThere) {
	test(`refused with the reason, not dropped: ${title}`, t => {
		t.like(t.throws(() => parseHostSettings(hostConfig), {message}), {kind: 'notImplemented'});
	});
}

test('empty forms of what is not there are fine: clients always send them', t => {
	t.notThrows(() => parseHostSettings({
		PortBindings: {}, Links: null, VolumesFrom: null, RestartPolicy: {Name: 'no', MaximumRetryCount: 0}, Runtime: '', UsernsMode: '', Isolation: '', BlkioWeightDevice: [], DeviceRequests: null, CpuCount: 0,
	}));
	t.notThrows(() => parseHostSettings({RestartPolicy: {Name: '', MaximumRetryCount: 0}}));
});

const invalid: Array<[Record<string, unknown>, string]> = [
	[{Memory: 1024}, 'Minimum memory limit allowed is 6MB'],
	[{Memory: 10_000_000, MemorySwap: 9_000_000}, 'Minimum memoryswap limit should be larger than memory limit, see usage'],
	[{MemorySwap: 9_000_000}, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
	[{NanoCpus: 1e9, CpuQuota: 5000}, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
	[{CpuPeriod: 1}, 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
	[{OomScoreAdj: 2000}, 'Invalid value 2000, range for oom score adj is [-1000, 1000]'],
	[{CpusetCpus: '0,x'}, 'Invalid value 0,x for cpuset cpus'],
	[{LogConfig: {Type: 'syslog'}}, 'logger: no log driver named \'syslog\' is registered'],
	[{LogConfig: {Type: 'json-file', Config: {speed: '1'}}}, 'unknown log opt \'speed\' for json-file log driver'],
	[{LogConfig: {Type: 'json-file', Config: {'max-file': '3'}}}, 'log opt \'max-file\' needs \'max-size\''],
	[{LogConfig: {Type: '', Config: {'max-size': 'much'}}}, 'invalid size: \'much\''],
	[{ExtraHosts: ['nocolon']}, 'bad format for add-host: "nocolon"'],
	[{IpcMode: 'nope'}, 'invalid IPC mode: nope'],
	[{Ulimits: [{Name: 'nofile', Soft: 5, Hard: 4}]}, 'ulimit soft limit must be less than or equal to hard limit: 5 > 4'],
	[{Devices: [{PathOnHost: 'dev'}]}, 'device dev:dev needs absolute paths'],
	[{ShmSize: -1}, 'SHM size can not be less than 0'],
	[{Memory: 'lots'}, 'Memory is not a whole number'],
];

for (const [hostConfig, message] of invalid) {
	test(`invalid: ${message}`, t => {
		t.like(t.throws(() => parseHostSettings(hostConfig)), {kind: 'invalidParameter', message});
	});
}

test('log sizes are read in docker\'s units', t => {
	t.deepEqual(parseLogLimits({'max-size': '10m', 'max-file': '3'}), {maxSizeBytes: 10 * 1024 * 1024, maxFiles: 3});
	t.deepEqual(parseLogLimits({'max-size': '1.5k'}), {maxSizeBytes: 1536, maxFiles: 1});
	t.deepEqual(parseLogLimits({'max-size': '100'}), {maxSizeBytes: 100, maxFiles: 1});
	t.deepEqual(parseLogLimits({}), {maxSizeBytes: 0, maxFiles: 1});
});

test('security options in both spellings', t => {
	t.deepEqual(parseSecurityOptions(['no-new-privileges', 'seccomp=unconfined']), {noNewPrivileges: true, seccomp: 'unconfined'});
	t.deepEqual(parseSecurityOptions(['no-new-privileges:true', 'seccomp:unconfined', 'label=disable', 'apparmor=unconfined']), {noNewPrivileges: true, seccomp: 'unconfined'});
	t.is(parseSecurityOptions(['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']).seccomp, '{"defaultAction":"SCMP_ACT_ALLOW"}');
	t.throws(() => parseSecurityOptions(['seccomp=/etc/passwd']), {message: /Decoding seccomp profile failed/});
	t.throws(() => parseSecurityOptions(['nonsense']), {message: 'invalid --security-opt: "nonsense"'});
	t.like(t.throws(() => parseSecurityOptions(['apparmor=docker-default'])), {kind: 'notImplemented'});
});

test('ulimits by docker\'s names; -1 is unlimited', t => {
	t.deepEqual(parseRlimits([{Name: 'nofile', Soft: 1, Hard: 2}, {Name: 'core', Soft: 0, Hard: -1}]), [
		{resource: 'nofile', soft: 1n, hard: 2n},
		{resource: 'core', soft: 0n, hard: 0xFF_FF_FF_FF_FF_FF_FF_FFn},
	]);
	t.throws(() => parseRlimits([{Name: 'files', Soft: 1, Hard: 1}]), {message: 'invalid ulimit type: files'});
	t.throws(() => parseRlimits([{Name: 'toString', Soft: 1, Hard: 1}]), {message: 'invalid ulimit type: toString'});
});

test('only sysctls of the container\'s own namespaces', t => {
	const check = (sysctls: Record<string, string>, more: Record<string, unknown> = {}) => () => {
		checkSysctls(parseHostSettings({Sysctls: sysctls, ...more}));
	};

	t.notThrows(check({'net.ipv4.ip_forward': '1', 'kernel.shmmax': '1', 'fs.mqueue.msg_max': '5', 'net/ipv4/conf/lo/forwarding': '1'}));
	t.throws(check({'kernel.panic': '1'}), {message: 'sysctl "kernel.panic" is not in a separate kernel namespace'});
	t.throws(check({'net.ipv4.../../../kernel.panic': '1'}), {message: /not in a separate kernel namespace/});
	t.throws(check({'net.core.somaxconn': '1'}, {NetworkMode: 'host'}), {message: /host's network namespace/});
	t.throws(check({'kernel.sem': '1'}, {IpcMode: 'host'}), {message: /host's IPC namespace/});
});
