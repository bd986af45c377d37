/** What a subscription pushes, one after another, until the signal fires. */
export async function * queued<Item>(subscribe: (push: (item: Item) => void) => () => void, signal?: AbortSignal): AsyncGenerator<Item> {
	const items: Item[] = [];
	let wake = () => {};
	const woken = async () => new Promise<void>(resolve => {
		wake = resolve;
	});
	const stop = subscribe(item => {
		items.push(item);
		wake();
	});
	const onAbort = () => {
		wake();
	};

	signal?.addEventListener('abort', onAbort);
	try {
		while (!signal?.aborted) {
			const item = items.shift();
			if (item === undefined) {
				await woken();
			} else {
				yield item;
			}
		}
	} finally {
		signal?.removeEventListener('abort', onAbort);
		stop();
	}
}
