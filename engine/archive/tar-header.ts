/**
Tar headers of the OUTER archive: ustar, GNU and pax, as far as image archives use them. (Layer tars are read and written by tug-runtime.)
*/
import {EngineError} from '../errors.js';

export const blockBytes = 512;

export type TarHeader = {
	readonly name: string;
	/** `meta`: describes the next entry (long names, pax). `other`: devices, fifos. */
	readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'meta' | 'other';
	readonly typeFlag: string;
	readonly sizeBytes: number;
	readonly linkName: string;
};

/** Values that override the next header's: from pax records or GNU long names. */
export type TarOverrides = {path?: string; linkpath?: string; size?: number};

/** Undefined for a block of zeros (end of archive). Throws `invalidParameter` when it is no header. */
export function parseHeader(block: Buffer): TarHeader | undefined {
	if (block.every(byte => byte === 0)) {
		return undefined;
	}

	if (!hasValidChecksum(block)) {
		throw new EngineError('invalidParameter', 'not a tar header (its checksum does not match)', {code: 'EBADTAR'});
	}

	const typeFlag = String.fromCharCode(block[156]!);
	const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block, 345, 155) : '';
	const name = text(block, 0, 100);
	return {
		name: prefix === '' ? name : `${prefix}/${name}`,
		kind: kindOf(typeFlag, name),
		typeFlag,
		sizeBytes: number(block, 124, 12),
		linkName: text(block, 157, 100),
	};
}

/** Adds what a `meta` entry says. */
export function readOverrides(header: TarHeader, body: Buffer, overrides: TarOverrides): void {
	switch (header.typeFlag) {
		case 'L': {
			overrides.path = text(body, 0, body.length);
			break;
		}

		case 'K': {
			overrides.linkpath = text(body, 0, body.length);
			break;
		}

		case 'x': {
			readPax(body, overrides);
			break;
		}

		default:
	}
}

/** The header with its overrides. */
export function applyOverrides(header: TarHeader, overrides: TarOverrides): TarHeader {
	return {
		...header,
		name: overrides.path ?? header.name,
		linkName: overrides.linkpath ?? header.linkName,
		sizeBytes: overrides.size ?? header.sizeBytes,
	};
}

/** Bytes of content that follow a header: links, directories, devices and fifos have none, whatever their size field says (as Go's archive/tar reads it). */
export function bodyBytes({typeFlag, sizeBytes}: TarHeader): number {
	return /[1-6]/.test(typeFlag) ? 0 : sizeBytes;
}

/** Bytes of an entry's content with its padding. */
export function paddedSize(sizeBytes: number): number {
	return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

export function hasValidChecksum(block: Buffer): boolean {
	let sum = 8 * 32; // The field itself counts as spaces.
	for (let index = 0; index < blockBytes; index++) {
		sum += index >= 148 && index < 156 ? 0 : block[index]!;
	}

	return Number.parseInt(text(block, 148, 8).trim(), 8) === sum;
}

export type NewEntry = {readonly name: string; readonly sizeBytes: number; readonly directory?: boolean; readonly mode?: number};

/** A ustar header: root's, dated 1970, so that the same content gives the same archive. Names up to 100 bytes, sizes of any length. */
export function encodeHeader(entry: NewEntry): Buffer {
	const block = Buffer.alloc(blockBytes);
	if (Buffer.byteLength(entry.name) > 100) {
		throw new EngineError('system', `name too long for the archive: ${entry.name}`);
	}

	block.write(entry.name, 0);
	block.write(octal(entry.mode ?? (entry.directory ? 0o755 : 0o644), 8), 100, 'latin1');
	block.write(octal(0, 8), 108, 'latin1');
	block.write(octal(0, 8), 116, 'latin1');
	writeSize(block, entry.sizeBytes);
	block.write(octal(0, 12), 136, 'latin1');
	block.write(' '.repeat(8), 148, 'latin1');
	block.write(entry.directory ? '5' : '0', 156, 'latin1');
	block.write('ustar\u000000', 257, 'latin1');
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return block;
}

function writeSize(block: Buffer, sizeBytes: number): void {
	if (sizeBytes < 8 ** 11) {
		block.write(octal(sizeBytes, 12), 124, 'latin1');
		return;
	}

	block[124] = 0x80; // GNU base 256
	block.writeBigUInt64BE(BigInt(sizeBytes), 128);
}

function octal(value: number, width: number): string {
	return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

function text(block: Buffer, offset: number, length: number): string {
	const end = block.indexOf(0, offset);
	return block.toString('utf8', offset, end === -1 || end > offset + length ? offset + length : end);
}

function number(block: Buffer, offset: number, length: number): number {
	const isBinary = (block[offset]! & 0x80) !== 0;
	const value = isBinary ? Number(block.readBigUInt64BE(offset + length - 8)) : Number.parseInt(text(block, offset, length).trim() || '0', 8);
	if (!Number.isSafeInteger(value) || value < 0) {
		throw new EngineError('invalidParameter', 'tar header with an impossible size', {code: 'EBADTAR'});
	}

	return value;
}

function kindOf(typeFlag: string, name: string): TarHeader['kind'] {
	switch (typeFlag) {
		case '0':
		case '\0':
		case '7': {
			return name.endsWith('/') ? 'directory' : 'file'; // Old tars mark directories only so.
		}

		case '1': {
			return 'hardlink';
		}

		case '2': {
			return 'symlink';
		}

		case '5': {
			return 'directory';
		}

		case 'L':
		case 'K':
		case 'x':
		case 'g': {
			return 'meta';
		}

		default: {
			return 'other';
		}
	}
}

/** pax records: `LENGTH KEY=VALUE\n`, lengths in bytes (POSIX.1-2001 pax). */
function readPax(body: Buffer, overrides: TarOverrides): void {
	let offset = 0;
	while (offset < body.length && body[offset] !== 0) {
		const space = body.indexOf(0x20, offset);
		const length = Number.parseInt(body.toString('latin1', offset, space), 10);
		if (space === -1 || !(length > space - offset) || offset + length > body.length) {
			throw new EngineError('invalidParameter', 'damaged pax header', {code: 'EBADTAR'});
		}

		const record = body.toString('utf8', space + 1, offset + length - 1);
		const equals = record.indexOf('=');
		const value = record.slice(equals + 1);
		switch (record.slice(0, equals)) {
			case 'path': {
				overrides.path = value;
				break;
			}

			case 'linkpath': {
				overrides.linkpath = value;
				break;
			}

			case 'size': {
				overrides.size = /^\d{1,15}$/.test(value) ? Number(value) : overrides.size!;
				break;
			}

			default:
		}

		offset += length;
	}
}
