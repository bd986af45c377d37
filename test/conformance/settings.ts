/** What a container is given: environment, mounts, networks, confinement. */
import fs from 'node:fs';
import type {ContainerCreateOptions} from '../../engine/index.js';
import {temporaryFolder} from '../helpers/image-lab.js';
import {create, runAttached, type Behaves, type Subject} from './behaviour.js';

export function settingsBehaviour(behaves: Behaves, {single = false}: Subject): void {
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

	behaves('the program: entrypoint and command, of the image or one\'s own', async (t, engine) => {
		const base = await create(engine, ['true']);
		await engine.commit({container: base, reference: 'with-entrypoint:1', changes: ['ENTRYPOINT ["echo", "entry"]', 'CMD ["cmd"]']});
		const outputOf = async (options: Partial<ContainerCreateOptions>) => {
			const {Id} = await engine.createContainer({Image: 'with-entrypoint:1', ...options});
			return (await runAttached(engine, Id)).stdout;
		};

		t.is(await outputOf({}), 'entry cmd\n');
		t.is(await outputOf({Cmd: ['mine']}), 'entry mine\n');
		t.is(await outputOf({Entrypoint: ['echo', 'other']}), 'other\n');
		t.is(await outputOf({Entrypoint: [''], Cmd: ['echo', 'bare']}), 'bare\n');
		const {Id} = await engine.createContainer({Image: 'with-entrypoint:1', Cmd: ['mine']});
		t.like(await engine.inspectContainer(Id), {Path: 'echo', Args: ['entry', 'mine']});
	});

	behaves('environment: docker\'s own, the image\'s, one\'s own, the last one wins', async (t, engine) => {
		const base = await create(engine, ['true']);
		await engine.commit({container: base, reference: 'with-env:1', changes: ['ENV A=image B=image PATH=/bin:/sbin']});
		const {Id} = await engine.createContainer({Image: 'with-env:1', Cmd: ['env'], Env: ['A=own', 'EMPTY=', 'EQUALS=a=b', 'HOME=/elsewhere'], Hostname: 'h'});
		const lines = new Set((await runAttached(engine, Id)).stdout.trim().split('\n'));
		for (const line of ['A=own', 'B=image', 'PATH=/bin:/sbin', 'EMPTY=', 'EQUALS=a=b', 'HOME=/elsewhere', 'HOSTNAME=h']) {
			t.true(lines.has(line), line);
		}

		t.is(lines.size, 7);
		const {Id: terminal} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo $TERM'], Tty: true});
		t.is((await runAttached(engine, terminal)).stdout, 'xterm\r\n');
	});

	if (!single) {
		const users: ReadonlyArray<readonly [user: string, expected: string]> = [
			['', 'uid=0(root) gid=0(root) groups=0(root)'],
			['0', 'uid=0(root) gid=0(root) groups=0(root)'],
			['www-data', 'uid=33(www-data) gid=33(www-data) groups=33(www-data)'],
			['app', 'uid=1000(app) gid=1000(app) groups=50(extra),1000(app)'],
			['app:www-data', 'uid=1000(app) gid=33(www-data) groups=33(www-data)'],
			['33:50', 'uid=33(www-data) gid=50(extra) groups=50(extra)'],
			['4242', 'uid=4242 gid=0(root) groups=0(root)'],
			['4242:4343', 'uid=4242 gid=4343 groups=4343'],
		];
		behaves('the user in all its forms', async (t, engine) => {
			for (const [User, expected] of users) {
				const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['id'], User});
				t.is((await runAttached(engine, Id)).stdout.trim(), expected, User);
			}

			const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['id', '-G'], User: 'app', HostConfig: {GroupAdd: ['33', 'root']}});
			t.is((await runAttached(engine, Id)).stdout.trim().split(' ').sort((a, b) => Number(a) - Number(b)).join(' '), '0 33 50 1000');
		});
	}

	behaves('a user that is not there: docker\'s text, and a container that was never started', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], User: 'nosuch'});
		t.like(await t.throwsAsync(engine.startContainer(Id)), {message: 'unable to find user nosuch: no matching entries in passwd file'});
		t.like((await engine.inspectContainer(Id)).State, {Status: 'created', ExitCode: 128});
	});

	behaves('names and addresses: hosts, resolv.conf, host and domain name', async (t, engine) => {
		const {Id} = await engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'cat /etc/hosts /etc/resolv.conf; hostname; cat /proc/sys/kernel/domainname'], Hostname: 'here', Domainname: 'example.test',
			HostConfig: {ExtraHosts: ['db:10.1.2.3', 'six:[fe80::1]'], Dns: ['192.0.2.7'], DnsSearch: ['example.test'], DnsOptions: ['ndots:3']},
		});
		const {stdout} = await runAttached(engine, Id);
		for (const pattern of [/^127\.0\.0\.1\tlocalhost$/m, /^10\.1\.2\.3\tdb$/m, /^fe80::1\tsix$/m, /^nameserver 192\.0\.2\.7$/m, /^search example\.test$/m, /^options ndots:3$/m, /^here$/m, /^example\.test$/m]) {
			t.regex(stdout, pattern);
		}
	});

	behaves('limits of processes, sysctls, a reaper, the score of the OOM killer', async (t, engine) => {
		const {Id} = await engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'ulimit -n; ulimit -Hc; cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_default_ttl /proc/1/comm /proc/self/oom_score_adj'],
			HostConfig: {Ulimits: [{Name: 'nofile', Soft: 77, Hard: 88}, {Name: 'core', Soft: 0, Hard: 0}], Sysctls: {'kernel.msgmax': '4242', 'net.ipv4.ip_default_ttl': '42'}, Init: true, OomScoreAdj: 500},
		});
		const lines = (await runAttached(engine, Id)).stdout.trim().split('\n');
		t.deepEqual([lines[0], lines[1], lines[2], lines[3], lines[5]], ['77', '0', '4242', '42', '500']);
		t.not(lines[4], 'sh');
	});

	behaves('a device of the host, by its own name or another', async (t, engine) => {
		const {Id} = await engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'test -c /dev/mine && echo x > /dev/mine && head -c 4 /dev/zeros | wc -c; test -c /dev/null && echo own'],
			HostConfig: {Devices: [{PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rwm'}, {PathOnHost: '/dev/zero', PathInContainer: '/dev/zeros', CgroupPermissions: 'rwm'}]},
		});
		t.is((await runAttached(engine, Id)).stdout, '4\nown\n');
		const {Id: missing} = await engine.createContainer({Image: 'busybox', HostConfig: {Devices: [{PathOnHost: '/dev/nosuch', PathInContainer: '/dev/x', CgroupPermissions: 'rwm'}]}});
		t.like(await t.throwsAsync(engine.startContainer(missing)), {message: 'error gathering device information while adding custom device "/dev/nosuch": no such file or directory'});
	});

	behaves('namespaces that are shared with the host', async (t, engine) => {
		for (const [kind, HostConfig] of [['pid', {PidMode: 'host'}], ['ipc', {IpcMode: 'host'}], ['uts', {UTSMode: 'host'}], ['net', {NetworkMode: 'host'}]] as const) {
			const {Id: shared} = await engine.createContainer({Image: 'busybox', Cmd: ['readlink', `/proc/self/ns/${kind}`], HostConfig});
			const {Id: own} = await engine.createContainer({Image: 'busybox', Cmd: ['readlink', `/proc/self/ns/${kind}`]});
			const host = fs.readlinkSync(`/proc/self/ns/${kind}`);
			t.is((await runAttached(engine, shared)).stdout.trim(), host, kind);
			t.not((await runAttached(engine, own)).stdout.trim(), host, kind);
		}
	});

	behaves('inspect shows what was asked for', async (t, engine) => {
		const {Id} = await engine.createContainer({
			name: 'shown', Image: 'busybox', Cmd: ['sleep', '1'], Labels: {a: 'b', 'c.d': ''}, Env: ['X=1'], WorkingDir: '/w', User: 'root', Tty: true, OpenStdin: true, StopSignal: 'SIGINT', StopTimeout: 3, Hostname: 'h', Domainname: 'd',
			ExposedPorts: {'80/tcp': {}}, HostConfig: {CapAdd: ['NET_ADMIN'], CapDrop: ['CHOWN'], ReadonlyRootfs: true, Tmpfs: {'/t': 'size=1m'}, ShmSize: 1_048_576, AutoRemove: false, SecurityOpt: ['no-new-privileges']},
		});
		const info = await engine.inspectContainer('shown', {size: true});
		t.like(info, {
			Id, Name: '/shown', Path: 'sleep', Args: ['1'], Platform: 'linux',
			Config: {Labels: {a: 'b', 'c.d': ''}, WorkingDir: '/w', User: 'root', Tty: true, OpenStdin: true, StopSignal: 'SIGINT', StopTimeout: 3, Hostname: 'h', Domainname: 'd', Image: 'busybox', Cmd: ['sleep', '1'], ExposedPorts: {'80/tcp': {}}},
			HostConfig: {CapAdd: ['NET_ADMIN'], CapDrop: ['CHOWN'], ReadonlyRootfs: true, Tmpfs: {'/t': 'size=1m'}, ShmSize: 1_048_576, AutoRemove: false, SecurityOpt: ['no-new-privileges'], NetworkMode: 'default', IpcMode: 'private', CgroupnsMode: 'private'},
			State: {Status: 'created', StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z'},
		});
		t.true(info.Config.Env.includes('X=1'));
		t.regex(info.Created, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
		t.regex(info.Image, /^sha256:[\da-f]{64}$/);
		t.is((info as {SizeRw?: number}).SizeRw, 0);
		t.true((info as {SizeRootFs?: number}).SizeRootFs! > 100_000);
	});
}
