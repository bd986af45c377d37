/**
What a container is made of: namespaces, /dev, mounts, identity, limits, exit codes; for root, a user with subordinate ids and one without.
*/
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {forEachSubject, give, launch, runShell, runToEnd, waitForStatus} from '../helpers/native-container.js';
import {defaultEnvironment, defaultMounts} from '../helpers/launch-plan.js';
import {run} from '../helpers/native-trees.js';

test('a container has namespaces of its own', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines, exitCode} = await runShell(t, subject, rootfs, 'for n in mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done; hostname; echo $$', {hostname: 'harbour'});
		t.is(exitCode, 0);
		for (const line of lines.slice(0, 6)) {
			const [name, id] = line.split(':');
			t.not(fs.readlinkSync(`/proc/self/ns/${name!}`), `${name!}:${id!}`, subject.name);
		}

		t.is(lines[6], 'harbour');
		t.is(lines[7], '1');
	});
});

test('a namespace that is not listed is the host\'s', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const plan = {namespaces: [{kind: 'mount'}, {kind: 'pid'}, {kind: 'ipc'}] as const, mounts: defaultMounts};
		const {lines, report} = await runToEnd(t, subject, rootfs, {args: ['sh', '-c', 'readlink /proc/self/ns/net; readlink /proc/self/ns/uts; cat /sys/class/net/lo/mtu'], ...plan, hostname: undefined as never});
		t.true(report.ok, JSON.stringify(report));
		t.is(lines[0], fs.readlinkSync('/proc/self/ns/net'));
		t.is(lines[1], fs.readlinkSync('/proc/self/ns/uts'));
		t.is(lines[2], '65536', 'sysfs of the host\'s network namespace is bound where it can\'t be mounted');
	});
});

test('a container joins the namespaces of another one', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const first = launch(t, subject, rootfs, {args: ['sleep', '100'], hostname: 'first'});
		t.true(first.report.ok, JSON.stringify(first.report));
		const {pid} = await waitForStatus(first.plan.stateDir, 'running');
		const {lines, report} = await runShell(t, subject, rootfs, 'hostname; ps | grep -c "sleep 100"; readlink /proc/self/ns/net; echo $$', {
			hostname: undefined as never,
			namespaces: [{kind: 'mount'}, {kind: 'pid', path: `/proc/${pid}/ns/pid`}, {kind: 'net', path: `/proc/${pid}/ns/net`}, {kind: 'uts', path: `/proc/${pid}/ns/uts`}, {kind: 'ipc', path: `/proc/${pid}/ns/ipc`}],
		});
		t.true(report.ok, JSON.stringify(report));
		t.is(lines[0], 'first');
		t.true(Number(lines[1]) >= 1);
		t.not(lines[2], fs.readlinkSync('/proc/self/ns/net'));
		t.not(lines[3], '1');
	});
});

test('/dev has docker\'s nodes and links, and they work', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {stdout, stderr, exitCode} = await runShell(t, subject, rootfs, `
			for node in null zero full random urandom tty; do [ -c /dev/$node ] || echo missing $node; done
			for link in fd stdin stdout stderr ptmx; do readlink /dev/$link; done
			echo gone > /dev/null && head -c 3 /dev/zero | od -An -tx1 && echo x 2>&1 > /dev/full | head -1
			echo to-stdout > /dev/stdout; echo to-stderr > /dev/stderr
			ls /dev/shm /dev/mqueue /dev/pts`);
		t.is(exitCode, 0);
		t.false(stdout.includes('missing'), stdout);
		t.true(stdout.includes('/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n'), stdout);
		t.true(stdout.includes(' 00 00 00'));
		t.true(stdout.includes('to-stdout'));
		t.true(stderr.includes('to-stderr'));
	});
});

test('nothing is open in the program but its standard streams', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		// The shell expands the glob itself, so that no other program's descriptors are looked at.
		const {lines} = await runShell(t, subject, rootfs, 'echo /proc/self/fd/*; echo /proc/1/fd/*');
		for (const line of lines) {
			const numbers = line.split(' ').map(name => Number(path.basename(name)));
			t.deepEqual(numbers.filter(number => number < 3), [0, 1, 2]);
			// One more while the shell reads the folder.
			t.true(numbers.length <= 4, line);
		}

		const {lines: held} = await runToEnd(t, subject, rootfs, {args: ['sleep', '0']});
		t.deepEqual(held, ['']);
	});
});

test('users and groups are looked up in the container', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const identity = async (user: string, groupAdd: readonly string[] = []) => {
			const {lines, report} = await runShell(t, subject, rootfs, 'id -u; id -g; id -G; echo $HOME', {user, groupAdd});
			return report.ok ? lines.join(' | ') : String(report.message);
		};

		t.is(await identity(''), '0 | 0 | 0 | /root');
		if (subject.name === 'single id') {
			t.regex(await identity('alice'), /user alice does not exist here: only root is mapped.*apt install uidmap.*\/etc\/subuid/);
			t.regex(await identity('', ['audio']), /group audio does not exist here/);
			return;
		}

		t.is(await identity('alice'), '1000 | 1000 | 1000 29 44 | /home/alice');
		t.is(await identity('1000'), '1000 | 1000 | 1000 29 44 | /home/alice');
		t.is(await identity('alice:daemon'), '1000 | 1 | 1 | /home/alice');
		t.is(await identity('alice:7'), '1000 | 7 | 7 | /home/alice');
		t.is(await identity('4242'), '4242 | 0 | 0 | /');
		t.is(await identity('4242:4243'), '4242 | 4243 | 4243 | /');
		t.is(await identity(':1'), '0 | 1 | 1 | /root');
		t.is(await identity('alice', ['5', 'video']), '1000 | 1000 | 1000 5 29 44 | /home/alice');
		t.is(await identity('nobody-here'), 'unable to find user nobody-here: no matching entries in passwd file');
		t.is(await identity('root:nogroup-here'), 'unable to find group nogroup-here: no matching entries in group file');
		t.is(await identity('root', ['nogroup-here']), 'Unable to find group nogroup-here');
		t.is(await identity('99999999999'), 'uids and gids must be in range 0-2147483647');
		if (subject.name === 'subuids') {
			t.regex(await identity('70000'), /user 70000 is not mapped into your containers.*\/etc\/subuid/);
		}
	});
});

test('a program of another user owns its standard streams', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {stdout, stderr, exitCode} = await runShell(t, subject, rootfs, 'echo out > /dev/stdout && echo err > /dev/stderr', {user: 'alice'});
		t.deepEqual([exitCode, stdout, stderr], [0, 'out\n', 'err\n']);
	}, ({name}) => name !== 'single id');
});

test('HOME is the environment\'s when it has one', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await runShell(t, subject, rootfs, 'echo $HOME; echo $NAME', {env: [...defaultEnvironment, 'HOME=/elsewhere', 'NAME=größe "x"']});
		t.deepEqual(lines, ['/elsewhere', 'größe "x"']);
	});
});

test('exit codes and signals come through', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const code = async (line: string) => (await runShell(t, subject, rootfs, line)).exitCode;
		t.is(await code('exit 0'), 0);
		t.is(await code('exit 42'), 42);
		t.is(await code('sh -c "kill -TERM \\$\\$"; exit $?'), 143);
		t.is((await runToEnd(t, subject, rootfs, {args: ['true']})).exitCode, 0);
	});
});

test('a program that can\'t be started is reported in docker\'s words', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		fs.writeFileSync(path.join(rootfs, 'bin', 'noexec'), 'text', {mode: 0o644});
		fs.writeFileSync(path.join(rootfs, 'bin', 'garbage'), 'no program', {mode: 0o755});
		fs.writeFileSync(path.join(rootfs, 'bin', 'noloader'), '#!/no/such/interpreter\n', {mode: 0o755});
		const attempt = (args: readonly string[], changes = {}) => {
			const {report, plan} = launch(t, subject, rootfs, {args, ...changes});
			t.false(fs.existsSync(plan.socket), 'no socket is left');
			return [report.ok, report['exitCode'], report.message];
		};

		t.deepEqual(attempt(['nope']), [false, 127, 'exec: "nope": executable file not found in $PATH']);
		t.deepEqual(attempt(['/nope']), [false, 127, 'exec: "/nope": stat /nope: no such file or directory']);
		t.deepEqual(attempt(['noexec']), [false, 127, 'exec: "noexec": executable file not found in $PATH']);
		t.deepEqual(attempt(['/bin/noexec']), [false, 126, 'exec: "/bin/noexec": permission denied']);
		t.deepEqual(attempt(['/bin']), [false, 126, 'exec: "/bin": is a directory']);
		t.deepEqual(attempt(['']), [false, 127, 'exec: "": executable file not found in $PATH']);
		t.deepEqual(attempt(['garbage']), [false, 126, 'exec /bin/garbage: exec format error']);
		t.deepEqual(attempt(['noloader']), [false, 127, 'exec /bin/noloader: no such file or directory']);
		t.deepEqual(attempt(['true'], {cwd: '/nowhere'}), [false, 127, 'chdir to cwd ("/nowhere") set in config.json failed: no such file or directory']);
		t.deepEqual(attempt(['true'], {cwd: '/etc/passwd'}), [false, 127, 'chdir to cwd ("/etc/passwd") set in config.json failed: not a directory']);
	});
});

test('a failed lookup is reported by create already', async t => {
	await forEachSubject(t, (subject, rootfs) => {
		const {report} = launch(t, subject, rootfs, {args: ['nope']}, 'create');
		t.is(report['exitCode'], 127);
	});
});

test('a working directory is created when asked for', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await runShell(t, subject, rootfs, 'pwd; stat -c %u:%a .', {cwd: '/srv/new/place', flags: ['createCwd']});
		t.deepEqual(lines, ['/srv/new/place', '0:755']);
	});
});

test('the root file system can be read-only, tmpfs stays writable', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {stdout} = await runShell(t, subject, rootfs, 'touch /file 2>&1; touch /dev/shm/ok && echo fine', {flags: ['readonlyRootfs']});
		t.is(stdout, 'touch: /file: Read-only file system\nfine\n');
	});
});

test('a tree without layers is used in place', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {exitCode, report} = await runShell(t, subject, rootfs, 'echo here > /written', {lowers: [], upper: undefined as never, work: undefined as never, rootfs});
		t.is(exitCode, 0, JSON.stringify(report));
		t.is(fs.readFileSync(path.join(rootfs, 'written'), 'utf8'), 'here\n');
	});
});

test('127 layers and more are mounted, the top one wins', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const layers = Array.from({length: 200}, (_, index) => path.join(path.dirname(rootfs), `layer-with-a-rather-long-name-${String(index).padStart(40, '0')}`));
		for (const [index, layer] of layers.entries()) {
			fs.mkdirSync(layer);
			fs.chmodSync(layer, 0o755);
			fs.writeFileSync(path.join(layer, 'which'), `${index}\n`);
			fs.writeFileSync(path.join(layer, `only-${index}`), '');
		}

		const {lines, report} = await runShell(t, subject, rootfs, 'cat /which; ls / | grep -c only-', {lowers: [...layers, rootfs]});
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(lines, ['0', '200']);
	});
});

test('what a container writes lands in the upper layer', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sh', '-c', 'echo new > /etc/new; rm /etc/group; rm -rf /home; mkdir /home']});
		await waitForStatus(container.plan.stateDir, 'exited');
		t.is(fs.readFileSync(path.join(container.upper, 'etc/new'), 'utf8'), 'new\n');
		t.is(fs.lstatSync(path.join(container.upper, 'etc/group')).rdev, 0);
		t.true(fs.existsSync(path.join(rootfs, 'etc/group')));
	});
});

test('ulimits are set, and those above the user\'s own are refused in words', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await runShell(t, subject, rootfs, 'ulimit -n; ulimit -Hn; ulimit -c', {rlimits: [{resource: 'nofile', soft: 77n, hard: 99n}, {resource: 'core', soft: 0n, hard: 0n}]});
		t.deepEqual(lines, ['77', '99', '0']);
		if (subject.name !== 'root') {
			const {report} = launch(t, subject, rootfs, {args: ['true'], rlimits: [{resource: 'nice', soft: 40n, hard: 40n}]});
			t.regex(String(report.message), /only root may raise it/);
		}
	});
});

test('sysctls of the container\'s own namespaces are set', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines, report} = await runShell(t, subject, rootfs, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/sys/kernel/msgmax', {
			sysctls: {'net.ipv4.ip_unprivileged_port_start': '81', 'kernel.msgmax': '5555'},
		});
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(lines, ['81', '5555']);
		const bad = launch(t, subject, rootfs, {args: ['true'], sysctls: {'net.nonsense': '1'}});
		t.regex(String(bad.report.message), /net\.nonsense=1 is not there/);
		const escape = launch(t, subject, rootfs, {args: ['true'], sysctls: {'net/../../self/oom_score_adj': '1'}});
		t.false(escape.report.ok);
	});
});

test('binds: directories, files, read-only with what lies below, targets made', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const source = path.join(path.dirname(rootfs), 'source');
		fs.mkdirSync(path.join(source, 'sub'), {recursive: true});
		fs.writeFileSync(path.join(source, 'file'), 'from the host\n');
		give(subject, source);

		const {stdout, report} = await runShell(t, subject, rootfs, `
			cat /data/file /etc/one-file
			echo back > /data/back
			touch /fixed/file 2>&1
			mkdir /fixed/sub/x 2>&1
			echo loud >> /etc/one-file`, {
			mounts: [
				...defaultMounts,
				{type: 'bind', source, target: '/data', flags: ['recursive', 'createTarget']},
				{type: 'bind', source, target: '/fixed', flags: ['recursive', 'createTarget', 'readonly']},
				{type: 'bind', source: path.join(source, 'file'), target: '/etc/one-file', flags: ['recursive', 'createTarget', 'targetIsFile']},
			],
		});
		t.true(report.ok, JSON.stringify(report));
		t.is(stdout, 'from the host\nfrom the host\ntouch: /fixed/file: Read-only file system\nmkdir: can\'t create directory \'/fixed/sub/x\': Read-only file system\n');
		t.is(fs.readFileSync(path.join(source, 'back'), 'utf8'), 'back\n');
		t.is(fs.readFileSync(path.join(source, 'file'), 'utf8'), 'from the host\nloud\n');
	});
});

test('a bind of the wrong type, or of nothing, is refused in docker\'s words', async t => {
	await forEachSubject(t, (subject, rootfs) => {
		const attempt = (source: string, target: string) => launch(t, subject, rootfs, {
			args: ['true'], mounts: [...defaultMounts, {type: 'bind', source, target, flags: ['recursive', 'createTarget']}],
		}).report;
		t.regex(String(attempt('/etc/passwd', '/bin').message), /not a directory: Are you trying to mount a directory onto a file \(or vice-versa\)\?/);
		t.regex(String(attempt('/etc', '/bin/busybox').message), /not a directory: Are you trying/);
		t.is(attempt('/etc', '/bin/busybox')['exitCode'], 127);
		t.is(attempt('/no/such/source', '/x').message, 'invalid mount config for type "bind": bind source path does not exist: /no/such/source');
	});
});

test('tmpfs takes its options, and the mode of the directory it covers', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines, report} = await runShell(t, subject, rootfs, 'stat -c %a /tmp /private /var; df -k /private | tail -1 | awk "{print \\$2}"', {
			mounts: [...defaultMounts, {type: 'tmpfs', target: '/tmp'}, {type: 'tmpfs', target: '/private', flags: ['createTarget'], data: 'mode=700,size=1m'}, {type: 'tmpfs', target: '/var'}],
		});
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(lines, ['1777', '700', '755', '1024']);
		const {report: bad} = launch(t, subject, rootfs, {args: ['true'], mounts: [{type: 'tmpfs', target: '/tmp', data: 'size=many'}]});
		t.regex(String(bad.message), /size/);
		t.is(bad.kind, 'invalidParameter');
	});
});

test('an optional mount that fails is left out', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {exitCode, report} = await runShell(t, subject, rootfs, '[ ! -e /gone/x ]', {
			mounts: [...defaultMounts, {type: 'bind', source: '/no/such', target: '/gone', flags: ['optional', 'createTarget']}, {type: 'tmpfs', target: '/x', flags: ['optional'], data: 'bogus=1'}],
		});
		t.is(exitCode, 0, JSON.stringify(report));
	});
});

test('the built-in init reaps, passes signals on and gives the program\'s exit code', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines, exitCode} = await runShell(t, subject, rootfs, 'echo $$; (sleep 0.05 &) ; sleep 0.2; ps -o pid,comm,stat | grep -c Z; cat /proc/1/comm; exit 7', {flags: ['init']});
		t.not(lines[0], '1');
		t.is(lines[1], '0', 'no zombies');
		t.is(exitCode, 7);

		const container = launch(t, subject, rootfs, {args: ['sh', '-c', 'trap "exit 9" TERM; while :; do sleep 0.05; done'], flags: ['init']});
		const {pid} = await waitForStatus(container.plan.stateDir, 'running');
		await untilTrapped(pid);
		process.kill(pid, 'SIGTERM');
		t.is((await waitForStatus(container.plan.stateDir, 'exited')).exitCode, 9);
		const missing = launch(t, subject, rootfs, {args: ['nope'], flags: ['init']});
		t.is(missing.report['exitCode'], 127);
	});
});

test('oom_score_adj is the container\'s, or stays what a user may not lower', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await runShell(t, subject, rootfs, 'cat /proc/self/oom_score_adj', {oomScoreAdj: 321});
		t.deepEqual(lines, ['321']);
		const {report} = await runShell(t, subject, rootfs, 'true', {oomScoreAdj: -500});
		t.true(report.ok, JSON.stringify(report));
	});
});

test('starting what runs already is a conflict', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		t.true(container.report.ok);
		const {stateDir, socket} = container.plan;
		const second = launch(t, subject, rootfs, {args: ['sleep', '100'], stateDir, socket});
		t.is(second.report.kind, 'conflict');
		const refused = run(subject, 'delete', ['--state', container.plan.stateDir, '--socket', container.plan.socket]);
		t.is(refused.report.kind, 'conflict');
		const killed = run(subject, 'delete', ['--state', container.plan.stateDir, '--socket', container.plan.socket, '--force']);
		t.true(killed.report.ok, JSON.stringify(killed.report));
		t.is((await waitForStatus(container.plan.stateDir, 'exited')).exitCode, 137);
		t.true(launch(t, subject, rootfs, {args: ['true'], stateDir, socket}).report.ok, 'and it can be started again');
	});
});

test('create blocks before the program, start releases it', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sh', '-c', 'echo ran > /ran']}, 'create');
		t.true(container.report.ok, JSON.stringify(container.report));
		t.false(fs.existsSync(path.join(container.upper, 'ran')));
		const {report} = run(subject, 'start', ['--socket', container.plan.socket]);
		t.true(report.ok, JSON.stringify(report));
		await waitForStatus(container.plan.stateDir, 'exited');
		t.true(fs.existsSync(path.join(container.upper, 'ran')));
		t.is(run(subject, 'start', ['--socket', container.plan.socket]).report.kind, 'conflict');
	});
});

test('nothing survives a monitor that was killed', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sh', '-c', 'sleep 1000 & sleep 1000']});
		const {pid, monitorPid} = await waitForStatus(container.plan.stateDir, 'running');
		process.kill(monitorPid, 'SIGKILL');
		for (let attempt = 0; attempt < 500 && fs.existsSync(`/proc/${pid}`) && !/State:\sZ/.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')); attempt++) {
			await new Promise(resolve => {
				setTimeout(resolve, 10);
			});
		}

		t.true(!fs.existsSync(`/proc/${pid}`) || /State:\sZ/.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')));
	});
});

/** Waits until the program inside an init has set its trap: a handler for TERM in its child. */
async function untilTrapped(init: number): Promise<void> {
	for (let attempt = 0; attempt < 500; attempt++) {
		const children = fs.readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ').filter(Boolean);
		const caught = children.some(child => {
			try {
				return (BigInt(`0x${/SigCgt:\s(\w+)/.exec(fs.readFileSync(`/proc/${child}/status`, 'utf8'))![1]!}`) & (1n << 14n)) !== 0n;
			} catch {
				return false;
			}
		});
		if (caught) {
			return;
		}

		await new Promise(resolve => {
			setTimeout(resolve, 10);
		});
	}
}
