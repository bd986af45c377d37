/**
SHA-256 (FIPS 180-4) of short texts without node:crypto, whose loading takes an eighth of Node's own start. Commands such as `images` and `inspect` need nothing else of it.
*/
/* eslint-disable unicorn/prefer-math-trunc -- `| 0` takes a sum modulo 2^32 */
import {createHash} from 'node:crypto';

/** What one process hashes itself; from then on loading node:crypto pays. */
const ownShareBytes = 32 * 1024;
const ownLimitBytes = 8 * 1024;

let ownBytes = 0; // Only chooses between two ways to the same result.

/** 64 hexadecimal digits. A string stands for its UTF-8 bytes. */
export function sha256Hex(data: string | Uint8Array): string {
	const bytes = typeof data === 'string' ? Buffer.from(data) : data;
	if (bytes.length > ownLimitBytes || ownBytes + bytes.length > ownShareBytes) {
		return createHash('sha256').update(bytes).digest('hex');
	}

	ownBytes += bytes.length;
	return shortSha256Hex(bytes);
}

/** The same for bytes of any number; the less of them, the better it compares. */
export function shortSha256Hex(bytes: Uint8Array): string {
	const message = padded(bytes);
	const state = Int32Array.of(0x6A_09_E6_67, 0xBB_67_AE_85, 0x3C_6E_F3_72, 0xA5_4F_F5_3A, 0x51_0E_52_7F, 0x9B_05_68_8C, 0x1F_83_D9_AB, 0x5B_E0_CD_19);
	const schedule = new Int32Array(64);
	for (let offset = 0; offset < message.byteLength; offset += blockBytes) {
		expand(schedule, message, offset);
		compress(state, schedule);
	}

	return [...state].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

const blockBytes = 64;
const lengthBytes = 8;

/** A one bit, zeros, and the length in bits at the end of a block (5.1.1). */
function padded(bytes: Uint8Array): DataView {
	const message = new Uint8Array(Math.ceil((bytes.length + 1 + lengthBytes) / blockBytes) * blockBytes);
	message.set(bytes);
	message[bytes.length] = 0x80;
	const view = new DataView(message.buffer);
	view.setBigUint64(message.length - lengthBytes, BigInt(bytes.length) * 8n);
	return view;
}

/** 6.2.2, step 1. */
function expand(schedule: Int32Array, message: DataView, offset: number): void {
	for (let t = 0; t < 16; t++) {
		schedule[t] = message.getInt32(offset + 4 * t);
	}

	for (let t = 16; t < 64; t++) {
		const x = schedule[t - 15]!;
		const y = schedule[t - 2]!;
		const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
		const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
		schedule[t] = sigma1 + schedule[t - 7]! + sigma0 + schedule[t - 16]!;
	}
}

/** 6.2.2, steps 2 to 4. The letters are the standard's. */
function compress(state: Int32Array, schedule: Int32Array): void {
	let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
	for (let t = 0; t < 64; t++) {
		const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
		const choice = (e & f) ^ (~e & g);
		const t1 = (h + sum1 + choice + constants[t]! + schedule[t]!) | 0;
		const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
		const majority = (a & b) ^ (a & c) ^ (b & c);
		h = g;
		g = f;
		f = e;
		e = (d + t1) | 0;
		d = c;
		c = b;
		b = a;
		a = (t1 + sum0 + majority) | 0;
	}

	for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) {
		state[index]! += word;
	}
}

/** 4.2.2 */
const constants = new Int32Array([
	0x42_8A_2F_98, 0x71_37_44_91, 0xB5_C0_FB_CF, 0xE9_B5_DB_A5, 0x39_56_C2_5B, 0x59_F1_11_F1, 0x92_3F_82_A4, 0xAB_1C_5E_D5,
	0xD8_07_AA_98, 0x12_83_5B_01, 0x24_31_85_BE, 0x55_0C_7D_C3, 0x72_BE_5D_74, 0x80_DE_B1_FE, 0x9B_DC_06_A7, 0xC1_9B_F1_74,
	0xE4_9B_69_C1, 0xEF_BE_47_86, 0x0F_C1_9D_C6, 0x24_0C_A1_CC, 0x2D_E9_2C_6F, 0x4A_74_84_AA, 0x5C_B0_A9_DC, 0x76_F9_88_DA,
	0x98_3E_51_52, 0xA8_31_C6_6D, 0xB0_03_27_C8, 0xBF_59_7F_C7, 0xC6_E0_0B_F3, 0xD5_A7_91_47, 0x06_CA_63_51, 0x14_29_29_67,
	0x27_B7_0A_85, 0x2E_1B_21_38, 0x4D_2C_6D_FC, 0x53_38_0D_13, 0x65_0A_73_54, 0x76_6A_0A_BB, 0x81_C2_C9_2E, 0x92_72_2C_85,
	0xA2_BF_E8_A1, 0xA8_1A_66_4B, 0xC2_4B_8B_70, 0xC7_6C_51_A3, 0xD1_92_E8_19, 0xD6_99_06_24, 0xF4_0E_35_85, 0x10_6A_A0_70,
	0x19_A4_C1_16, 0x1E_37_6C_08, 0x27_48_77_4C, 0x34_B0_BC_B5, 0x39_1C_0C_B3, 0x4E_D8_AA_4A, 0x5B_9C_CA_4F, 0x68_2E_6F_F3,
	0x74_8F_82_EE, 0x78_A5_63_6F, 0x84_C8_78_14, 0x8C_C7_02_08, 0x90_BE_FF_FA, 0xA4_50_6C_EB, 0xBE_F9_A3_F7, 0xC6_71_78_F2,
]);
