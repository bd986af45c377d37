/**
The body of an answer into its place in a file: gathered into big pieces, one of them on its way to the disk while the next fills.
*/
import fs from 'node:fs';
import {promisify} from 'node:util';
import type {Readable} from 'node:stream';
import {EngineError, systemError} from '../errors.js';
import type {Part} from './download-journal.js';

const writeAt = promisify(fs.write) as (descriptor: number, buffer: Buffer, offset: number, length: number, position: number) => Promise<{bytesWritten: number}>;

const pieceBytes = 512 * 1024;

export type PartWriterOptions = {
	readonly descriptor: number;
	/** What of the file is to be filled. */
	readonly part: Part;
	/** Position of the body's first byte; what lies before the part is skipped. */
	readonly bodyStart: number;
	/** For messages. */
	readonly subject: string;
	/** Told after bytes up to there were written. */
	readonly onWritten: (end: number) => void;
	/** Told how many bytes came. */
	readonly onReceived: (bytes: number) => void;
};

/**
Resolves when the part is complete. What came before a failure is written before it is thrown: `invalidParameter` (code `EINTEGRITY`) for a body that is too long,
`unavailable` (code `ESHORT`) for one that just ends.
*/
export async function writePart(body: Readable, {descriptor, part, bodyStart, subject, onWritten, onReceived}: PartWriterOptions): Promise<void> {
	const buffers = Array.from({length: 2}, () => Buffer.allocUnsafeSlow(Math.min(pieceBytes, Math.max(1, part.end - part.start))));
	let turn = 0;
	let length = 0;
	let position = bodyStart;
	let pending: Promise<void> | undefined;

	const store = async (buffer: Buffer, count: number, from: number): Promise<void> => {
		await writeAll(descriptor, buffer, count, from, subject);
		onWritten(from + count);
	};

	const flush = async (): Promise<void> => {
		await pending;
		if (length > 0) {
			pending = store(buffers[turn]!, length, position - length);
			pending.catch(() => {}); // Seen at the next flush.
			turn = 1 - turn;
			length = 0;
		}
	};

	try {
		for await (const chunk of body as AsyncIterable<Buffer>) {
			onReceived(chunk.length);
			const skipped = Math.min(chunk.length, Math.max(0, part.start - position));
			position += skipped;
			for (let piece = chunk.subarray(skipped); piece.length > 0;) {
				if (position + piece.length > part.end) {
					throw new EngineError('invalidParameter', `${subject} is longer than it should be`, {code: 'EINTEGRITY', hint: 'The registry holds a damaged image: push it again.'});
				}

				const taken = piece.copy(buffers[turn]!, length);
				length += taken;
				position += taken;
				piece = piece.subarray(taken);
				if (length === buffers[turn]!.length) {
					await flush();
				}
			}
		}
	} finally {
		await flush();
		await pending;
	}

	if (position < part.end) {
		throw new EngineError('unavailable', `${subject} was cut off after ${position} bytes`, {code: 'ESHORT', hint: 'Try again: it goes on from there.'});
	}
}

async function writeAll(descriptor: number, buffer: Buffer, length: number, position: number, subject: string): Promise<void> {
	try {
		for (let offset = 0; offset < length;) {
			const {bytesWritten} = await writeAt(descriptor, buffer, offset, length - offset, position + offset);
			offset += bytesWritten;
		}
	} catch (error) {
		throw systemError(`storing ${subject}`, error);
	}
}
