/**
Profile → filter. The rules of docker (daemon: conditions), runc (repeated arguments are alternatives, ENOSYS for what is newer than the profile)
and libseccomp (multiplexed calls of 32-bit x86, an unconditional rule beats conditional ones) in one pass.
*/
import os from 'node:os';
import {EngineError} from '../../errors.js';
import {
	architectureOffset, encode, ifArguments, ifAtLeast, ifEqual, load, rangesOf, rangeTree, returnAction, syscallNumberOffset, withSmallArgument, type Block,
} from './bpf.js';
import {errnoNoSys, seccompReturn, type ArgumentComparison, type RuleCondition, type SeccompProfile, type SeccompReturn, type SeccompRule} from './seccomp-rule.js';
import {multiplexedCall} from './multiplexed-calls.js';
import {syscallTable, type SyscallTable, type TableName} from './syscall-tables.js';

export type CompileOptions = {
	/** The container's bounding set. */
	readonly bounding: bigint;
	readonly architecture: 'x64' | 'arm64';
	/** Default: this machine's, `os.release()`. */
	readonly kernelRelease?: string;
};

type Machine = {readonly table: TableName; readonly auditArch: number; readonly wide: boolean; readonly scmpName: string};

type Family = {readonly dockerName: string; readonly native: Machine; readonly compat: Machine};

const families: Readonly<Record<CompileOptions['architecture'], Family>> = {
	x64: {
		dockerName: 'amd64',
		native: {table: 'x86_64', auditArch: 0xc0_00_00_3e, wide: true, scmpName: 'SCMP_ARCH_X86_64'},
		compat: {table: 'x86', auditArch: 0x40_00_00_03, wide: false, scmpName: 'SCMP_ARCH_X86'},
	},
	arm64: {
		dockerName: 'arm64',
		native: {table: 'aarch64', auditArch: 0xc0_00_00_b7, wide: true, scmpName: 'SCMP_ARCH_AARCH64'},
		compat: {table: 'arm', auditArch: 0x40_00_00_28, wide: false, scmpName: 'SCMP_ARCH_ARM'},
	},
};

export const architectures = Object.keys(families) as ReadonlyArray<CompileOptions['architecture']>;

const longestFilter = 4096; // BPF_MAXINSNS
const x32Bit = 0x40_00_00_00;
/** ARM's private calls (cacheflush, set_tls) lie far above the others and say nothing about how new a profile is. */
const armPrivateCalls = 0x0f_00_00;

/**
An array of `struct sock_filter`. A process of another machine than the profile's is killed, as libseccomp does. x32 is refused with ENOSYS whatever the profile says: no
distribution uses it, and it doubles the surface. Throws `invalidParameter` when the filter is longer than the kernel takes.
*/
export function compileSeccomp(profile: SeccompProfile, options: CompileOptions): Buffer {
	const family = families[options.architecture];
	const rules = applicableRules(profile, options);
	const machines = [family.native, ...(profile.architectures.includes(family.compat.scmpName) ? [family.compat] : [])];
	const blocks = machines.map(machine => ({machine, block: machineBlock(machine, rules, profile.defaultAction)}));
	const program = blocks.reduceRight<Block>((otherwise, {machine, block}) => ifEqual(machine.auditArch, block, otherwise), returnAction(seccompReturn.killThread));
	if (program.length + 1 > longestFilter) {
		throw new EngineError('invalidParameter', `seccomp profile is too long: ${program.length + 1} instructions, the kernel takes ${longestFilter}`);
	}

	return encode([load(architectureOffset), ...program]);
}

/** The rules whose conditions hold for this container, machine and kernel. */
export function applicableRules(profile: SeccompProfile, options: CompileOptions): readonly SeccompRule[] {
	return profile.rules.filter(rule => applies(rule, families[options.architecture].dockerName, options));
}

function applies({includes, excludes}: SeccompRule, dockerName: string, {bounding, kernelRelease}: CompileOptions): boolean {
	const held = (condition: RuleCondition) => (condition.capabilities ?? 0n) & bounding;
	const isNewEnough = (condition: RuleCondition) => condition.minKernel !== undefined && isKernelAtLeast(kernelRelease ?? os.release(), condition.minKernel);
	if (excludes !== undefined && (held(excludes) !== 0n || excludes.architectures?.includes(dockerName) === true || isNewEnough(excludes))) {
		return false;
	}

	return (
		includes === undefined ||
		(held(includes) === (includes.capabilities ?? 0n) &&
			(includes.architectures?.includes(dockerName) ?? true) &&
			(includes.minKernel === undefined || isNewEnough(includes)))
	);
}

function isKernelAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
	const [ownMajor = 0, ownMinor = 0] = release.split(/[.-]/).map(part => Number.parseInt(part, 10) || 0);
	return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** One alternative of a system call: all comparisons hold → action. */
type Alternative = {readonly args: readonly ArgumentComparison[]; readonly action: SeccompReturn};

function machineBlock(machine: Machine, rules: readonly SeccompRule[], defaultAction: SeccompReturn): Block {
	const table = syscallTable(machine.table);
	const points = new Map<number, Block>();
	for (const [number, list] of callsOf(machine, table, rules, defaultAction)) {
		points.set(number, callBlock(list, machine.wide, defaultAction));
	}

	const newer = firstUnknownCall(table, rules, defaultAction);
	const unlisted = (number: number) => returnAction(number >= newer && number < armPrivateCalls ? seccompReturn.errno(errnoNoSys) : defaultAction);
	const tree = rangeTree(rangesOf(points, unlisted, [newer, armPrivateCalls]));
	const guarded = machine.table === 'x86_64' ? ifAtLeast(x32Bit, returnAction(seccompReturn.errno(errnoNoSys)), tree) : tree;
	return [load(syscallNumberOffset), ...guarded];
}

function callsOf(machine: Machine, table: SyscallTable, rules: readonly SeccompRule[], defaultAction: SeccompReturn): Map<number, Alternative[]> {
	const calls = new Map<number, Alternative[]>();
	const add = (number: number | undefined, alternative: Alternative) => {
		if (number !== undefined) {
			calls.set(number, [...(calls.get(number) ?? []), alternative]);
		}
	};

	for (const {names, args = [], action} of rules.filter(rule => rule.action !== defaultAction)) {
		for (const alternativeArgs of alternatives(args)) {
			for (const name of names) {
				add(table.get(name), {args: alternativeArgs, action});
				if (machine.table === 'x86') {
					const multiplexed = multiplexedCall(name);
					const others = alternativeArgs.filter(({index}) => index !== 0);
					add(multiplexed && table.get(multiplexed.name), {args: multiplexed ? [multiplexed.selector, ...others] : [], action});
				}
			}
		}
	}

	return calls;
}

/** Comparisons of several arguments must all hold; several of one argument are alternatives (runc, issue 2735). */
function alternatives(args: readonly ArgumentComparison[]): ReadonlyArray<readonly ArgumentComparison[]> {
	const isRepeated = new Set(args.map(({index}) => index)).size < args.length;
	return isRepeated ? args.map(comparison => [comparison]) : [args];
}

/**
The number after the highest the profile knows of. Whatever is newer answers ENOSYS, so that programs fall back (runc's patchbpf), unless the
profile lets pass what it does not list.
*/
function firstUnknownCall(table: SyscallTable, rules: readonly SeccompRule[], defaultAction: SeccompReturn): number {
	const numbers = rules.flatMap(({names}) => names.map(name => table.get(name) ?? -1)).filter(number => number >= 0 && number < armPrivateCalls);
	return numbers.length === 0 || isPermissive(defaultAction) ? armPrivateCalls : Math.max(...numbers) + 1;
}

function isPermissive(action: SeccompReturn): boolean {
	return action === seccompReturn.allow || action === seccompReturn.log || (action & 0x7f_ff_00_00) === seccompReturn.trace;
}

function callBlock(list: readonly Alternative[], wide: boolean, defaultAction: SeccompReturn): Block {
	const unconditional = list.find(({args}) => args.length === 0);
	if (unconditional !== undefined) {
		return returnAction(unconditional.action);
	}

	return setBlock(list, wide, defaultAction) ?? list.reduceRight<Block>((otherwise, {args, action}) => ifArguments(args, wide, returnAction(action), otherwise), returnAction(defaultAction));
}

/** A list of small values of one argument, such as socket's families, is searched as a tree too. */
function setBlock(list: readonly Alternative[], wide: boolean, defaultAction: SeccompReturn): Block | undefined {
	const [first] = list;
	const values = list.map(({args, action}) => {
		const [comparison] = args;
		const fits = args.length === 1 && comparison!.op === 'EQ' && comparison!.index === first!.args[0]!.index && comparison!.value < 0xff_ff_ff_ffn && action === first!.action;
		return fits ? Number(comparison!.value) : undefined;
	});
	if (list.length < 4 || values.includes(undefined)) {
		return undefined;
	}

	const points = new Map((values as number[]).map(value => [value, returnAction(first!.action)]));
	const tree = rangeTree(rangesOf(points, () => returnAction(defaultAction)));
	return withSmallArgument(first!.args[0]!.index, wide, tree, returnAction(defaultAction));
}
