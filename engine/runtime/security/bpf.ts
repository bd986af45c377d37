/**
Classic BPF for seccomp (linux/filter.h, seccomp(2)): small pieces of code that end in returns, so that they are put together by concatenation.
*/
import type {ArgumentComparison, SeccompReturn} from './seccomp-rule.js';

/** One `struct sock_filter`. */
export type Instruction = {readonly code: number; readonly jt: number; readonly jf: number; readonly k: number};

/** Code that returns on every path. */
export type Block = readonly Instruction[];

const loadWord = 0x20; // BPF_LD | BPF_W | BPF_ABS
const and = 0x54; // BPF_ALU | BPF_AND | BPF_K
const jump = 0x05;
const jumpEqual = 0x15;
const jumpGreater = 0x25;
const jumpGreaterEqual = 0x35;
const ret = 0x06;
const furthestJump = 255;

/** Offsets in `struct seccomp_data`. */
export const syscallNumberOffset = 0;
export const architectureOffset = 4;
const argumentsOffset = 16;

export function load(offset: number): Instruction {
	return {code: loadWord, jt: 0, jf: 0, k: offset};
}

export function returnAction(action: SeccompReturn): Block {
	return [{code: ret, jt: 0, jf: 0, k: action}];
}

/** `whenTrue` when the loaded word equals `k`, else `whenFalse`. */
export function ifEqual(k: number, whenTrue: Block, whenFalse: Block): Block {
	return branch(jumpEqual, k, whenTrue, whenFalse);
}

/** `whenTrue` when the loaded word is at least `k` (unsigned), else `whenFalse`. */
export function ifAtLeast(k: number, whenTrue: Block, whenFalse: Block): Block {
	return branch(jumpGreaterEqual, k, whenTrue, whenFalse);
}

/** What to do with loaded words from `start` up to the next range's start. */
export type Range = {readonly start: number; readonly block: Block};

/** A balanced decision tree over the loaded word. The ranges are sorted and the first starts at 0. */
export function rangeTree(ranges: readonly Range[]): Block {
	if (ranges.length === 1) {
		return ranges[0]!.block;
	}

	const middle = ranges.length >> 1;
	return ifAtLeast(ranges[middle]!.start, rangeTree(ranges.slice(middle)), rangeTree(ranges.slice(0, middle)));
}

/**
Ranges for single values with code of their own; every other word is answered by `between`, whose answer may only change at `starts`.
Neighbours that return the same become one range.
*/
export function rangesOf(points: ReadonlyMap<number, Block>, between: (word: number) => Block, starts: readonly number[] = []): Range[] {
	const edges = new Set([0, ...starts, ...points.keys(), ...[...points.keys()].map(value => value + 1)]);
	const ranges: Range[] = [];
	for (const start of [...edges].sort((a, b) => a - b)) {
		const block = points.get(start) ?? between(start);
		const before = ranges.at(-1)?.block;
		if (before?.length !== 1 || block.length !== 1 || before[0]!.k !== block[0]!.k) {
			ranges.push({start, block});
		}
	}

	return ranges;
}

/** Loads the low word of an argument after checking that the high one is zero; `otherwise` when it is not. */
export function withSmallArgument(index: number, wide: boolean, then: Block, otherwise: Block): Block {
	const low = [load(argumentsOffset + 8 * index), ...then];
	return wide ? [load(argumentsOffset + 8 * index + 4), ...ifEqual(0, low, otherwise)] : low;
}

/**
`whenTrue` when all comparisons hold, else `otherwise`. `wide`: arguments have 64 bits; else only the low 32 are looked at, as libseccomp does for
32-bit machines.
*/
export function ifArguments(comparisons: readonly ArgumentComparison[], wide: boolean, whenTrue: Block, otherwise: Block): Block {
	const pieces = comparisons.map(comparison => compare(comparison, wide));
	const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
	const code: Instruction[] = [];
	for (const piece of pieces) {
		const end = code.length + piece.length;
		for (const step of piece) {
			const at = code.length + 1;
			const distance = (target: Target) => (target === 'next' ? 0 : target === 'done' ? end - at : total + whenTrue.length - at);
			code.push({code: step.code, k: step.k, jt: distance(step.t ?? 'next'), jf: distance(step.f ?? 'next')});
		}
	}

	return [...code, ...whenTrue, ...otherwise];
}

/** The array the kernel takes, 8 bytes an instruction, in the byte order of all machines we know. */
export function encode(block: Block): Buffer {
	const buffer = Buffer.alloc(block.length * 8);
	for (const [index, {code, jt, jf, k}] of block.entries()) {
		buffer.writeUInt16LE(code, index * 8);
		buffer[index * 8 + 2] = jt;
		buffer[index * 8 + 3] = jf;
		buffer.writeUInt32LE(k >>> 0, index * 8 + 4);
	}

	return buffer;
}

function branch(code: number, k: number, whenTrue: Block, whenFalse: Block): Block {
	if (whenFalse.length <= furthestJump) {
		return [{code, k, jt: whenFalse.length, jf: 0}, ...whenFalse, ...whenTrue];
	}

	// Conditional jumps have 8 bits, the unconditional one 32.
	return [{code, k, jt: 0, jf: 1}, {code: jump, k: whenFalse.length, jt: 0, jf: 0}, ...whenFalse, ...whenTrue];
}

/** next: the following instruction; done: this comparison holds; fail: it does not. */
type Target = 'next' | 'done' | 'fail';
type Step = {readonly code: number; readonly k: number; readonly t?: Target; readonly f?: Target};

function compare({index, op, value, valueTwo}: ArgumentComparison, wide: boolean): readonly Step[] {
	const offset = argumentsOffset + 8 * index;
	const [high, low] = halves(value);
	const low1 = {code: loadWord, k: offset};
	// The high halves decide unless they are equal.
	const above = (greater: Target, less: Target): Step[] =>
		wide ? [{code: loadWord, k: offset + 4}, {code: jumpGreater, k: high, t: greater}, {code: jumpEqual, k: high, f: less}] : [];
	switch (op) {
		case 'EQ': {
			const first: Step[] = wide ? [{code: loadWord, k: offset + 4}, {code: jumpEqual, k: high, f: 'fail'}] : [];
			return [...first, low1, {code: jumpEqual, k: low, f: 'fail'}];
		}

		case 'NE': {
			const first: Step[] = wide ? [{code: loadWord, k: offset + 4}, {code: jumpEqual, k: high, f: 'done'}] : [];
			return [...first, low1, {code: jumpEqual, k: low, t: 'fail'}];
		}

		case 'GE': {
			return [...above('done', 'fail'), low1, {code: jumpGreaterEqual, k: low, f: 'fail'}];
		}

		case 'GT': {
			return [...above('done', 'fail'), low1, {code: jumpGreater, k: low, f: 'fail'}];
		}

		case 'LT': {
			return [...above('fail', 'done'), low1, {code: jumpGreaterEqual, k: low, t: 'fail'}];
		}

		case 'LE': {
			return [...above('fail', 'done'), low1, {code: jumpGreater, k: low, t: 'fail'}];
		}

		case 'MASKED_EQ': {
			const [wantedHigh, wantedLow] = halves(valueTwo & value);
			const masked = (at: number, mask: number, wanted: number): Step[] => [{code: loadWord, k: at}, {code: and, k: mask}, {code: jumpEqual, k: wanted, f: 'fail'}];
			return [...(wide && high !== 0 ? masked(offset + 4, high, wantedHigh) : []), ...masked(offset, low, wantedLow)];
		}
	}
}

function halves(value: bigint): readonly [number, number] {
	return [Number((value >> 32n) & 0xff_ff_ff_ffn), Number(value & 0xff_ff_ff_ffn)];
}
