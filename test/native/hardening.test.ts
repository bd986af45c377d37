/**
What a container must not get at: capabilities, masked and read-only paths, no_new_privs, the filter, the runtime's own program.
*/
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {capabilityMask, resolveCapabilities} from '../../engine/runtime/security/capabilities.js';
import {defaultSeccompFilter} from '../../engine/runtime/security/seccomp.js';
import {execShell, forEachSubject, launch, locateNative, runShell, waitForStatus} from '../helpers/native-container.js';
import {defaultMounts} from '../helpers/launch-plan.js';

const capabilityLines = 'grep -E "^Cap" /proc/self/status | awk "{print \\$2}"';

test('the capability sets are exactly the plan\'s', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const sets = resolveCapabilities();
		const hex = (mask: bigint) => mask.toString(16).padStart(16, '0');
		const {lines} = await runShell(t, subject, rootfs, capabilityLines);
		t.deepEqual(lines, [0n, sets.permitted, sets.effective, sets.bounding, 0n].map(hex), subject.name);
	});
});

test('ambient capabilities reach a program of another user, without them it has none', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const mask = capabilityMask(['CAP_NET_BIND_SERVICE']);
		const {lines} = await runShell(t, subject, rootfs, capabilityLines, {user: 'alice', capabilities: {bounding: mask, effective: mask, permitted: mask, inheritable: mask, ambient: mask}});
		t.deepEqual(lines, Array.from({length: 5}, () => '0000000000000400'));
		const none = await runShell(t, subject, rootfs, capabilityLines, {user: 'alice'});
		t.deepEqual(none.lines, ['0000000000000000', '0000000000000000', '0000000000000000', '00000000a80425fb', '0000000000000000']);
	}, ({name}) => name !== 'single id');
});

test('no plan record, no capability', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await runShell(t, subject, rootfs, capabilityLines, {capabilities: undefined as never});
		t.deepEqual(lines, Array.from({length: 5}, () => '0000000000000000'));
	});
});

test('no_new_privs is set when asked for and only then; the filter is loaded either way', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const seccomp = await defaultSeccompFilter();
		const line = 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | awk "{print \\$2}"; unshare -U true 2>&1; mount -t tmpfs x /tmp 2>&1';
		const {lines} = await runShell(t, subject, rootfs, line, {seccomp});
		t.deepEqual(lines.slice(0, 2), ['0', '2']);
		t.regex(lines[2]!, /Operation not permitted/);
		t.regex(lines[3]!, /permission denied|Operation not permitted/i);
		const {lines: restricted} = await runShell(t, subject, rootfs, line, {seccomp, flags: ['noNewPrivs']});
		t.deepEqual(restricted.slice(0, 2), ['1', '2']);
	});
});

test('the filter is loaded for other users without no_new_privs too', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {lines} = await runShell(t, subject, rootfs, 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | awk "{print \\$2}"', {seccomp: await defaultSeccompFilter(), user: 'alice'});
		t.deepEqual(lines, ['0', '2']);
	}, ({name}) => name !== 'single id');
});

test('masked paths are empty, read-only ones can\'t be written, and neither can be undone', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {stdout} = await runShell(t, subject, rootfs, `
			cat /proc/keys | wc -c; cat /proc/timer_list | wc -c; ls /sys/firmware | wc -l; ls /proc/acpi | wc -l
			echo 1 2>&1 > /proc/sys/kernel/domainname
			touch /sys/firmware/x 2>&1; umount /proc/keys 2>&1; umount -l /proc/sys 2>&1
			ls /hidden | wc -l; echo a 2>&1 > /fixed/file`, {
			masked: ['/proc/keys', '/proc/timer_list', '/sys/firmware', '/proc/acpi', '/hidden', '/no/such/path'],
			readonly: ['/proc/sys', '/fixed', '/nor/this'],
			mounts: [...defaultMounts, {type: 'tmpfs', target: '/fixed', flags: ['createTarget']}, {type: 'tmpfs', target: '/hidden', flags: ['createTarget']}],
		});
		t.deepEqual(stdout.split('\n').slice(0, 4).map(Number), [0, 0, 0, 0]);
		t.is(stdout.match(/Read-only file system/g)?.length, 3, stdout);
		t.is(stdout.match(/umount: can't (unmount|forcibly umount|remount)[^\n]*/g)?.length, 2, stdout);
	});
});

test('with all capabilities the masks still belong to the container alone', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const before = fs.readFileSync('/proc/self/mountinfo', 'utf8');
		const {exitCode, report} = await runShell(t, subject, rootfs, 'umount /sys/firmware; mkdir -p /m && mount -t tmpfs x /m', {capabilities: resolveCapabilities({privileged: true})});
		t.true(report.ok, JSON.stringify(report));
		t.is(exitCode, 0);
		t.is(fs.readFileSync('/proc/self/mountinfo', 'utf8'), before, 'nothing propagated to the host');
	});
});

test('the runtime\'s program can\'t be overwritten through /proc (CVE-2019-5736)', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const program = fs.readFileSync(locateNative());
		// The image's program is the runtime itself, by the link that leads to it while it starts.
		fs.symlinkSync('/proc/self/exe', path.join(rootfs, 'bin', 'self'));
		const entry = launch(t, subject, rootfs, {args: ['/bin/self']});
		if (entry.report.ok) {
			await waitForStatus(entry.plan.stateDir, 'exited');
		}

		// An init of ours lives on as pid 1: what it runs from must be sealed. All capabilities, and no filter.
		const {stdout} = await runShell(t, subject, rootfs, `
			readlink /proc/1/exe; echo evil 2>&1 > /proc/1/exe; head -c 4 /proc/1/exe | od -An -c`, {flags: ['init'], capabilities: resolveCapabilities({privileged: true})});
		t.regex(stdout, /memfd:tug-runtime \(deleted\)/);
		t.regex(stdout, /Operation not permitted|Text file busy|Permission denied/);
		t.regex(stdout, /E +L +F/);
		t.deepEqual(fs.readFileSync(locateNative()), program);
	});
});

test('exec\'s process is never the runtime for whoever looks from inside', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const watcher = launch(t, subject, rootfs, {
			args: ['sh', '-c', 'while :; do for p in /proc/[0-9]*; do l=$(readlink $p/exe 2>/dev/null); case "$l" in *busybox|"") ;; *) echo "seen $l";; esac; (echo evil > $p/exe) 2>/dev/null; done; done'],
			capabilities: resolveCapabilities({privileged: true}),
		});
		t.true(watcher.report.ok);
		await waitForStatus(watcher.plan.stateDir, 'running');
		for (let round = 0; round < 10; round++) {
			const {exitCode, report} = await execShell(subject, watcher, 'true');
			t.is(exitCode, 0, JSON.stringify(report));
		}

		const log = fs.readFileSync(watcher.plan.log!.path, 'utf8');
		t.notRegex(log.replaceAll('\\n', ''), /seen (?!\/memfd:tug-runtime)/);
		t.false(fs.readFileSync(locateNative()).subarray(0, 8).includes('evil'));
	});
});

test('a working directory by way of a leaked descriptor does not exist (CVE-2024-21626)', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		for (let fd = 3; fd < 16; fd++) {
			const {report} = launch(t, subject, rootfs, {args: ['true'], cwd: `/proc/self/fd/${fd}`});
			t.false(report.ok, `descriptor ${fd}`);
			t.regex(String(report.message), /chdir to cwd|outside of container|No such/i);
			const escape = launch(t, subject, rootfs, {args: ['true'], cwd: `/proc/self/fd/${fd}/../../..`});
			t.false(escape.report.ok, `descriptor ${fd} and up`);
		}
	});
});

test('the same for exec', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const container = launch(t, subject, rootfs, {args: ['sleep', '100']});
		for (let fd = 3; fd < 12; fd++) {
			const {report} = await execShell(subject, container, 'true', {cwd: `/proc/self/fd/${fd}`});
			t.false(report.ok, `descriptor ${fd}`);
		}
	});
});
