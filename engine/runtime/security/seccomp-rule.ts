/**
The shape profiles are compiled from: docker's JSON with its words turned into numbers.
*/

/** What the kernel is told: SECCOMP_RET_* with its data in the low 16 bits (linux/seccomp.h). */
export type SeccompReturn = number;

export const seccompReturn = {
	killProcess: 0x80_00_00_00,
	killThread: 0,
	trap: 0x00_03_00_00,
	trace: 0x7f_f0_00_00,
	log: 0x7f_fc_00_00,
	allow: 0x7f_ff_00_00,
	errno: (number: number): SeccompReturn => 0x00_05_00_00 | (number & 0xff_ff),
} as const;

export const errnoPerm = 1;
export const errnoNoSys = 38;

export type ComparisonOperator = 'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ';

/** `argument OP value`, unsigned; MASKED_EQ: `(argument & value) == valueTwo`. */
export type ArgumentComparison = {
	readonly index: number; // 0–5
	readonly op: ComparisonOperator;
	readonly value: bigint;
	readonly valueTwo: bigint;
};

/** When a rule counts. In `includes` all capabilities must be held, in `excludes` one is enough. */
export type RuleCondition = {
	readonly capabilities?: bigint;
	readonly architectures?: readonly string[]; // docker's words: amd64, arm64 …
	readonly minKernel?: readonly [number, number];
};

export type SeccompRule = {
	readonly names: readonly string[];
	readonly action: SeccompReturn;
	readonly args?: readonly ArgumentComparison[];
	readonly includes?: RuleCondition;
	readonly excludes?: RuleCondition;
};

export type SeccompProfile = {
	readonly defaultAction: SeccompReturn;
	/** SCMP_ARCH_* beside the machine's own; ones no process of this machine can have are ignored. */
	readonly architectures: readonly string[];
	readonly rules: readonly SeccompRule[];
};
