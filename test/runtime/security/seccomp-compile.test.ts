import test from 'ava';
import fc from 'fast-check';
import {isEngineError} from '../../../engine/errors.js';
import {allCapabilitiesMask, capabilityMask, defaultCapabilitiesMask} from '../../../engine/runtime/security/capabilities.js';
import {compileSeccomp} from '../../../engine/runtime/security/seccomp-compile.js';
import {defaultProfile} from '../../../engine/runtime/security/seccomp-profile.js';
import {seccompReturn, type ArgumentComparison, type SeccompProfile} from '../../../engine/runtime/security/seccomp-rule.js';
import {compileSeccompProfile, defaultSeccompFilter} from '../../../engine/runtime/security/seccomp.js';
import {syscallTable} from '../../../engine/runtime/security/syscall-tables.js';
import {auditArch, runFilter} from '../../helpers/bpf-machine.js';

const {allow} = seccompReturn;
const perm = seccompReturn.errno(1);
const noSys = seccompReturn.errno(38);

function decide(filter: Buffer, name: string, args: readonly bigint[] = [], machine: 'x86_64' | 'x86' = 'x86_64'): number {
	return runFilter(filter, {nr: syscallTable(machine).get(name)!, arch: auditArch[machine], args});
}

test('the filter made at build time is the one compiled now', async t => {
	for (const architecture of ['x64', 'arm64'] as const) {
		t.deepEqual(await defaultSeccompFilter(defaultCapabilitiesMask, architecture), compileSeccomp(defaultProfile, {bounding: defaultCapabilitiesMask, architecture}));
	}
});

test('the default filter lets through and refuses what docker\'s does', async t => {
	const filter = await defaultSeccompFilter(defaultCapabilitiesMask, 'x64');
	for (const name of ['read', 'execve', 'chroot', 'mknod', 'ptrace', 'rseq', 'fchmodat2', 'removexattrat', 'statmount']) {
		t.is(decide(filter, name), allow, name);
	}

	for (const name of ['mount', 'umount2', 'unshare', 'setns', 'keyctl', 'add_key', 'request_key', 'bpf', 'reboot', 'kexec_load', 'init_module', 'io_uring_setup', 'userfaultfd', 'perf_event_open', 'swapon', 'open_by_handle_at', 'pivot_root', 'acct', 'iopl', 'nfsservctl', 'move_pages', 'lookup_dcookie', 'quotactl', 'fsopen', 'open_tree', 'move_mount']) {
		t.is(decide(filter, name), perm, name);
	}

	t.is(decide(filter, 'clone3'), noSys);
	t.is(decide(filter, 'clone', [0x1_20_01_11n]), allow);
	t.is(decide(filter, 'clone', [0x10_00_00_11n]), perm);
	t.is(decide(filter, 'socket', [1n]), allow);
	t.is(decide(filter, 'socket', [10n]), allow);
	t.is(decide(filter, 'socket', [16n]), allow);
	t.is(decide(filter, 'socket', [38n]), perm);
	t.is(decide(filter, 'socket', [40n]), perm);
	t.is(decide(filter, 'socket', [0x1_00_00_00_01n]), perm);
	t.is(decide(filter, 'personality', [0xff_ff_ff_ffn]), allow);
	t.is(decide(filter, 'personality', [0x4_00_00n]), perm);
});

test('a call newer than the profile answers ENOSYS, so that programs fall back', async t => {
	const filter = await defaultSeccompFilter(defaultCapabilitiesMask, 'x64');
	t.is(runFilter(filter, {nr: 467, arch: auditArch.x86_64, args: []}), noSys);
	t.is(runFilter(filter, {nr: 9999, arch: auditArch.x86, args: []}), noSys);
	t.is(runFilter(filter, {nr: 400, arch: auditArch.x86_64, args: []}), perm);
});

test('x32 is refused and foreign machines are killed', async t => {
	const filter = await defaultSeccompFilter(defaultCapabilitiesMask, 'x64');
	t.is(runFilter(filter, {nr: 0x40_00_00_00, arch: auditArch.x86_64, args: []}), noSys);
	t.is(runFilter(filter, {nr: 0, arch: auditArch.aarch64, args: []}), seccompReturn.killThread);
	t.is(decide(filter, 'read', [], 'x86'), allow);
	t.is(decide(filter, 'mount', [], 'x86'), perm);
});

test('capabilities open what docker opens for them', async t => {
	const admin = await defaultSeccompFilter(defaultCapabilitiesMask | capabilityMask(['CAP_SYS_ADMIN']), 'x64');
	for (const name of ['mount', 'unshare', 'clone3', 'bpf', 'fsopen']) {
		t.is(decide(admin, name), allow, name);
	}

	t.is(decide(admin, 'clone', [0x10_00_00_11n]), allow);
	t.is(decide(admin, 'keyctl'), perm);
	t.is(decide(await defaultSeccompFilter(0n, 'x64'), 'chroot'), perm);
	t.is(decide(await defaultSeccompFilter(allCapabilitiesMask, 'x64'), 'reboot'), allow);
});

test('a machine without tables is told apart', async t => {
	const error = await t.throwsAsync(defaultSeccompFilter(defaultCapabilitiesMask, 'riscv64'));
	t.true(isEngineError(error, 'notImplemented'));
});

test('the filter is short and its jumps stay inside', async t => {
	const filter = await defaultSeccompFilter(defaultCapabilitiesMask, 'x64');
	t.true(filter.length / 8 < 1000, `${filter.length / 8} instructions`);
	for (let at = 0; at < filter.length; at += 8) {
		const code = filter.readUInt16LE(at);
		if ((code & 7) === 5 && code !== 5) {
			t.true(at / 8 + 1 + Math.max(filter[at + 2]!, filter[at + 3]!) < filter.length / 8);
		}
	}
});

/** What the words of the OCI specification mean, said plainly. */
function holds({index, op, value, valueTwo}: ArgumentComparison, args: readonly bigint[]): boolean {
	const argument = args[index]!;
	switch (op) {
		case 'NE': {
			return argument !== value;
		}

		case 'LT': {
			return argument < value;
		}

		case 'LE': {
			return argument <= value;
		}

		case 'EQ': {
			return argument === value;
		}

		case 'GE': {
			return argument >= value;
		}

		case 'GT': {
			return argument > value;
		}

		case 'MASKED_EQ': {
			return (argument & value) === (valueTwo & value);
		}
	}
}

const word = fc.oneof(fc.bigInt({min: 0n, max: 0xff_ff_ff_ff_ff_ff_ff_ffn}), fc.bigInt({min: 0n, max: 40n}), fc.constantFrom(0xff_ff_ff_ffn, 0x1_00_00_00_00n, 0xff_ff_ff_ff_00_00_00_00n, 0xff_ff_ff_ff_ff_ff_ff_ffn));
const comparison = fc.record({index: fc.integer({min: 0, max: 5}), op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ' as const), value: word, valueTwo: word});

test('any comparisons mean what the specification says: different arguments together, the same argument either way', t => {
	const rule = fc.record({args: fc.array(comparison, {minLength: 1, maxLength: 6}), action: fc.constantFrom(seccompReturn.errno(5), seccompReturn.trap, seccompReturn.log)});
	fc.assert(
		fc.property(fc.array(rule, {minLength: 1, maxLength: 60}), fc.array(fc.array(word, {minLength: 6, maxLength: 6}), {minLength: 1, maxLength: 20}), (rules, samples) => {
			const profile: SeccompProfile = {defaultAction: allow, architectures: [], rules: rules.map(each => ({...each, names: ['getpid']}))};
			const filter = compileSeccomp(profile, {bounding: 0n, architecture: 'x64'});
			const edges = rules.flatMap(({args}) => args.flatMap(({value}) => [value - 1n, value, value + 1n])).filter(edge => edge >= 0n && edge < 1n << 64n);
			for (const args of [...samples, ...edges.map(edge => [edge, edge, edge, edge, edge, edge])]) {
				const matching = rules.find(each => {
					const isRepeated = new Set(each.args.map(({index}) => index)).size < each.args.length;
					return isRepeated ? each.args.some(one => holds(one, args)) : each.args.every(one => holds(one, args));
				});
				if (decide(filter, 'getpid', args) !== (matching?.action ?? allow)) {
					throw new Error(`(${args.join(', ')}): ${decide(filter, 'getpid', args).toString(16)}`);
				}
			}
		}),
		{numRuns: 200, includeErrorInReport: true},
	);
	t.pass();
});

const profileJson = (rule: Readonly<Record<string, unknown>>, rest: Readonly<Record<string, unknown>> = {}) =>
	JSON.stringify({defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{names: ['getpid'], action: 'SCMP_ACT_ERRNO', ...rule}], ...rest});

test('actions and errno values of a profile file', async t => {
	const cases: ReadonlyArray<readonly [Record<string, unknown>, number]> = [
		[{action: 'SCMP_ACT_ERRNO'}, perm],
		[{action: 'SCMP_ACT_ERRNO', errnoRet: 13}, seccompReturn.errno(13)],
		[{action: 'SCMP_ACT_ERRNO', errnoRet: 0}, seccompReturn.errno(0)],
		[{action: 'SCMP_ACT_KILL'}, seccompReturn.killThread],
		[{action: 'SCMP_ACT_KILL_PROCESS'}, seccompReturn.killProcess],
		[{action: 'SCMP_ACT_TRAP'}, seccompReturn.trap],
		[{action: 'SCMP_ACT_LOG'}, seccompReturn.log],
		[{action: 'SCMP_ACT_TRACE', errnoRet: 9}, seccompReturn.trace | 9],
		[{action: 'SCMP_ACT_ALLOW'}, allow],
	];
	for (const [rule, wanted] of cases) {
		const filter = await compileSeccompProfile(profileJson(rule), 0n, 'x64');
		t.is(decide(filter!, 'getpid'), wanted, JSON.stringify(rule));
		t.is(decide(filter!, 'getppid'), allow);
	}

	const strict = await compileSeccompProfile(JSON.stringify({defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 95, syscalls: [{name: 'removexattrat', action: 'SCMP_ACT_ALLOW'}]}), 0n, 'x64');
	t.is(decide(strict!, 'getpid'), seccompReturn.errno(95));
});

test('64-bit values of a profile file keep all their digits', async t => {
	const json = profileJson({}).replace('"action":"SCMP_ACT_ERRNO"', '"action":"SCMP_ACT_ERRNO","args":[{"index":1,"value":18446744073709551615,"valueTwo":9223372036854775809,"op":"SCMP_CMP_MASKED_EQ"}]');
	const filter = await compileSeccompProfile(json, 0n, 'x64');
	t.is(decide(filter!, 'getpid', [0n, 0x80_00_00_00_00_00_00_01n]), perm);
	t.is(decide(filter!, 'getpid', [0n, 0x80_00_00_00_00_00_00_00n]), allow);
});

test('architectures, archMap and conditions of a profile file', async t => {
	const x86 = await compileSeccompProfile(profileJson({}, {architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_MIPS']}), 0n, 'x64');
	t.is(decide(x86!, 'getpid', [], 'x86'), perm);
	const native = await compileSeccompProfile(profileJson({}), 0n, 'x64');
	t.is(decide(native!, 'getpid', [], 'x86'), seccompReturn.killThread);
	const map = {archMap: [{architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86']}]};
	t.is(decide((await compileSeccompProfile(profileJson({}, map), 0n, 'x64'))!, 'getpid', [], 'x86'), perm);

	const chroot = capabilityMask(['CAP_SYS_CHROOT']);
	const applies = async (rule: Record<string, unknown>) => decide((await compileSeccompProfile(profileJson(rule), chroot, 'x64'))!, 'getpid') === perm;
	t.true(await applies({includes: {caps: ['CAP_SYS_CHROOT']}}));
	t.false(await applies({includes: {caps: ['CAP_SYS_CHROOT', 'CAP_KILL']}}));
	t.false(await applies({includes: {caps: ['CAP_OF_THE_FUTURE']}}));
	t.false(await applies({excludes: {caps: ['CAP_SYS_CHROOT', 'CAP_KILL']}}));
	t.true(await applies({excludes: {caps: ['CAP_KILL']}}));
	t.true(await applies({includes: {arches: ['amd64']}}));
	t.false(await applies({includes: {arches: ['arm64']}}));
	t.false(await applies({excludes: {arches: ['amd64', 'x32']}}));
	t.true(await applies({includes: {minKernel: '4.8'}}));
	t.false(await applies({includes: {minKernel: '200.0'}}));
	t.false(await applies({excludes: {minKernel: '4.8'}}));
});

test('an empty profile filters nothing', async t => {
	t.is(await compileSeccompProfile('{}', 0n, 'x64'), undefined);
	t.is(await compileSeccompProfile('{"syscalls": null}', 0n, 'x64'), undefined);
});

const bad: ReadonlyArray<readonly [string, string, RegExp]> = [
	['no JSON', '{"defaultAction":', /Decoding seccomp profile failed/],
	['no object', '[]', /is not an object/],
	['an unknown action', profileJson({action: 'SCMP_ACT_BLESS'}), /unknown action "SCMP_ACT_BLESS"/],
	['no action', profileJson({action: 7}), /action is not a string/],
	['an unknown operator', profileJson({args: [{index: 0, value: 1, op: 'SCMP_CMP_LIKE'}]}), /unknown comparison/],
	['an index too high', profileJson({args: [{index: 6, value: 1, op: 'SCMP_CMP_EQ'}]}), /argument index 6 is above 5/],
	['a negative value', profileJson({args: [{index: 0, value: -1, op: 'SCMP_CMP_EQ'}]}), /value is not an unsigned/],
	['a value beyond 64 bits', profileJson({}).replace('"action"', '"args":[{"index":0,"op":"SCMP_CMP_EQ","value":18446744073709551616}],"action"'), /value is not an unsigned/],
	['name and names', profileJson({name: 'read'}), /both 'name' and 'names'/],
	['architectures and archMap', profileJson({}, {architectures: ['SCMP_ARCH_X86'], archMap: [{architecture: 'SCMP_ARCH_X86_64'}]}), /both 'architectures' and 'archMap'/],
	['a bad kernel version', profileJson({includes: {minKernel: '4'}}), /invalid kernel version: "4"/],
	['names that are no list', profileJson({names: 'read'}), /names is not a list/],
];
for (const [title, json, message] of bad) {
	test(`a profile file with ${title} is refused`, async t => {
		const error = await t.throwsAsync(compileSeccompProfile(json, 0n, 'x64'), {message});
		t.true(isEngineError(error, 'invalidParameter'));
	});
}

test('a profile the kernel could not take is refused', async t => {
	const args = Array.from({length: 700}, (_, value) => ({index: value % 6, value, op: 'SCMP_CMP_GE'}));
	const error = await t.throwsAsync(compileSeccompProfile(profileJson({args}), 0n, 'x64'), {message: /too long: \d+ instructions/});
	t.true(isEngineError(error, 'invalidParameter'));
});

test('notification is not offered', async t => {
	const error = await t.throwsAsync(compileSeccompProfile(profileJson({action: 'SCMP_ACT_NOTIFY'}), 0n, 'x64'));
	t.true(isEngineError(error, 'notImplemented'));
});
