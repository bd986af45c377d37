import type {Engine} from '../../engine/index.js';
import type {Problem} from '../state/app-state.js';
import type {Store} from '../state/store.js';

/** What an effect works with. It ends its work when the signal fires. */
export type EffectContext = {readonly engine: Engine; readonly store: Store; readonly signal: AbortSignal};

/** An error as the screen says it. */
export function problemOf(error: unknown): Problem {
	const message = error instanceof Error ? error.message : String(error);
	const hint = typeof error === 'object' && error !== null && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
	return hint === undefined ? {message} : {message, hint};
}

/** Calls `work` so long after the last call; what waits when the signal fires is dropped. */
export function debounced(work: () => void, delayMs: number, signal: AbortSignal): () => void {
	let timer: NodeJS.Timeout | undefined;
	signal.addEventListener('abort', () => {
		clearTimeout(timer);
	});
	return () => {
		clearTimeout(timer);
		if (!signal.aborted) {
			timer = setTimeout(work, delayMs);
		}
	};
}
