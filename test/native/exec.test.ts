/**
Entering a running container, and terminals, in containers and execs.
*/
import fs from 'node:fs';
import net from 'node:net';
import test from 'ava';
import {encodeFrame, frameType} from '../../engine/runtime/monitor-protocol.js';
import {resolveCapabilities} from '../../engine/runtime/security/capabilities.js';
import {defaultSeccompFilter} from '../../engine/runtime/security/seccomp.js';
import {encodePlan} from '../../engine/runtime/plan.js';
import {execShell, forEachSubject, launch, readStatus, runShell, waitForEnd, waitForStatus} from '../helpers/native-container.js';
import {run} from '../helpers/native-trees.js';

test('exec sees what the container sees', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100'], hostname: 'inside'});
		const {lines, exitCode} = await execShell(subject, container, 'hostname; for n in mnt pid net ipc uts cgroup; do [ "$(readlink /proc/1/ns/$n)" = "$(readlink /proc/self/ns/$n)" ] || echo other $n; done; cat /proc/1/comm; pwd; exit 5');
		t.deepEqual(lines, ['inside', 'sleep', '/']);
		t.is(exitCode, 5);
	});
});

test('exec enters only what is not the host\'s', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100'], hostname: undefined as never, namespaces: [{kind: 'mount'}, {kind: 'pid'}, {kind: 'ipc'}]});
		t.true(container.report.ok, JSON.stringify(container.report));
		const {lines, report} = await execShell(subject, container, 'readlink /proc/self/ns/net; cat /proc/1/comm');
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(lines, [fs.readlinkSync('/proc/self/ns/net'), 'sleep']);
	});
});

test('exec has its own user, directory, environment, capabilities and filter', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		const privileged = await execShell(subject, container, 'grep CapBnd /proc/self/status; pwd; echo $COLOUR; grep Seccomp: /proc/self/status', {
			capabilities: resolveCapabilities({drop: ['ALL'], add: ['CHOWN']}), cwd: '/home/alice', env: ['COLOUR=blue', 'PATH=/bin'], seccomp: await defaultSeccompFilter(),
		});
		t.deepEqual(privileged.lines, ['CapBnd:\t0000000000000001', '/home/alice', 'blue', 'Seccomp:\t2']);
		if (subject.name === 'single id') {
			const {report} = await execShell(subject, container, 'id', {user: 'alice'});
			t.regex(String(report.message), /user alice does not exist here: only root is mapped.*apt install uidmap/);
		} else {
			t.deepEqual((await execShell(subject, container, 'id -u; id -G; echo $HOME', {user: 'alice'})).lines, ['1000', '1000 29 44', '/home/alice']);
		}
	});
});

test('exec reports programs that can\'t be run', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		const missing = await execShell(subject, container, '', {args: ['nope']});
		t.deepEqual([missing.report['exitCode'], missing.report.message], [127, 'exec: "nope": executable file not found in $PATH']);
		const directory = await execShell(subject, container, '', {args: ['/bin']});
		t.deepEqual([directory.report['exitCode'], directory.report.message], [126, 'exec: "/bin": is a directory']);
		const nowhere = await execShell(subject, container, 'true', {cwd: '/nowhere'});
		t.is(nowhere.report.message, 'chdir to cwd ("/nowhere") set in config.json failed: no such file or directory');
	});
});

test('exec into another process with the same number, or one that has ended, is refused', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		const {pid, startTicks} = await waitForStatus(container.plan.stateDir, 'running');
		const reused = await execShell(subject, container, 'true', {target: {pid, startTicks: BigInt(startTicks + 1)}});
		t.deepEqual([reused.report.kind, reused.report.message], ['conflict', 'the container is not running']);
		t.true(run(subject, 'delete', ['--state', container.plan.stateDir, '--socket', container.plan.socket, '--force']).report.ok);
		const ended = await execShell(subject, container, 'true', {target: {pid, startTicks: BigInt(startTicks)}});
		t.is(ended.report.kind, 'conflict');
	});
});

test('exec works while the sandbox that made the container is gone', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		const {pid} = run(subject, 'sandbox', ['status']).report as unknown as {pid: number};
		process.kill(pid, 'SIGKILL');
		const {lines, report} = await execShell(subject, container, 'echo still here');
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(lines, ['still here']);
	}, ({name}) => name !== 'root');
});

test('a process of an exec dies with the container, and with its monitor', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		const {report, status} = await execShell(subject, container, 'sleep 1000 > /dev/null 2>&1 & echo $!');
		t.true(report.ok);
		t.is(status.exitCode, 0);
		const plan = {...container.plan};
		t.true(run(subject, 'delete', ['--state', plan.stateDir, '--socket', plan.socket, '--force']).report.ok);
		const {stdout} = await runShell(t, subject, rootfs, 'ps | grep -c "[s]leep 1000"');
		t.is(stdout, '0\n');
	});
});

test('a terminal is the controlling one, has the size that was asked for, and /dev/console is it', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {stdout, report} = await runShell(t, subject, rootfs, 'tty; stty size; [ /dev/console -ef $(tty) ]; echo console $?; echo to the tty > /dev/tty; stat -c %u $(tty)', {flags: ['tty', 'openStdin'], ttySize: {rows: 33, columns: 111}});
		t.true(report.ok, JSON.stringify(report));
		t.deepEqual(stdout.replaceAll('\r', '').trim().split('\n').filter(line => !line.startsWith('console')), ['/dev/pts/0', '33 111', 'to the tty', '0']);
	});
});

test('a terminal belongs to the user of the program', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {stdout} = await runShell(t, subject, rootfs, 'stat -c %u:%a $(tty); echo ok > $(tty)', {flags: ['tty'], user: 'alice'});
		t.is(stdout.replaceAll('\r', ''), '1000:620\nok\n');
	}, ({name}) => name !== 'single id');
});

test('exec\'s terminal is one of the container\'s devpts, and the kernel\'s keys work in it', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100'], flags: ['tty']});
		const session = await execShell(subject, container, 'tty; stty size', {flags: ['tty'], ttySize: {rows: 10, columns: 20}});
		t.deepEqual(session.stdout.replaceAll('\r', '').trim().split('\n'), ['/dev/pts/1', '10 20']);
	});
});

test('exec refuses a terminal from something that is no devpts', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {
			args: ['sh', '-c', 'umount /dev/pts; mkdir -p /dev/pts; mount -t tmpfs fake /dev/pts; mknod /dev/pts/ptmx p; sleep 100'], capabilities: resolveCapabilities({privileged: true}),
		});
		await waitForStatus(container.plan.stateDir, 'running');
		for (let attempt = 0; attempt < 200 && !fs.existsSync(`/proc/${readStatus(container.plan.stateDir).pid}/root/dev/pts/ptmx`); attempt++) {
			await new Promise(resolve => {
				setTimeout(resolve, 10);
			});
		}

		const {report} = await execShell(subject, container, 'true', {flags: ['tty']});
		t.false(report.ok);
		t.regex(String(report.message), /devpts|multiplexer|\/dev\/pts/);
	});
});

test('ctrl-c and ctrl-d typed into a terminal reach the program', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sh', '-c', 'trap "echo interrupted" INT; echo ready; cat; echo line ended; cat; echo over'], flags: ['tty', 'openStdin']}, 'create');
		t.true(container.report.ok, JSON.stringify(container.report));
		const output = await converse(container.plan.socket, ['ready', 'line ended'], ['\u0003', '\u0004']);
		t.regex(output, /ready[\s\S]*interrupted[\s\S]*line ended[\s\S]*over/);
		t.is((await waitForEnd(container)).exitCode, 0);
	}, ({prefix}) => prefix.length === 0); // A monitor talks to its own user only.
});

test('exec plans must not carry a file system', async t => {
	await forEachSubject(t, (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		const {plan} = container;
		const bytes = encodePlan({...plan, kind: 'container'});
		t.is(run(subject, 'exec', [], {input: bytes}).report.message, 'exec: the plan is of another kind');
	});
});

/** Attaches, starts, and types a key once the text before it was seen, again and again until the next text comes: the program may not be reading yet. */
async function converse(socketPath: string, seen: readonly string[], keys: readonly string[]): Promise<string> {
	const socket = net.connect(socketPath);
	socket.write(Buffer.concat([encodeFrame(frameType.attach, Buffer.from([7])), encodeFrame(frameType.start)]));
	let buffered = Buffer.alloc(0);
	let output = '';
	const typing = setInterval(() => {
		const step = seen.filter(text => output.includes(text)).length;
		if (step > 0 && socket.writable) {
			socket.write(encodeFrame(frameType.stdin, Buffer.from(keys[step - 1]!)));
		}
	}, 300);
	return new Promise(resolve => {
		socket.on('data', chunk => {
			buffered = Buffer.concat([buffered, chunk]);
			while (buffered.length >= 8 && buffered.length >= 8 + buffered.readUInt32BE(4)) {
				const length = buffered.readUInt32BE(4);
				if (buffered[0] === frameType.stdout) {
					output += buffered.subarray(8, 8 + length).toString();
				}

				if (buffered[0] === frameType.exit) {
					socket.end();
				}

				buffered = buffered.subarray(8 + length);
			}
		});
		socket.on('error', () => {}); // A key it did not read any more
		socket.once('close', () => {
			clearInterval(typing);
			resolve(output);
		});
	});
}
