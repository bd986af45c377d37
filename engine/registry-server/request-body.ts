/**
The body of a request as it comes, from a client that may stall, trickle or go away. One that only takes up a place is shown the door: it is the time spent waiting for the client that
counts, not the time this side needs.
*/
import type {IncomingMessage} from 'node:http';
import {RegistryError} from './registry-error.js';

export type BodyPatience = {
	/** Without a single byte. */
	readonly stallMs: number;
	/** After so long a wait altogether, the average has to be at least this. */
	readonly graceMs: number;
	readonly minBytesPerSecond: number;
};

export type BodyCounter = {receivedBytes: number};

export async function* requestBody(request: IncomingMessage, patience: BodyPatience, counter: BodyCounter): AsyncGenerator<Buffer> {
	let isWaiting = false;
	let waitedMs = 0;
	const timer = setTimeout(() => {
		if (isWaiting) {
			request.destroy(tooSlow());
		} else {
			timer.refresh();
		}
	}, patience.stallMs);
	const chunks = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
	try {
		for (;;) {
			isWaiting = true;
			timer.refresh();
			const askedAt = performance.now();
			const next = await chunks.next();
			isWaiting = false;
			waitedMs += performance.now() - askedAt;
			if (next.done === true) {
				return;
			}

			const {value} = next;

			counter.receivedBytes += value.length;
			if (waitedMs > patience.graceMs && counter.receivedBytes / (waitedMs / 1000) < patience.minBytesPerSecond) {
				throw tooSlow();
			}

			yield value;
		}
	} catch (error) {
		throw error instanceof RegistryError ? error : new RegistryError('BLOB_UPLOAD_INVALID', 'the body ended before its end', {cause: error});
	} finally {
		clearTimeout(timer);
	}
}

function tooSlow(): RegistryError {
	return new RegistryError('BLOB_UPLOAD_INVALID', 'the body comes too slowly', {status: 408, headers: {connection: 'close'}});
}
