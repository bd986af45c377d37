/**
Telling compressions apart by their first bytes.
*/
import {hasValidChecksum, blockBytes} from './tar-header.js';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** Bytes needed for a decision. */

/** `none` when it starts with nothing known. */
export function detectCompression(start: Buffer): Compression {
	const begins = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte);
	if (begins(0x1F, 0x8B)) {
		return 'gzip';
	}

	// A zstd stream may begin with skippable frames (RFC 8878 3.1.2; pzstd and eStargz-like tools write them).
	if (begins(0x28, 0xB5, 0x2F, 0xFD) || (start.length >= 4 && (start[0]! & 0xF0) === 0x50 && start[1] === 0x2A && start[2] === 0x4D && start[3] === 0x18)) {
		return 'zstd';
	}

	if (begins(0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00)) {
		return 'xz';
	}

	return begins(0x42, 0x5A, 0x68) ? 'bzip2' : 'none';
}

/** True when a tar can begin so: a header with a right checksum, or an empty archive. */
export function looksLikeTar(start: Buffer): boolean {
	return start.length >= blockBytes && (start.subarray(0, blockBytes).every(byte => byte === 0) || hasValidChecksum(start));
}

export {blockBytes as sniffBytes} from './tar-header.js';
