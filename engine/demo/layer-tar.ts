/**
A layer tar from a list (ustar), with nothing in it that depends on when or where it was made. The archive module writes outer archives, which have
neither links nor owners.
*/
import {Buffer} from 'node:buffer';

export type LayerEntry = {
	/** Without leading slash, at most 100 bytes. */
	readonly name: string;
	readonly uid?: number;
	readonly gid?: number;
} & (
	| {readonly kind: 'directory'; readonly mode?: number}
	| {readonly kind: 'file'; readonly data: Buffer | string; readonly mode?: number}
	/** A symlink's target is any text, a hardlink's the name of an earlier entry. */
	| {readonly kind: 'symlink' | 'hardlink'; readonly target: string}
);

const blockBytes = 512;
const typeFlags = {file: '0', hardlink: '1', symlink: '2', directory: '5'} as const;

/** `modified`: seconds since 1970, for every entry. */
export function layerTar(entries: readonly LayerEntry[], modified: number): Buffer {
	const pieces = entries.flatMap(entry => {
		const data = entry.kind === 'file' ? Buffer.from(entry.data) : Buffer.alloc(0);
		return [header(entry, data.length, modified), data, Buffer.alloc(-data.length & (blockBytes - 1))];
	});
	return Buffer.concat([...pieces, Buffer.alloc(2 * blockBytes)]);
}

function header(entry: LayerEntry, sizeBytes: number, modified: number): Buffer {
	const block = Buffer.alloc(blockBytes);
	const octal = (value: number, at: number, digits: number) => block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
	block.write(entry.kind === 'directory' ? `${entry.name}/` : entry.name, 0, 100);
	octal(modeOf(entry), 100, 7);
	octal(entry.uid ?? 0, 108, 7);
	octal(entry.gid ?? 0, 116, 7);
	octal(sizeBytes, 124, 11);
	octal(modified, 136, 11);
	block.write(typeFlags[entry.kind], 156);
	block.write('target' in entry ? entry.target : '', 157, 100);
	block.write('ustar\u000000', 257, 'latin1');
	block.fill(' ', 148, 156); // The checksum counts itself as spaces
	octal(block.reduce((sum, byte) => sum + byte, 0), 148, 6);
	block[154] = 0;
	return block;
}

function modeOf(entry: LayerEntry): number {
	switch (entry.kind) {
		case 'directory': {
			return entry.mode ?? 0o755;
		}

		case 'file': {
			return entry.mode ?? 0o644;
		}

		case 'symlink':
		case 'hardlink': {
			return 0o777;
		}
	}
}
