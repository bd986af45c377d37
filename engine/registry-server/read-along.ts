/**
Reading a blob while it is being written: everybody who wants it follows the same file at their own pace.
*/
import type {OpenBlob} from './content.js';
import type {StreamBody} from './message.js';

/** A blob on its way in. `available` bytes can be read; the last one only when all of them were found right. */
export type Fetch = {
	readonly sizeBytes: number;
	readonly part: () => OpenBlob;
	readonly available: () => number;
	/** Resolves when `available` has grown, rejects when it won't any more. */
	readonly grown: () => Promise<void>;
};

/** The body of a reply while the blob is on its way. */
export function readingAlong(fetch: Fetch): StreamBody {
	const part = fetch.part();
	return {
		sizeBytes: fetch.sizeBytes,
		read: () => readAlong(fetch, part),
		close() {
			part.close();
		},
	};
}

async function* readAlong(fetch: Fetch, part: OpenBlob): AsyncGenerator<Buffer> {
	let position = 0;
	try {
		while (position < fetch.sizeBytes) {
			const available = fetch.available();
			if (available > position) {
				yield* part.read(position, available - position);
				position = available;
			} else {
				await fetch.grown();
			}
		}
	} finally {
		part.close();
	}
}

export type Progress = ReturnType<typeof progressCounter>;

/** How far it is, and a way to wait until it is further. */
export function progressCounter() {
	let value = 0;
	let failure: unknown;
	let waiting: Array<{readonly resolve: () => void; readonly reject: (error: unknown) => void}> = [];
	const settle = (work: (waiter: (typeof waiting)[number]) => void) => {
		const all = waiting;
		waiting = [];
		all.forEach(waiter => {
			work(waiter);
		});
	};

	return {
		value: () => value,
		advance(to: number) {
			value = Math.max(value, to);
			settle(({resolve}) => {
				resolve();
			});
		},
		fail(error: unknown) {
			failure = error;
			settle(({reject}) => {
				reject(error);
			});
		},
		async grown() {
			if (failure !== undefined) {
				throw failure as Error;
			}

			await new Promise<void>((resolve, reject) => {
				waiting.push({resolve, reject});
			});
		},
	};
}
