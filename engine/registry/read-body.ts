/** Small answers. */
import type {Readable} from 'node:stream';
import {EngineError, errorCode} from '../errors.js';

/** All of it. Throws `system` (code `ETOOLARGE`) once it is more than `maxBytes`: nothing is read on then. */
export async function readBody(body: Readable, maxBytes: number, subject: string): Promise<Buffer> {
	const pieces: Buffer[] = [];
	let length = 0;
	try {
		for await (const piece of body as AsyncIterable<Buffer>) {
			length += piece.length;
			if (length > maxBytes) {
				throw new EngineError('system', `${subject} is larger than ${maxBytes} bytes`, {code: 'ETOOLARGE', hint: 'That is a fault of the registry, or it is none.'});
			}

			pieces.push(piece);
		}
	} catch (error) {
		if (error instanceof EngineError) {
			throw error;
		}

		throw new EngineError('unavailable', `${subject} was cut off: ${(error as Error).message}`, {code: errorCode(error) ?? 'ECONNRESET', cause: error});
	} finally {
		body.destroy();
	}

	return Buffer.concat(pieces);
}

const longestComplaint = 64 * 1024;

/** The beginning of a text that explains a failure; never fails itself. */
export async function readComplaint(body: Readable): Promise<string> {
	let text = '';
	try {
		for await (const piece of body as AsyncIterable<Buffer>) {
			text += piece.toString('latin1');
			if (text.length > longestComplaint) {
				break;
			}
		}
	} catch {
		// What came will do.
	}

	body.destroy();
	return Buffer.from(text, 'latin1').toString('utf8');
}

/** Reads an answer nobody needs, so that its connection can be used again; a long one is dropped. */
export function discard(body: Readable): void {
	let length = 0;
	body.on('data', (piece: Buffer) => {
		length += piece.length;
		if (length > longestComplaint) {
			body.destroy();
		}
	});
}
