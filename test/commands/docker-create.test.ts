/**
What docker 28's own command asks its daemon for, recorded from its requests: `tug create` with the same words asks our engine for the same. Fields that are empty
or as without any option are left out, and nested ones are written as paths.
*/
import test from 'ava';
import {fakeEngine} from '../helpers/fake-engine.js';
import {runCommand} from '../helpers/run-command.js';

type Fields = Readonly<Record<string, unknown>>;

async function requested(words: readonly string[]): Promise<Fields> {
	const {engine, calls} = fakeEngine({createContainer: async () => ({Id: 'a'.repeat(64), Warnings: []})});
	const {errors} = await runCommand(['create', ...words], {engine});
	const call = calls.find(([method]) => method === 'createContainer');
	if (call === undefined) {
		throw new Error(errors);
	}

	return flat(prune(call[1]) ?? {});
}

// Go leaves out what is empty, and sends false and 0 for what was not said.
function prune(value: unknown): unknown {
	if (Array.isArray(value)) {
		return value.length === 0 ? undefined : value.map(item => prune(item) ?? null);
	}

	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value).map(([key, field]) => [key, prune(field)] as const).filter(([, field]) => field !== undefined);
		return entries.length === 0 ? undefined : Object.fromEntries(entries);
	}

	return value === null || value === '' || value === 0 || value === false ? undefined : value;
}

function flat(value: unknown, path = ''): Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? Object.fromEntries(Object.entries(value).flatMap(([key, field]) => Object.entries(flat(field, path === '' ? key : `${path}.${key}`))))
		: {[path]: value};
}

const asks = test.macro({
	async exec(t, words: readonly string[], expected: Fields) {
		const plain = await requested(['busybox']);
		const fields = Object.entries(await requested(words)).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(plain[key]));
		t.deepEqual(Object.fromEntries(fields), expected);
	},
	title: (_, words: readonly string[]) => `create ${words.join(' ')}`,
});

const refuses = test.macro({
	async exec(t, words: readonly string[], message: string, exitCode: number) {
		const outcome = await runCommand(['create', ...words], {engine: fakeEngine().engine});
		t.is(outcome.errors.split('\n')[0], message);
		t.is(outcome.exitCode, exitCode);
	},
	title: (_, words: readonly string[]) => `create ${words.join(' ')} is refused in docker's words`,
});

test(asks, ['busybox', 'sh', '-c', 'echo hi'], {Cmd: ['sh', '-c', 'echo hi']});
test(asks, ['busybox', '-x', '--y'], {Cmd: ['-x', '--y']});
test(asks, ['-it', 'busybox'], {AttachStdin: true, OpenStdin: true, StdinOnce: true, Tty: true});
test(asks, ['-i', 'busybox'], {AttachStdin: true, OpenStdin: true, StdinOnce: true});
test(asks, ['-t', 'busybox'], {Tty: true});
test(asks, ['-a', 'stdout', '-a', 'stderr', 'busybox'], {});
test(asks, ['-a', 'stdin', 'busybox'], {AttachStdin: true});
test(asks, ['--add-host', 'a:1.2.3.4', '--add-host', 'b=::1', 'busybox'], {'HostConfig.ExtraHosts': ['a:1.2.3.4', 'b:::1']});
test(asks, ['--cap-add', 'NET_ADMIN', '--cap-drop', 'all', 'busybox'], {'HostConfig.CapAdd': ['CAP_NET_ADMIN'], 'HostConfig.CapDrop': ['ALL']});
test(asks, ['--cgroupns', 'host', 'busybox'], {'HostConfig.CgroupnsMode': 'host'});
test(asks, ['--cpu-period', '1000', '--cpu-quota', '500', 'busybox'], {'HostConfig.CpuPeriod': 1000, 'HostConfig.CpuQuota': 500});
test(asks, ['-c', '512', 'busybox'], {'HostConfig.CpuShares': 512});
test(asks, ['--cpus', '1.5', 'busybox'], {'HostConfig.NanoCpus': 1_500_000_000});
test(asks, ['--cpus', '.5', 'busybox'], {'HostConfig.NanoCpus': 500_000_000});
test(asks, ['--cpuset-cpus', '0-1', '--cpuset-mems', '0', 'busybox'], {'HostConfig.CpusetCpus': '0-1', 'HostConfig.CpusetMems': '0'});
test(asks, ['--device', '/dev/null', 'busybox'], {'HostConfig.Devices': [{CgroupPermissions: 'rwm', PathInContainer: '/dev/null', PathOnHost: '/dev/null'}]});
test(asks, ['--device', '/dev/null:/dev/x:r', 'busybox'], {'HostConfig.Devices': [{CgroupPermissions: 'r', PathInContainer: '/dev/x', PathOnHost: '/dev/null'}]});
test(asks, ['--device', '/dev/null:rw', 'busybox'], {'HostConfig.Devices': [{CgroupPermissions: 'rw', PathInContainer: '/dev/null', PathOnHost: '/dev/null'}]});
test(asks, ['--device-cgroup-rule', 'c 1:3 rmw', 'busybox'], {'HostConfig.DeviceCgroupRules': ['c 1:3 rmw']});
test(asks, ['--dns', '8.8.8.8', '--dns-search', 'example.com', '--dns-option', 'ndots:2', 'busybox'], {'HostConfig.Dns': ['8.8.8.8'], 'HostConfig.DnsOptions': ['ndots:2'], 'HostConfig.DnsSearch': ['example.com']});
test(asks, ['--domainname', 'example.com', '-h', 'host', 'busybox'], {Domainname: 'example.com', Hostname: 'host'});
test(asks, ['--entrypoint', '/bin/sh', 'busybox', '-c', 'ls'], {Cmd: ['-c', 'ls'], Entrypoint: ['/bin/sh']});
test(asks, ['--entrypoint', '', 'busybox', 'ls'], {Cmd: ['ls'], Entrypoint: [null]});
test(asks, ['-e', 'A=1', '-e', 'B=two', '-e', 'C=', 'busybox'], {Env: ['A=1', 'B=two', 'C=']});
test(asks, ['--expose', '80', '--expose', '90/udp', '--expose', '100-102', 'busybox'], {});
test(asks, ['--group-add', '10', '--group-add', 'wheel', 'busybox'], {'HostConfig.GroupAdd': ['10', 'wheel']});
test(asks, ['--health-cmd', 'true', '--health-interval', '5s', '--health-retries', '3', '--health-timeout', '1m', '--health-start-period', '10s', 'busybox'], {'Healthcheck.Interval': 5_000_000_000, 'Healthcheck.Retries': 3, 'Healthcheck.StartPeriod': 10_000_000_000, 'Healthcheck.Test': ['CMD-SHELL', 'true'], 'Healthcheck.Timeout': 60_000_000_000});
test(asks, ['--no-healthcheck', 'busybox'], {'Healthcheck.Test': ['NONE']});
test(asks, ['--init', 'busybox'], {'HostConfig.Init': true});
test(asks, ['--ipc', 'host', 'busybox'], {'HostConfig.IpcMode': 'host'});
test(asks, ['--ipc', 'shareable', 'busybox'], {'HostConfig.IpcMode': 'shareable'});
test(asks, ['-l', 'a=b', '-l', 'c', 'busybox'], {'Labels.a': 'b'});
test(asks, ['-l', 'a=b=c', '-l', 'd=e f', 'busybox'], {'Labels.a': 'b=c', 'Labels.d': 'e f'});
test(asks, ['--log-driver', 'none', 'busybox'], {'HostConfig.LogConfig.Type': 'none'});
test(asks, ['-m', '64m', '--memory-swap', '128m', '--memory-reservation', '32m', 'busybox'], {'HostConfig.Memory': 67_108_864, 'HostConfig.MemoryReservation': 33_554_432, 'HostConfig.MemorySwap': 134_217_728});
test(asks, ['-m', '1g', '--memory-swap', '-1', 'busybox'], {'HostConfig.Memory': 1_073_741_824, 'HostConfig.MemorySwap': -1});
test(asks, ['--mount', 'type=bind,src=/a,dst=/b,ro', 'busybox'], {'HostConfig.Mounts': [{ReadOnly: true, Source: '/a', Target: '/b', Type: 'bind'}]});
test(asks, ['--mount', 'type=tmpfs,dst=/t,tmpfs-size=10m,tmpfs-mode=1777', 'busybox'], {'HostConfig.Mounts': [{Target: '/t', TmpfsOptions: {Mode: 1023, SizeBytes: 10_485_760}, Type: 'tmpfs'}]});
test(asks, ['--mount', 'type=volume,src=v,dst=/v,volume-nocopy,volume-label=a=b', 'busybox'], {'HostConfig.Mounts': [{Source: 'v', Target: '/v', Type: 'volume', VolumeOptions: {Labels: {a: 'b'}, NoCopy: true}}]});
test(asks, ['--mount', 'type=volume,dst=/v', 'busybox'], {'HostConfig.Mounts': [{Target: '/v', Type: 'volume'}]});
test(asks, ['--mount', 'type=bind,src=/a,dst=/b,bind-propagation=rshared', 'busybox'], {'HostConfig.Mounts': [{BindOptions: {Propagation: 'rshared'}, Source: '/a', Target: '/b', Type: 'bind'}]});
test(asks, ['--network', 'none', 'busybox'], {'HostConfig.NetworkMode': 'none'});
test(asks, ['--network', 'host', 'busybox'], {'HostConfig.NetworkMode': 'host'});
test(asks, ['--net', 'host', 'busybox'], {'HostConfig.NetworkMode': 'host'});
test(asks, ['--oom-score-adj', '100', 'busybox'], {'HostConfig.OomScoreAdj': 100});
test(asks, ['--pid', 'host', 'busybox'], {'HostConfig.PidMode': 'host'});
test(asks, ['--pids-limit', '50', 'busybox'], {'HostConfig.PidsLimit': 50});
test(asks, ['--pids-limit', '-1', 'busybox'], {'HostConfig.PidsLimit': -1});
test(asks, ['--privileged', 'busybox'], {'HostConfig.Privileged': true});
test(asks, ['-p', '8080:80', 'busybox'], {'HostConfig.PortBindings.80/tcp': [{HostPort: '8080'}]});
test(asks, ['-p', '127.0.0.1:8080:80/udp', 'busybox'], {'HostConfig.PortBindings.80/udp': [{HostIp: '127.0.0.1', HostPort: '8080'}]});
test(asks, ['-p', '8000-8002:80-82', 'busybox'], {'HostConfig.PortBindings.80/tcp': [{HostPort: '8000'}], 'HostConfig.PortBindings.81/tcp': [{HostPort: '8001'}], 'HostConfig.PortBindings.82/tcp': [{HostPort: '8002'}]});
test(asks, ['-p', '80', 'busybox'], {'HostConfig.PortBindings.80/tcp': [null]});
test(asks, ['-P', 'busybox'], {'HostConfig.PublishAllPorts': true});
test(asks, ['--pull', 'never', 'busybox'], {});
test(asks, ['--read-only', 'busybox'], {'HostConfig.ReadonlyRootfs': true});
test(asks, ['--restart', 'always', 'busybox'], {'HostConfig.RestartPolicy.Name': 'always'});
test(asks, ['--restart', 'on-failure:3', 'busybox'], {'HostConfig.RestartPolicy.MaximumRetryCount': 3, 'HostConfig.RestartPolicy.Name': 'on-failure'});
test(asks, ['--restart', 'unless-stopped', 'busybox'], {'HostConfig.RestartPolicy.Name': 'unless-stopped'});
test(asks, ['--rm', 'busybox'], {'HostConfig.AutoRemove': true});
test(asks, ['--security-opt', 'no-new-privileges', 'busybox'], {'HostConfig.SecurityOpt': ['no-new-privileges']});
test(asks, ['--security-opt', 'seccomp=unconfined', 'busybox'], {'HostConfig.SecurityOpt': ['seccomp=unconfined']});
test(asks, ['--security-opt', 'apparmor=unconfined', '--security-opt', 'label=disable', 'busybox'], {'HostConfig.SecurityOpt': ['apparmor=unconfined', 'label=disable']});
test(asks, ['--shm-size', '1m', 'busybox'], {'HostConfig.ShmSize': 1_048_576});
test(asks, ['--stop-signal', 'INT', '--stop-timeout', '5', 'busybox'], {StopSignal: 'INT', StopTimeout: 5});
test(asks, ['--sysctl', 'net.ipv4.ip_forward=1', '--sysctl', 'kernel.msgmax=65536', 'busybox'], {'HostConfig.Sysctls.kernel.msgmax': '65536', 'HostConfig.Sysctls.net.ipv4.ip_forward': '1'});
test(asks, ['--tmpfs', '/run', '--tmpfs', '/tmp:size=10m,mode=1770', 'busybox'], {'HostConfig.Tmpfs./tmp': 'size=10m,mode=1770'});
test(asks, ['--ulimit', 'nofile=1024:2048', '--ulimit', 'core=0', 'busybox'], {'HostConfig.Ulimits': [{Name: 'core'}, {Hard: 2048, Name: 'nofile', Soft: 1024}]});
test(asks, ['--ulimit', 'nproc=-1', 'busybox'], {'HostConfig.Ulimits': [{Hard: -1, Name: 'nproc', Soft: -1}]});
test(asks, ['-u', '1000:1000', 'busybox'], {User: '1000:1000'});
test(asks, ['-u', 'root', 'busybox'], {User: 'root'});
test(asks, ['--uts', 'host', 'busybox'], {'HostConfig.UTSMode': 'host'});
test(asks, ['-v', '/a:/b', 'busybox'], {'HostConfig.Binds': ['/a:/b']});
test(asks, ['-v', '/a:/b:ro,z', 'busybox'], {'HostConfig.Binds': ['/a:/b:ro,z']});
test(asks, ['-v', 'vol:/b', 'busybox'], {'HostConfig.Binds': ['vol:/b']});
test(asks, ['-v', '/anonymous', 'busybox'], {});
test(asks, ['-v', '/a:/b', '-v', '/c:/d:rw,rslave', 'busybox'], {'HostConfig.Binds': ['/a:/b', '/c:/d:rw,rslave']});
test(asks, ['-w', '/work', 'busybox'], {WorkingDir: '/work'});
test(asks, ['-h', 'my.host', 'busybox'], {Hostname: 'my.host'});
test(asks, ['--tmpfs', '', 'busybox'], {});
test(asks, ['--health-interval', '100us', 'busybox'], {'Healthcheck.Interval': 100_000});

test(refuses, ['-itd', 'busybox'], 'unknown shorthand flag: \'d\' in -d', 125);
test(refuses, ['--nope', 'busybox'], 'unknown flag: --nope', 125);
test(refuses, ['--cpus', 'x', 'busybox'], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number', 125);
test(refuses, ['-m', 'x', 'busybox'], 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\'', 125);
test(refuses, ['--ulimit', 'nofile', 'busybox'], 'invalid argument "nofile" for "--ulimit" flag: invalid ulimit argument: nofile', 125);
test(refuses, ['--mount', 'type=bind', 'busybox'], 'invalid argument "type=bind" for "--mount" flag: target is required', 125);
test(refuses, ['-v', '', 'busybox'], 'tug: invalid empty volume spec', 125);
test(refuses, ['-v', ':/x', 'busybox'], 'tug: invalid spec: :/x: empty section between colons', 125);
test(refuses, ['--env-file', '/nonexistent', 'busybox'], 'tug: open /nonexistent: no such file or directory', 125);
test(refuses, ['-e', '', 'busybox'], 'invalid argument "" for "-e, --env" flag: invalid environment variable: ', 125);
test(refuses, ['--add-host', 'bad', 'busybox'], 'invalid argument "bad" for "--add-host" flag: bad format for add-host: "bad"', 125);
test(refuses, ['--dns', 'bad', 'busybox'], 'invalid argument "bad" for "--dns" flag: IP address is not correctly formatted: bad', 125);
test(refuses, ['--stop-timeout', 'x', 'busybox'], 'invalid argument "x" for "--stop-timeout" flag: strconv.ParseInt: parsing "x": invalid syntax', 125);
test(refuses, ['--pids-limit', 'x', 'busybox'], 'invalid argument "x" for "--pids-limit" flag: strconv.ParseInt: parsing "x": invalid syntax', 125);
test(refuses, ['--security-opt', 'bad', 'busybox'], 'tug: Invalid --security-opt: "bad"', 125);
test(refuses, ['--sysctl', 'bad', 'busybox'], 'invalid argument "bad" for "--sysctl" flag: sysctl \'bad\' is not allowed', 125);
test(refuses, ['--health-interval', 'x', 'busybox'], 'invalid argument "x" for "--health-interval" flag: time: invalid duration "x"', 125);
test(refuses, ['--health-retries', '-1', 'busybox'], 'tug: --health-retries cannot be negative', 125);
test(refuses, ['--no-healthcheck', '--health-cmd', 'x', 'busybox'], 'tug: --no-healthcheck conflicts with --health-* options', 125);
test(refuses, ['--shm-size', 'x', 'busybox'], 'invalid argument "x" for "--shm-size" flag: invalid size: \'x\'', 125);
test(refuses, ['-a', 'bogus', 'busybox'], 'invalid argument "bogus" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR', 125);
test(refuses, ['--isolation'], 'flag needs an argument: --isolation', 125);
test(refuses, ['--label-file', '/nonexistent', 'busybox'], 'tug: open /nonexistent: no such file or directory', 125);
test(refuses, ['--name'], 'flag needs an argument: --name', 125);
