/**
Keeping the store tidy while the registry runs: uploads left behind and leases nobody used end after their time, and what nothing names is collected; soon after a delete, else now and then.
*/
import type {RegistryContent} from './content.js';
import type {Metrics} from './metrics.js';

export type Maintenance = {
	/** Something became unused. */
	readonly soon: () => void;
	close(): Promise<void>;
};

const soonMs = 500;
const maxIntervalMs = 10 * 60 * 1000;
/** A collection reads every manifest: it may take this part of the time. */
const share = 20;

export function maintenance({content, keepMs, isReadOnly, onFailure, metrics}: {
	readonly content: RegistryContent;
	readonly keepMs: number;
	readonly isReadOnly: boolean;
	readonly onFailure: ((message: string, error?: unknown) => void) | undefined;
	readonly metrics: Metrics;
}): Maintenance {
	const intervalMs = Math.max(1000, Math.min(maxIntervalMs, keepMs / 4));
	let running = Promise.resolve();
	let timer: NodeJS.Timeout | undefined;
	let dueAt = Number.POSITIVE_INFINITY;
	let notBefore = 0;
	let isClosed = false;

	function schedule(inMs: number): void {
		const at = Math.max(Date.now() + inMs, notBefore);
		if (isClosed || isReadOnly || at >= dueAt) {
			return;
		}

		dueAt = at;
		clearTimeout(timer);
		timer = setTimeout(() => {
			running = running.then(collect); // Never two at a time
		}, Math.max(0, at - Date.now()));
		timer.unref();
	}

	async function collect(): Promise<void> {
		const startedAt = Date.now();
		dueAt = Number.POSITIVE_INFINITY;
		try {
			await content.collect(keepMs);
			metrics.count('collections');
		} catch (error) {
			onFailure?.('collecting what is unused failed', error);
		}

		notBefore = Date.now() + (Date.now() - startedAt) * share;
		schedule(intervalMs);
	}

	schedule(intervalMs);
	return {
		soon() {
			schedule(soonMs);
		},
		async close() {
			isClosed = true;
			clearTimeout(timer);
			await running;
		},
	};
}
