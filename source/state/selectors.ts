/** What follows from the state. Lists are computed once for each pair of items and filter. */
import type {AppState, Container, Image, Layer, ListPosition, PaneId, Remote} from './app-state.js';

type Listed = Readonly<Record<'containers', Container> & Record<'images', Image> & Record<'layers', Layer>>;

export type ListPane = keyof Listed;

const searched: {readonly [Pane in ListPane]: (item: Listed[Pane]) => string} = {
	containers: ({name, image, id, state, command}) => `${name} ${image} ${id} ${state} ${command}`,
	images: ({name, id}) => `${name} ${id}`,
	layers: ({CreatedBy, DiffId}) => `${CreatedBy} ${DiffId}`,
};

const identified: {readonly [Pane in ListPane]: (item: Listed[Pane], index: number) => string} = {
	containers: ({id}) => id,
	images: ({id, name}) => `${id} ${name}`,
	layers: ({DiffId}, index) => `${index} ${DiffId}`,
};

const filtered = new WeakMap<readonly unknown[], {readonly filter: string; readonly result: readonly unknown[]}>();
const none: readonly never[] = [];

export function isListPane(pane: PaneId): pane is ListPane {
	return pane !== 'logs';
}

export function readyItems<Item>(items: Remote<readonly Item[]>): readonly Item[] {
	return items.status === 'ready' ? items.value : none;
}

/** The rows of a list that its filter lets through, in order. */
export function visibleItems<Pane extends ListPane>(state: AppState, pane: Pane): ReadonlyArray<Listed[Pane]> {
	const {filter} = state[pane];
	const items = readyItems(state[pane].items as Remote<ReadonlyArray<Listed[Pane]>>);
	if (filter === '') {
		return items;
	}

	const known = filtered.get(items);
	if (known?.filter === filter) {
		return known.result as ReadonlyArray<Listed[Pane]>;
	}

	const result = items.filter(item => matches(searched[pane](item), filter));
	filtered.set(items, {filter, result});
	return result;
}

/** Small letters match both cases, a capital only itself; all words must be found. */
export function matches(text: string, filter: string): boolean {
	const isExact = filter !== filter.toLowerCase();
	const subject = isExact ? text : text.toLowerCase();
	return filter.split(' ').every(word => subject.includes(word));
}

export function idOfItem<Pane extends ListPane>(pane: Pane, item: Listed[Pane], index: number): string {
	return identified[pane](item, index);
}

export function selectedItem<Pane extends ListPane>(state: AppState, pane: Pane): Listed[Pane] | undefined {
	const {selectedId} = state[pane] as ListPosition;
	return visibleItems(state, pane).find((item, index) => identified[pane](item, index) === selectedId);
}

export function selectedContainer(state: AppState): Container | undefined {
	return selectedItem(state, 'containers');
}

export function containerById(state: AppState, id: string | undefined): Container | undefined {
	return readyItems(state.containers.items).find(container => container.id === id);
}

/** What keys about a container act on: the chosen one, or the one whose logs are read. */
export function containerInView(state: AppState): Container | undefined {
	return state.focus === 'logs' && state.logs.containerId !== undefined ? containerById(state, state.logs.containerId) : selectedContainer(state);
}

export function filterOf(state: AppState, pane: PaneId): string {
	return state[pane].filter;
}

/** How many containers use an image. */
export function usersOf(state: AppState, image: Image): number {
	return usersByImage(readyItems(state.containers.items)).get(image.id) ?? 0;
}

const users = new WeakMap<readonly Container[], ReadonlyMap<string, number>>();

function usersByImage(containers: readonly Container[]): ReadonlyMap<string, number> {
	let counts = users.get(containers);
	if (counts === undefined) {
		const counted = new Map<string, number>();
		for (const {imageId} of containers) {
			counted.set(imageId, (counted.get(imageId) ?? 0) + 1);
		}

		counts = counted;
		users.set(containers, counts);
	}

	return counts;
}

export type StateCounts = {readonly running: number; readonly paused: number; readonly stopped: number};

export function countStates(containers: readonly Container[]): StateCounts {
	const running = containers.filter(({state}) => state === 'running' || state === 'restarting').length;
	const paused = containers.filter(({state}) => state === 'paused').length;
	return {running, paused, stopped: containers.length - running - paused};
}
