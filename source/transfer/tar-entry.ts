/** Tar headers with what a copy keeps: POSIX pax (ustar with extended records), reading GNU long names too. */

export const blockBytes = 512;

export type TarEntry = {
	readonly name: string;
	readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'character' | 'block';
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly sizeBytes: number;
	readonly mtimeMs: number;
	readonly linkName: string;
	readonly major?: number;
	readonly minor?: number;
};

const flags: Readonly<Record<TarEntry['type'], string>> = {file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6'};
const types = new Map<string, TarEntry['type']>([...Object.entries(flags).map(([type, flag]) => [flag, type as TarEntry['type']] as const), ['\0', 'file'], ['7', 'file']]);

/** The header's blocks; extended records come first when a value does not fit. */
export function encodeEntry(entry: TarEntry): Buffer {
	const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
	const records: string[] = [];
	if (Buffer.byteLength(name) > 100) {
		records.push(paxRecord('path', name));
	}

	if (Buffer.byteLength(entry.linkName) > 100) {
		records.push(paxRecord('linkpath', entry.linkName));
	}

	if (entry.sizeBytes >= 8 ** 11) {
		records.push(paxRecord('size', String(entry.sizeBytes)));
	}

	if (entry.uid >= 8 ** 7) {
		records.push(paxRecord('uid', String(entry.uid)));
	}

	if (entry.gid >= 8 ** 7) {
		records.push(paxRecord('gid', String(entry.gid)));
	}

	if (entry.mtimeMs % 1000 !== 0 || entry.mtimeMs < 0) {
		records.push(paxRecord('mtime', (entry.mtimeMs / 1000).toFixed(9).replace(/0+$/, '').replace(/\.$/, '')));
	}

	const header = encodeBlock({...entry, name}, flags[entry.type]);
	if (records.length === 0) {
		return header;
	}

	const body = Buffer.from(records.join(''));
	return Buffer.concat([
		encodeBlock({...entry, name: 'pax', type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeMs: 0, linkName: '', sizeBytes: body.length}, 'x'),
		body,
		padding(body.length),
		header,
	]);
}

/** What fills the last block of a content. */
export function padding(sizeBytes: number): Buffer {
	return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

export type RawHeader = {readonly flag: string; readonly entry: TarEntry};

/** Undefined for an empty block. Throws for what is no header. */
export function decodeBlock(block: Buffer): RawHeader | undefined {
	if (block.every(byte => byte === 0)) {
		return undefined;
	}

	const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
	if (numberField(block, 148, 8) !== sum) {
		throw new Error('not a tar archive, or a damaged one');
	}

	const flag = String.fromCharCode(block[156]!);
	const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? textField(block, 345, 155) : '';
	const name = textField(block, 0, 100);
	return {
		flag,
		entry: {
			name: prefix === '' ? name : `${prefix}/${name}`,
			type: types.get(flag) ?? 'file',
			mode: numberField(block, 100, 8) & 0o7777,
			uid: numberField(block, 108, 8),
			gid: numberField(block, 116, 8),
			sizeBytes: numberField(block, 124, 12),
			mtimeMs: numberField(block, 136, 12) * 1000,
			linkName: textField(block, 157, 100),
			major: numberField(block, 329, 8),
			minor: numberField(block, 337, 8),
		},
	};
}

/** `LENGTH KEY=VALUE\n` records. */
export function readPax(body: Buffer): Map<string, string> {
	const records = new Map<string, string>();
	let offset = 0;
	while (offset < body.length) {
		const space = body.indexOf(32, offset);
		const length = space === -1 ? Number.NaN : Number(body.toString('latin1', offset, space));
		if (!Number.isInteger(length) || length <= space - offset || offset + length > body.length) {
			throw new Error('damaged extended tar header');
		}

		const record = body.toString('utf8', space + 1, offset + length - 1);
		const equals = record.indexOf('=');
		records.set(record.slice(0, equals), record.slice(equals + 1));
		offset += length;
	}

	return records;
}

export function withPax(entry: TarEntry, records: ReadonlyMap<string, string>): TarEntry {
	const number = (key: string, otherwise: number) => {
		const value = records.get(key);
		return value === undefined || !/^-?\d+(\.\d+)?$/.test(value) ? otherwise : Number(value);
	};

	return {
		...entry,
		name: records.get('path') ?? entry.name,
		linkName: records.get('linkpath') ?? entry.linkName,
		sizeBytes: number('size', entry.sizeBytes),
		uid: number('uid', entry.uid),
		gid: number('gid', entry.gid),
		mtimeMs: number('mtime', entry.mtimeMs / 1000) * 1000,
	};
}

function encodeBlock(entry: TarEntry, flag: string): Buffer {
	const block = Buffer.alloc(blockBytes);
	Buffer.from(entry.name).copy(block, 0, 0, 100);
	octal(block, 100, 8, entry.mode & 0o7777);
	octal(block, 108, 8, entry.uid % 8 ** 7);
	octal(block, 116, 8, entry.gid % 8 ** 7);
	octal(block, 124, 12, entry.sizeBytes % 8 ** 11);
	octal(block, 136, 12, Math.max(0, Math.floor(entry.mtimeMs / 1000)) % 8 ** 11);
	block.fill(32, 148, 156);
	block.write(flag, 156, 'latin1');
	Buffer.from(entry.linkName).copy(block, 157, 0, 100);
	block.write('ustar\u000000', 257, 'latin1');
	octal(block, 329, 8, entry.major ?? 0);
	octal(block, 337, 8, entry.minor ?? 0);
	block.write(`${block.reduce((total, byte) => total + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return block;
}

// The length counts its own digits.
function paxRecord(key: string, value: string): string {
	const rest = Buffer.byteLength(` ${key}=${value}\n`);
	let length = rest + String(rest).length;
	if (String(length).length !== String(rest).length) {
		length = rest + String(length).length;
	}

	return `${length} ${key}=${value}\n`;
}

function octal(block: Buffer, offset: number, width: number, value: number): void {
	block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
}

function textField(block: Buffer, offset: number, length: number): string {
	const end = block.indexOf(0, offset);
	return block.toString('utf8', offset, end === -1 || end > offset + length ? offset + length : end);
}

function numberField(block: Buffer, offset: number, length: number): number {
	if (block[offset]! & 0x80) {
		return Number(block.readBigUInt64BE(offset + length - 8) & (length < 9 ? 0x00_FF_FF_FF_FF_FF_FF_FFn : 0xFF_FF_FF_FF_FF_FF_FF_FFn));
	}

	const value = Number.parseInt(textField(block, offset, length).trim() || '0', 8);
	return Number.isSafeInteger(value) ? value : 0;
}
