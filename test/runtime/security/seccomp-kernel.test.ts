/** The filters in the kernel of this machine: loaded for real, system calls made for real. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {capabilityMask, defaultCapabilitiesMask} from '../../../engine/runtime/security/capabilities.js';
import {compileSeccompProfile, defaultSeccompFilter} from '../../../engine/runtime/security/seccomp.js';
import {syscallTable} from '../../../engine/runtime/security/syscall-tables.js';
import {compileC} from '../../helpers/compile-c.js';

const [perm, fault, invalid, noSys] = [1, 14, 22, 38];

/** The errno of each call (0 when it worked) under the filter; undefined when it can't be tried here. */
function callUnder(t: ExecutionContext, filter: Buffer, calls: ReadonlyArray<readonly [string, ...Array<number | string>]>): string[] | undefined {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-seccomp-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	const program = path.join(folder, 'load');
	const reason = process.arch === 'x64' ? compileC('seccomp-load', program) : 'these calls are x86_64';
	if (reason !== undefined) {
		t.log(`skipped: ${reason}`);
		t.pass();
		return undefined;
	}

	fs.writeFileSync(path.join(folder, 'filter'), filter);
	const input = calls.map(([name, ...args]) => [syscallTable('x86_64').get(name) ?? name, ...args].join(' ')).join('\n');
	const {status, stdout, stderr} = spawnSync(program, [path.join(folder, 'filter')], {input: `${input}\n`, encoding: 'utf8'});
	t.is(status, 0, stderr);
	return stdout.trim().split('\n');
}

test('the kernel takes the default filter, and what docker refuses is refused', async t => {
	const calls: ReadonlyArray<readonly [readonly [string, ...Array<number | string>], number]> = [
		[['getpid'], 0],
		[['uname', 'page'], 0],
		[['unshare', 0x10_00_00_00], perm], // CLONE_NEWUSER
		[['mount', 0, 0, 0, 0, 0], perm],
		[['keyctl', 0, 0], perm],
		[['bpf', 0, 0, 0], perm],
		[['io_uring_setup', 1, 'page'], perm],
		[['socket', 40, 1, 0], perm], // AF_VSOCK
		[['socket', 38, 5, 0], perm], // AF_ALG
		[['socket', 1, 1, 0], 0],
		[['personality', 0x4_00_00], perm],
		[['personality', 0xff_ff_ff_ff], 0],
		[['clone3', 0, 0], noSys],
		[['clone', 0x10_00_00_11], perm],
		[['userfaultfd', 0x7f], perm],
		[['perf_event_open', 'page', 0, -1, -1, 0], perm],
		[['ptrace', 0x7f_ff, 1], 3],
		[['open', 0, 0], fault],
		[['setns', 0, 0], perm],
		[['1073741863'], noSys], // x32 getpid
		[['467', 0, 0], noSys], // open_tree_attr, newer than the profile
	];
	const results = callUnder(t, await defaultSeccompFilter(defaultCapabilitiesMask, 'x64'), calls.map(([call]) => call));
	if (results !== undefined) {
		t.deepEqual(results, calls.map(([, errno]) => String(errno)));
	}
});

test('CAP_SYS_ADMIN opens namespaces and clone3', async t => {
	const filter = await defaultSeccompFilter(defaultCapabilitiesMask | capabilityMask(['CAP_SYS_ADMIN']), 'x64');
	const results = callUnder(t, filter, [['clone3', 0, 0], ['unshare', 0], ['mount', 0, 1, 0, 0, 0], ['keyctl', 0, 0]]);
	if (results !== undefined) {
		t.deepEqual(results, [invalid, 0, fault, perm].map(String));
	}
});

test('a profile file: kill, errno and 64-bit comparisons in the kernel', async t => {
	const profile = {
		defaultAction: 'SCMP_ACT_ALLOW',
		syscalls: [
			{names: ['getppid'], action: 'SCMP_ACT_KILL_PROCESS'},
			{names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 99},
			{names: ['getpgid'], action: 'SCMP_ACT_ERRNO', errnoRet: 77, args: [{index: 1, value: 0x1_00_00_00_00, op: 'SCMP_CMP_GE'}, {index: 2, value: 5, op: 'SCMP_CMP_NE'}]},
		],
	};
	const filter = await compileSeccompProfile(JSON.stringify(profile), 0n, 'x64');
	const results = callUnder(t, filter!, [['getppid'], ['mkdir', 0, 0], ['getpgid', 0, 0x1_00_00_00_00, 4], ['getpgid', 0, 0x1_00_00_00_00, 5], ['getpgid', 0, 0xff_ff_ff_ff, 4]]);
	if (results !== undefined) {
		t.deepEqual(results, ['signal 31', '99', '77', '0', '0']);
	}
});
