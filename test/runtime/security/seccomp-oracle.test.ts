import test from 'ava';
import fc from 'fast-check';
import {allCapabilitiesMask, capabilityMask, defaultCapabilitiesMask} from '../../../engine/runtime/security/capabilities.js';
import {applicableRules, compileSeccomp, type CompileOptions} from '../../../engine/runtime/security/seccomp-compile.js';
import {defaultProfile} from '../../../engine/runtime/security/seccomp-profile.js';
import {errnoNoSys, seccompReturn, type ArgumentComparison, type SeccompProfile} from '../../../engine/runtime/security/seccomp-rule.js';
import {syscallTable} from '../../../engine/runtime/security/syscall-tables.js';
import {auditArch, runFilter} from '../../helpers/bpf-machine.js';
import {runcRules, startOracle, type Oracle} from '../../helpers/seccomp-oracle.js';

const oracle = startOracle();
test.after.always(() => {
	if (typeof oracle !== 'string') {
		oracle.close();
	}
});

const noSys = seccompReturn.errno(errnoNoSys);
const interesting = [0n, 1n, 2n, 8n, 11n, 12n, 13n, 16n, 17n, 19n, 20n, 23n, 33n, 34n, 37n, 38n, 39n, 40n, 41n, 45n, 46n, 255n, 0x11n, 0x1_00_11n, 0x2_00_00n, 0x2_00_08n, 0x4_00_00n,
	0x2_00_00_00n, 0x10_00_00_00n, 0x7e_02_00_00n, 0x7f_ff_ff_ffn, 0x80_00_00_00n, 0xff_ff_ff_ffn, 0x1_00_00_00_00n, 0x1_00_00_00_01n, 0xff_ff_ff_ff_00_00_00_08n, 0xff_ff_ff_ff_ff_ff_ff_ffn];
const numbers = [...Array.from({length: 600}, (_, number) => number), 0x0f_00_01, 0x0f_00_02, 0x0f_00_05, 0x0f_00_06, 0x3f_ff_ff_ff];
const pairs = {x64: ['x86_64', 'x86'], arm64: ['aarch64', 'arm']} as const;

/** Every number with argument samples on every machine: ours against theirs, apart from what runc and we do on purpose. */
function differences(judge: Oracle, profile: SeccompProfile, options: CompileOptions, samples: ReadonlyArray<readonly bigint[]>, calls = numbers): string[] {
	const [native, compat] = pairs[options.architecture];
	const rules = applicableRules(profile, options);
	const ours = compileSeccomp(profile, options);
	const {filter: theirs, unknown} = judge.build(native, [compat], profile.defaultAction, runcRules(profile, rules));
	const wrong: string[] = [];
	for (const machine of [native, compat]) {
		const table = syscallTable(machine);
		const skipped = new Set(unknown.map(name => table.get(name)));
		const newest = Math.max(...rules.flatMap(({names}) => names.map(name => table.get(name) ?? -1)).filter(number => number < 0x0f_00_00));
		for (const nr of calls.filter(number => !skipped.has(number))) {
			for (const args of samples) {
				const shortArgs = machine === compat ? args.map(argument => argument & 0xff_ff_ff_ffn) : args;
				const data = {nr, arch: auditArch[machine], args: shortArgs};
				const isNewer = newest >= 0 && nr > newest && nr < 0x0f_00_00 && !letsPass(profile.defaultAction);
				const [got, wanted] = [runFilter(ours, data), isNewer ? noSys : runFilter(theirs, data)];
				if (got !== wanted) {
					wrong.push(`${machine} ${nr} (${shortArgs.join(', ')}): ${got.toString(16)}, libseccomp ${wanted.toString(16)}`);
				}
			}
		}
	}

	return wrong.slice(0, 20);
}

function letsPass(action: number): boolean {
	return ([seccompReturn.allow, seccompReturn.log, seccompReturn.trace] as number[]).includes(action & 0xff_ff_00_00);
}

const sets: Readonly<Record<string, bigint>> = {
	'docker\'s default capabilities': defaultCapabilitiesMask,
	'no capabilities': 0n,
	'all capabilities': allCapabilitiesMask,
	'CAP_SYS_ADMIN alone': capabilityMask(['CAP_SYS_ADMIN']),
	'CAP_SYS_PTRACE and CAP_SYS_TIME': capabilityMask(['CAP_SYS_PTRACE', 'CAP_SYS_TIME']),
};

for (const architecture of ['x64', 'arm64'] as const) {
	for (const [title, bounding] of Object.entries(sets)) {
		test(`the default profile decides like libseccomp: ${architecture}, ${title}`, t => {
			if (typeof oracle === 'string') {
				t.log(`skipped: ${oracle}`);
				t.pass();
				return;
			}

			const samples = [...interesting.map(value => [value, 0n, 0n, 0n, 0n, 0n]), ...interesting.slice(0, 6).map(value => [5n, value, value, value, value, value])];
			t.deepEqual(differences(oracle, defaultProfile, {bounding, architecture, kernelRelease: '6.1.0'}, samples), []);
		});
	}
}

test('before Linux 4.8 ptrace is not in the default profile', t => {
	const options = {bounding: defaultCapabilitiesMask, architecture: 'x64'} as const;
	const ptrace = {nr: syscallTable('x86_64').get('ptrace')!, arch: auditArch.x86_64, args: []};
	t.is(runFilter(compileSeccomp(defaultProfile, {...options, kernelRelease: '4.7.10-generic'}), ptrace), seccompReturn.errno(1));
	t.is(runFilter(compileSeccomp(defaultProfile, {...options, kernelRelease: '4.8-rc1'}), ptrace), seccompReturn.allow);
});

// Any rules, on a few calls of each kind: plain, multiplexed on x86, only on one machine. Not accept or semop, which 32-bit x86 has only multiplexed:
// libseccomp 2.5.4 leaves out the load of the number when such a rule comes first, and compares with the machine instead.
const names = ['read', 'write', 'getpid', 'personality', 'socket', 'bind', 'semget', 'mmap2', 'arch_prctl', 'clone'];
const value = fc.oneof(fc.constantFrom(...interesting), fc.bigInt({min: 0n, max: 0xff_ff_ff_ff_ff_ff_ff_ffn}));
const comparison = fc.record({index: fc.integer({min: 0, max: 5}), op: fc.constantFrom('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ' as const), value, valueTwo: value});
// Several rules for one call only as alternatives by equality: libseccomp makes one tree of them, and with other operators takes wrong turns in it
// (what those mean is tested by seccomp-compile.test.ts, against the words of the specification).
const conditions: fc.Arbitrary<ReadonlyArray<readonly ArgumentComparison[]>> = fc.oneof(
	fc.uniqueArray(comparison, {maxLength: 3, selector: ({index}) => index}).map(args => [args]),
	fc.tuple(fc.integer({min: 0, max: 5}), fc.uniqueArray(value, {minLength: 1, maxLength: 8})).map(([index, list]) => list.map(each => [{index, op: 'EQ', value: each, valueTwo: 0n}] as const)),
);
const rules = fc.uniqueArray(fc.record({name: fc.constantFrom(...names), conditions}), {minLength: 1, maxLength: 6, selector: ({name}) => name})
	.map(list => list.flatMap(each => each.conditions.map(args => ({names: [each.name], args}))));

test('any profile decides like libseccomp', t => {
	if (typeof oracle === 'string') {
		t.log(`skipped: ${oracle}`);
		t.pass();
		return;
	}

	const argument = fc.array(value, {minLength: 6, maxLength: 6});
	const action = fc.constantFrom(seccompReturn.errno(7), seccompReturn.trap, seccompReturn.trace | 5, seccompReturn.log, seccompReturn.killProcess);
	fc.assert(
		fc.property(rules, fc.array(argument, {minLength: 5, maxLength: 20}), action, fc.boolean(), (list, samples, special, isDenyList) => {
			const profile: SeccompProfile = {
				defaultAction: isDenyList ? seccompReturn.allow : special,
				architectures: ['SCMP_ARCH_X86'],
				rules: list.map(each => ({...each, action: isDenyList ? special : seccompReturn.allow})),
			};
			const edges = list.flatMap(({args}) => args.flatMap(({value: edge}) => [edge - 1n, edge, edge + 1n])).filter(edge => edge >= 0n && edge < 1n << 64n);
			const all = [...samples, ...edges.map(edge => [edge, edge, edge, edge, edge, edge])];
			const calls = [...names.flatMap(name => [syscallTable('x86_64').get(name) ?? 0, syscallTable('x86').get(name) ?? 0]), 102, 117, 999];
			const found = differences(oracle, profile, {bounding: 0n, architecture: 'x64', kernelRelease: '6.1'}, all, calls);
			if (found.length > 0) {
				throw new Error(found.join('\n'));
			}
		}),
		{numRuns: 150, includeErrorInReport: true},
	);
	t.pass();
});

test('our tables agree with libseccomp and the kernel headers', t => {
	// Names both know: a table with a wrong number shows as a difference of an otherwise empty filter.
	if (typeof oracle === 'string') {
		t.log(`skipped: ${oracle}`);
		t.pass();
		return;
	}

	for (const architecture of ['x64', 'arm64'] as const) {
		const [native, compat] = pairs[architecture];
		// ARM's header has two names for one call; libseccomp takes one of them for none of ARM's.
		const all = [...new Set([...syscallTable(native).keys(), ...syscallTable(compat).keys()])].filter(name => name !== 'sync_file_range2');
		for (const half of [0, 1]) {
			const profile: SeccompProfile = {
				defaultAction: seccompReturn.killProcess,
				architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_ARM'],
				rules: [{names: all.filter((_, index) => index % 2 === half), action: seccompReturn.allow}],
			};
			t.deepEqual(differences(oracle, profile, {bounding: 0n, architecture}, [[0n, 0n, 0n, 0n, 0n, 0n]]), []);
		}
	}
});
