/**
Reading a tar from a stream: entries in order, each body read (or skipped) before the next.
*/
import {EngineError} from '../errors.js';
import {applyOverrides, blockBytes, bodyBytes, paddedSize, parseHeader, readOverrides, type TarHeader, type TarOverrides} from './tar-header.js';
import {truncated} from './tar-index.js';

export type TarStreamEntry = {
	readonly header: TarHeader;
	/** Pieces of the content; may be left unread, wholly or partly. */
	readonly body: AsyncIterable<Buffer>;
};

const maxMetaBytes = 1024 * 1024;

/** Iterates the entries. Throws `invalidParameter` for a damaged or truncated archive, and whatever the source throws. */
export async function* readTarStream(source: AsyncIterable<Buffer>, subject: string): AsyncGenerator<TarStreamEntry> {
	const bytes = byteReader(source);
	let overrides: TarOverrides = {};
	try {
		for (;;) {
			const block = await bytes.exactly(blockBytes);
			if (block.length === 0) {
				return;
			}

			const raw = headerOf(block, subject);
			if (raw === undefined) {
				return;
			}

			const header = raw.kind === 'meta' ? raw : applyOverrides(raw, overrides);
			if (header.kind === 'meta') {
				readOverrides(header, await metaBody(bytes, header, subject), overrides);
				continue;
			}

			overrides = {};
			const body = bodyOf(bytes, header.name, bodyBytes(header), subject);
			yield {header, body: body.pieces};
			await body.finish();
		}
	} finally {
		await bytes.close();
	}
}

function headerOf(block: Buffer, subject: string): TarHeader | undefined {
	if (block.length < blockBytes) {
		throw truncated(subject, 'a header', block.length, blockBytes);
	}

	try {
		return parseHeader(block);
	} catch (error) {
		throw new EngineError('invalidParameter', `${subject} is damaged: ${(error as Error).message}`, {code: 'EBADTAR', cause: error, hint: 'Copy or save the archive again.'});
	}
}

async function metaBody(bytes: ByteReader, header: TarHeader, subject: string): Promise<Buffer> {
	if (header.sizeBytes > maxMetaBytes) {
		throw new EngineError('invalidParameter', `${subject} has an extended header of ${header.sizeBytes} bytes`, {code: 'EBADTAR'});
	}

	const body = await bytes.exactly(paddedSize(header.sizeBytes));
	if (body.length < header.sizeBytes) {
		throw truncated(subject, 'an extended header', body.length, header.sizeBytes);
	}

	return body.subarray(0, header.sizeBytes);
}

function bodyOf(bytes: ByteReader, name: string, sizeBytes: number, subject: string): {pieces: AsyncIterable<Buffer>; finish: () => Promise<void>} {
	let left = sizeBytes;
	let padding = paddedSize(sizeBytes) - sizeBytes;
	async function* pieces() {
		while (left > 0) {
			const piece = await bytes.upTo(left);
			if (piece.length === 0) {
				throw truncated(subject, name, sizeBytes - left, sizeBytes);
			}

			left -= piece.length;
			yield piece;
		}
	}

	return {
		pieces: {[Symbol.asyncIterator]: pieces},
		async finish() {
			for await (const _piece of pieces()) {
				// What the reader left is skipped.
			}

			while (padding > 0) {
				const piece = await bytes.upTo(padding);
				if (piece.length === 0) {
					return; // Writers that leave out the last padding are forgiven; every byte of content was there.
				}

				padding -= piece.length;
			}
		},
	};
}

type ByteReader = {
	/** One piece of at most that many bytes; empty at the end. */
	upTo(count: number): Promise<Buffer>;
	/** Fewer only at the end. */
	exactly(count: number): Promise<Buffer>;
	close(): Promise<void>;
};

function byteReader(source: AsyncIterable<Buffer>): ByteReader {
	const iterator = source[Symbol.asyncIterator]();
	let pending: Buffer = Buffer.alloc(0);
	async function upTo(count: number): Promise<Buffer> {
		while (pending.length === 0) {
			const next = await iterator.next();
			if (next.done) {
				return pending;
			}

			pending = next.value;
		}

		const piece = pending.subarray(0, count);
		pending = pending.subarray(piece.length);
		return piece;
	}

	return {
		upTo,
		async exactly(count) {
			const first = await upTo(count);
			if (first.length === count || first.length === 0) {
				return first;
			}

			const pieces = [first];
			for (let have = first.length; have < count;) {
				const piece = await upTo(count - have);
				if (piece.length === 0) {
					break;
				}

				have += piece.length;
				pieces.push(piece);
			}

			return Buffer.concat(pieces);
		},
		async close() {
			await iterator.return?.();
		},
	};
}
