/**
Tar archives byte by byte, for tests: whatever a field should say, right or wrong.
*/
import {Buffer} from 'node:buffer';

export type RawHeader = {
	readonly name?: string | Buffer;
	readonly type?: string;
	readonly mode?: number | string;
	readonly uid?: number | string | Buffer;
	readonly gid?: number | string | Buffer;
	readonly size?: number | string | Buffer;
	readonly mtime?: number | string | Buffer;
	readonly link?: string | Buffer;
	readonly prefix?: string;
	readonly magic?: string;
	readonly major?: number;
	readonly minor?: number;
	/** What the checksum field says instead of the sum. */
	readonly checksum?: string;
	/** The sum is over signed bytes. */
	readonly signed?: boolean;
};

/** One header block. Numbers become octal digits, text and buffers are put as they are. */
export function header(fields: RawHeader): Buffer {
	const block = Buffer.alloc(512);
	const put = (at: number, size: number, value: number | string | Buffer | undefined) => {
		if (value !== undefined) {
			const bytes = typeof value === 'number' ? Buffer.from(value.toString(8).padStart(size - 1, '0')) : Buffer.from(value as Buffer);
			bytes.copy(block, at, 0, size);
		}
	};

	put(0, 100, fields.name ?? 'file');
	put(100, 8, fields.mode ?? 0o644);
	put(108, 8, fields.uid ?? 0);
	put(116, 8, fields.gid ?? 0);
	put(124, 12, fields.size ?? 0);
	put(136, 12, fields.mtime ?? 1_600_000_000);
	put(156, 1, fields.type ?? '0');
	put(157, 100, fields.link);
	put(257, 8, fields.magic ?? `ustar\0${'00'}`);
	put(329, 8, fields.major ?? 0);
	put(337, 8, fields.minor ?? 0);
	put(345, 155, fields.prefix);
	return seal(block, fields);
}

/** Puts the checksum into a header block (in place). */
export function seal(block: Buffer, {checksum, signed}: {readonly checksum?: string | undefined; readonly signed?: boolean | undefined} = {}): Buffer {
	block.fill(' ', 148, 156);
	let sum = 0;
	for (const byte of block) {
		sum += signed && byte > 127 ? byte - 256 : byte;
	}

	block.write(checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return block;
}

/** Header and padded contents. */
export function file(name: string, contents: string | Buffer = '', fields: RawHeader = {}): Buffer {
	const bytes = Buffer.from(contents as string);
	return Buffer.concat([header({name, size: bytes.length, ...fields}), bytes, padding(bytes.length)]);
}

export const directory = (name: string, fields: RawHeader = {}) => header({name, type: '5', mode: 0o755, ...fields});
export const symlink = (name: string, link: string, fields: RawHeader = {}) => header({name, type: '2', link, mode: 0o777, ...fields});
export const hardlink = (name: string, link: string, fields: RawHeader = {}) => header({name, type: '1', link, ...fields});

/** A pax header before the next entry (or 'g': before all further ones). */
export function pax(records: Readonly<Record<string, string | Buffer>> | Array<readonly [string, string | Buffer]>, type: 'x' | 'g' = 'x'): Buffer {
	const pairs = Array.isArray(records) ? records : Object.entries(records);
	return file('PaxHeaders/x', Buffer.concat(pairs.map(([key, value]) => paxRecord(key, value))), {type});
}

export function paxRecord(key: string, value: string | Buffer): Buffer {
	const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from('\n')]);
	let length = rest.length + 1;
	while (length !== rest.length + String(length).length) {
		length = rest.length + String(length).length;
	}

	return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** GNU's long name ('L') or long link ('K') before the next entry. */
export const gnuLong = (type: 'L' | 'K', text: string) => file('././@LongLink', `${text}\0`, {type, magic: 'ustar  \0'});

export const end = Buffer.alloc(1024);

export function archive(...parts: readonly Buffer[]): Buffer {
	return Buffer.concat([...parts, end]);
}

/** A number in base 256, as GNU tar writes large and negative ones. */
export function base256(value: bigint, size: number): Buffer {
	const bytes = Buffer.alloc(size);
	let rest = BigInt.asUintN(size * 8, value);
	for (let at = size - 1; at >= 0; at--, rest >>= 8n) {
		bytes[at] = Number(rest & 0xffn);
	}

	bytes[0]! |= 0x80;
	return bytes;
}

function padding(size: number): Buffer {
	return Buffer.alloc((512 - (size % 512)) % 512);
}
