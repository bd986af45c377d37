/** Root is kept off the host's devices, or told that it is not. */
import {execFileSync} from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {runAttached} from '../conformance/behaviour.js';
import {containerLab} from '../helpers/container-lab.js';

const look = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'device-guard-look.js');

type Look = {
	readonly enforces: {readonly Limits: readonly string[]; readonly Devices: string};
	readonly infoWarnings: readonly string[];
	readonly warnings: readonly string[];
	readonly exitCode: number;
	readonly withRule: string;
	readonly withNarrowDevice: string;
	readonly privileged: string;
};

const isRoot = process.getuid!() === 0;

test('root that may make no control groups is told so, and rules are refused', async t => {
	if (!isRoot) {
		t.log('skipped: only root needs a guard');
		t.pass();
		return;
	}

	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	// In a mount namespace of its own whose control groups are all read-only.
	const script = 'mount --make-rprivate / && grep -E " - cgroup2? " /proc/self/mountinfo | cut -d" " -f5 | while read -r place; do mount -o remount,bind,ro "$place" || exit 1; done && exec "$@"';
	let output: string;
	try {
		output = execFileSync('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, look, lab.root, lab.run], {encoding: 'utf8'});
	} catch (error) {
		t.log(`skipped: ${(error as Error).message}`);
		t.pass();
		return;
	}

	const seen = JSON.parse(output) as Look;
	const warning = 'Root in a container is not kept off this host\'s devices: no cgroups are mounted for writing';
	t.deepEqual(seen.enforces, {Limits: [], Devices: 'none'});
	t.true(seen.infoWarnings.some(text => text.startsWith(warning)));
	t.is(seen.warnings.length, 1);
	t.true(seen.warnings[0]!.startsWith(warning));
	t.is(seen.exitCode, 6);
	t.is(seen.withRule, '--device-cgroup-rule can\'t be enforced here: no cgroups are mounted for writing');
	t.is(seen.withNarrowDevice, '--device /dev/null:/dev/n:r can\'t be enforced here: no cgroups are mounted for writing');
	t.is(seen.privileged, 'made');
});

test('a device cgroup rule allows what no container may else, and no more', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	const {engine} = lab;
	const {Enforces, Warnings} = await engine.info();
	if (Enforces?.Devices === 'namespace') {
		t.like(await t.throwsAsync(engine.createContainer({Image: 'busybox', HostConfig: {DeviceCgroupRules: ['c 1:11 r']}})), {kind: 'invalidParameter', code: 'limitNotEnforceable'});
		return;
	}

	if (Enforces?.Devices === 'none') {
		t.log(`skipped: ${Warnings.join('; ')}`);
		t.pass();
		return;
	}

	// The kernel's log, which is not among docker's defaults: opened for writing, not written to.
	const Cmd = ['sh', '-c', 'mknod /k c 1 11 && (: >> /k) 2>&1 | grep -c "not permitted"'];
	const run = async (DeviceCgroupRules?: string[]) => {
		const {Id, Warnings: warnings} = await engine.createContainer({Image: 'busybox', Cmd, ...(DeviceCgroupRules === undefined ? {} : {HostConfig: {DeviceCgroupRules}})});
		t.deepEqual(warnings, []);
		t.deepEqual((await engine.inspectContainer(Id)).HostConfig.DeviceCgroupRules ?? undefined, DeviceCgroupRules);
		return (await runAttached(engine, Id)).stdout;
	};

	t.is(await run(), '1\n');
	t.is(await run(['c 1:11 r']), '1\n');
	t.is(await run(['c 1:12 rwm', 'b 1:11 rwm']), '1\n');
	t.is(await run(['c 1:11 w']), '0\n');
	t.is(await run(['c *:* rw']), '0\n');
	t.is(await run(['a 1:* rw']), '0\n');
});
