/**
Doing things a few at a time. The first failure stops the others; it is thrown once all have ended, so nothing goes on behind the caller's back.
*/
export async function inParallel<T, R>(items: readonly T[], atOnce: number, signal: AbortSignal | undefined, work: (item: T, signal: AbortSignal) => Promise<R>): Promise<readonly R[]> {
	const controller = new AbortController();
	const combined = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
	const results: R[] = [];
	let next = 0;
	let failure: {readonly error: unknown} | undefined;
	const worker = async () => {
		while (next < items.length && failure === undefined) {
			const index = next++;
			try {
				combined.throwIfAborted();
				results[index] = await work(items[index]!, combined);
			} catch (error) {
				failure ??= {error};
				controller.abort();
			}
		}
	};

	await Promise.all(Array.from({length: Math.min(atOnce, items.length)}, worker));
	if (failure !== undefined) {
		throw failure.error;
	}

	return results;
}
