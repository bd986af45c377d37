/**
Runs a seccomp filter as the kernel does (Documentation/networking/filter, kernel/seccomp.c), refusing what the kernel's checker refuses.
*/
export type SeccompData = {readonly nr: number; readonly arch: number; readonly args: readonly bigint[]};

export const auditArch = {x86_64: 0xc0_00_00_3e, x86: 0x40_00_00_03, aarch64: 0xc0_00_00_b7, arm: 0x40_00_00_28} as const;

/** The SECCOMP_RET_* value. */
export function runFilter(filter: Buffer, data: SeccompData): number {
	const words = new Uint32Array(16);
	words[0] = data.nr;
	words[1] = data.arch;
	for (const [index, argument] of data.args.entries()) {
		words[4 + 2 * index] = Number(argument & 0xff_ff_ff_ffn);
		words[5 + 2 * index] = Number((argument >> 32n) & 0xff_ff_ff_ffn);
	}

	let accumulator = 0;
	for (let pc = 0; pc < filter.length / 8; pc++) {
		const code = filter.readUInt16LE(pc * 8);
		const k = filter.readUInt32LE(pc * 8 + 4);
		const jump = (isTaken: boolean) => {
			pc += filter[pc * 8 + (isTaken ? 2 : 3)]!;
		};

		switch (code) {
			case 0x20: {
				if (k % 4 !== 0 || k > 60) {
					throw new Error(`load of offset ${k} at ${pc}`);
				}

				accumulator = words[k / 4]!;
				break;
			}

			case 0x54: {
				accumulator = (accumulator & k) >>> 0;
				break;
			}

			case 0x05: {
				pc += k;
				break;
			}

			case 0x15: {
				jump(accumulator === k);
				break;
			}

			case 0x25: {
				jump(accumulator > k);
				break;
			}

			case 0x35: {
				jump(accumulator >= k);
				break;
			}

			case 0x45: {
				jump((accumulator & k) !== 0);
				break;
			}

			case 0x06: {
				return k;
			}

			default: {
				throw new Error(`instruction 0x${code.toString(16)} at ${pc}`);
			}
		}
	}

	throw new Error('fell off the end');
}
