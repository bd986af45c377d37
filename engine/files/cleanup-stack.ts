/**
Undoing in reverse order. (Node 20 has no `using` and no AsyncDisposableStack.)
*/
export type CleanupStack = {
	/** Adds a step; the last added runs first. */
	defer(step: () => unknown): void;
	/** Forgets all steps: what they would undo is to stay. */
	keep(): void;
	/** Runs every step even when some fail; throws the first failure at the end. */
	run(): Promise<void>;
};

export function cleanupStack(): CleanupStack {
	let steps: Array<() => unknown> = [];
	return {
		defer(step) {
			steps.push(step);
		},
		keep() {
			steps = [];
		},
		async run() {
			const pending = steps.reverse();
			steps = [];
			const failures: unknown[] = [];
			for (const step of pending) {
				try {
					await step();
				} catch (error) {
					failures.push(error);
				}
			}

			if (failures.length > 0) {
				throw failures[0];
			}
		},
	};
}

/** Runs the work with a stack that is run whatever happens. The work's own error wins over one of the cleaning. */
export async function withCleanup<T>(work: (stack: CleanupStack) => Promise<T>): Promise<T> {
	const stack = cleanupStack();
	let result: T;
	try {
		result = await work(stack);
	} catch (error) {
		await stack.run().catch(() => {});
		throw error;
	}

	await stack.run();
	return result;
}
