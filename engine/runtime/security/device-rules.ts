/**
Which devices a container of root may open. A capability set as docker's lets it make any node, so the kernel has to refuse the use: by the devices
controller of cgroup v1, or on v2 by a small program the kernel asks (BPF_PROG_TYPE_CGROUP_DEVICE). In a user namespace neither is needed: no node can be made there.
*/
import type {DeviceNode} from './default-paths.js';

export type DeviceRule = {
	readonly type: 'b' | 'c';
	/** Undefined: any. */
	readonly major?: number;
	readonly minor?: number;
	/** Letters of `rwm`: read, write, mknod. */
	readonly access: string;
};

/** What docker and runc let every container do: make any node, use the harmless ones, its terminals and their master. */
export const defaultDeviceRules: readonly DeviceRule[] = [
	{type: 'b', access: 'm'},
	{type: 'c', access: 'm'},
	...([[1, 3], [1, 5], [1, 7], [1, 8], [1, 9], [5, 0], [5, 1], [5, 2]] as const).map(([major, minor]) => ({type: 'c', major, minor, access: 'rwm'}) as const),
	{type: 'c', major: 136, access: 'rwm'},
];

/** `--device`: the node with the permissions asked for. */
export function deviceRule(node: DeviceNode, access: string): DeviceRule | undefined {
	return node.type === 'p' ? undefined : {type: node.type, major: node.major, minor: node.minor, access: access || 'rwm'};
}

/** Writes for the devices controller of cgroup v1 (kernel cgroup-v1/devices.rst), in order. */
export function deviceCgroupWrites(rules: readonly DeviceRule[]): Array<readonly [file: string, value: string]> {
	return [['devices.deny', 'a'], ...rules.map(rule => ['devices.allow', `${rule.type} ${rule.major ?? '*'}:${rule.minor ?? '*'} ${rule.access}`] as const)];
}

const accessBits: Readonly<Record<string, number>> = {m: 1, r: 2, w: 4}; // BPF_DEVCG_ACC_*
const deviceTypes = {b: 1, c: 2} as const; // BPF_DEVCG_DEV_*

/** Offsets in `struct bpf_cgroup_dev_ctx`. */
const [accessTypeOffset, majorOffset, minorOffset] = [0, 4, 8];

/** Registers: r1 is the context, the others are ours; r0 is the answer. */
const [answer, context, type, access, major, minor, scratch] = [0, 1, 2, 3, 4, 5, 6];

/** An array of `struct bpf_insn` that answers 1 for what a rule allows, else 0. */
export function deviceFilter(rules: readonly DeviceRule[]): Buffer {
	return Buffer.concat([
		instruction(0x61, type, context, accessTypeOffset), // The low half is the type, the high half the access
		instruction(0xbf, access, type),
		instruction(0x54, type, 0, 0, 0xff_ff),
		instruction(0x74, access, 0, 0, 16),
		instruction(0x61, major, context, majorOffset),
		instruction(0x61, minor, context, minorOffset),
		...rules.map(rule => allow(rule)),
		...answerWith(0),
	]);
}

/** Every test that fails jumps over the rest of the rule. */
function allow(rule: DeviceRule): Buffer {
	const refused = 7 & ~[...rule.access].reduce((bits, letter) => bits | (accessBits[letter] ?? 0), 0);
	const tests: Array<readonly [register: number, code: number, value: number]> = [
		[type, 0x55, deviceTypes[rule.type]],
		...(rule.major === undefined ? [] : [[major, 0x55, rule.major] as const]),
		...(rule.minor === undefined ? [] : [[minor, 0x55, rule.minor] as const]),
	];
	const checkAccess = refused === 0 ? 0 : 3;
	const total = tests.length + checkAccess + 2;
	return Buffer.concat([
		...tests.map(([register, code, value], index) => instruction(code, register, 0, total - index - 1, value)),
		...(refused === 0
			? []
			: [instruction(0xbf, scratch, access), instruction(0x54, scratch, 0, 0, refused), instruction(0x55, scratch, 0, 2, 0)]),
		...answerWith(1),
	]);
}

function answerWith(value: number): Buffer[] {
	return [instruction(0xb7, answer, 0, 0, value), instruction(0x95)];
}

/** `struct bpf_insn`: code, both registers in one byte, offset, immediate value. */
function instruction(code: number, destination = 0, source = 0, offset = 0, value = 0): Buffer {
	const buffer = Buffer.alloc(8);
	buffer[0] = code;
	buffer[1] = destination | (source << 4);
	buffer.writeInt16LE(offset, 2);
	buffer.writeInt32LE(value, 4);
	return buffer;
}
