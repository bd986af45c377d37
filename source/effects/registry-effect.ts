/** This machine's images as a registry, for as long as the dashboard is open or until it is switched off. */
import {problemOf, type EffectContext} from './effect-context.js';

/** A registry that listens. */
export type ServedRegistry = {readonly url: string; close(): Promise<void>};

export type RegistryOptions = {
	/** Opens one; undefined where the engine has none to offer. */
	readonly openRegistry: (() => Promise<ServedRegistry>) | undefined;
};

export function registryEffect({store, signal}: EffectContext, {openRegistry}: RegistryOptions): void {
	let served: ServedRegistry | undefined;
	const switchOver = async () => {
		try {
			const closing = served;
			served = undefined;
			if (closing === undefined) {
				served = await openRegistry?.();
			} else {
				await closing.close();
			}

			if (signal.aborted) {
				await served?.close(); // The person left meanwhile
				return;
			}

			store.dispatch({type: 'registryChanged', url: served?.url});
		} catch (error) {
			store.dispatch({type: 'registryChanged', url: undefined, problem: problemOf(error)});
		}
	};

	signal.addEventListener('abort', () => {
		served?.close().catch(() => {}); // Transfers under way end with the process
	});
	store.onAction((action, {registry}, previous) => {
		if (action.type === 'registryToggled' && registry.status === 'changing' && previous.registry.status !== 'changing') {
			void switchOver();
		}
	});
}
