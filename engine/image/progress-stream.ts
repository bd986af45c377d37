/**
Turning work that reports as it goes into something that can be iterated.
*/
export type ReportProgress<T> = (message: T) => void;

/**
Runs the work and yields what it reports, in order. The work's error is thrown at the end. When the consumer stops, or the outer signal fires, the work's signal fires, and iterating
ends quietly once the work has cleaned up.
*/
export async function* progressStream<T>(work: (report: ReportProgress<T>, signal: AbortSignal) => Promise<void>, outer?: AbortSignal): AsyncGenerator<T> {
	const controller = new AbortController();
	const signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
	const queue = {messages: [] as T[], isDone: false, wake() {}};
	const finished = work(message => {
		queue.messages.push(message);
		queue.wake();
	}, signal).finally(() => {
		queue.isDone = true;
		queue.wake();
	});
	finished.catch(() => {}); // Thrown below, or nobody listens any more.
	try {
		while (!queue.isDone || queue.messages.length > 0) {
			if (queue.messages.length === 0) {
				await new Promise<void>(resolve => {
					queue.wake = resolve;
				});
			}

			yield* queue.messages.splice(0);
		}

		await finished;
	} catch (error) {
		if (!signal.aborted) {
			throw error;
		}
	} finally {
		controller.abort();
		await finished.catch(() => {});
	}
}
