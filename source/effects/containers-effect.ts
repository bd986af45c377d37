/** Keeps the list of containers as the engine has it. */
import {problemOf, type EffectContext} from './effect-context.js';
import {toContainer} from './to-container.js';

export type ContainersEffect = {
	/** Everything anew. */
	reload(): Promise<void>;
	/** These, soon: what comes in together is asked for together. */
	refresh(ids: Iterable<string>): Promise<void>;
	/** These are gone. */
	forget(ids: readonly string[]): void;
};

// More than this and the whole list is cheaper.
const most = 50;

export function containersEffect({engine, store, signal}: EffectContext): ContainersEffect {
	const dirty = new Set<string>();
	let running: Promise<void> | undefined;

	const reload = async () => {
		try {
			const infos = await engine.listContainers({all: true});
			const nowMs = Date.now();
			if (!signal.aborted) {
				store.dispatch({type: 'containersLoaded', containers: infos.map(info => toContainer(info, nowMs)), nowMs});
			}
		} catch (error) {
			store.dispatch({type: 'containersFailed', problem: problemOf(error)});
		}
	};

	const refreshDirty = async () => {
		while (dirty.size > 0 && !signal.aborted) {
			const ids = [...dirty];
			dirty.clear();
			if (ids.length > most) {
				await reload();
				continue;
			}

			const infos = await engine.listContainers({all: true, filters: {id: ids}});
			const nowMs = Date.now();
			const found = new Set(infos.map(({Id}) => Id));
			store.dispatch({type: 'containersChanged', changed: infos.map(info => toContainer(info, nowMs)), gone: ids.filter(id => !found.has(id)), nowMs});
		}
	};

	return {
		reload,
		async refresh(ids) {
			for (const id of ids) {
				dirty.add(id);
			}

			running ??= refreshDirty().catch((error: unknown) => {
				store.dispatch({type: 'messageShown', tone: 'bad', text: problemOf(error).message});
			}).finally(() => {
				running = undefined;
			});
			await running;
		},
		forget(ids) {
			for (const id of ids) {
				dirty.delete(id);
			}

			store.dispatch({type: 'containersChanged', changed: [], gone: ids, nowMs: Date.now()});
		},
	};
}
