/** Moving in a list, and keeping the chosen row chosen and in sight. */
import type {ListPosition} from './app-state.js';

export function selectIndex<Position extends ListPosition>(position: Position, ids: readonly string[], index: number): Position {
	if (ids.length === 0) {
		return position;
	}

	const selectedIndex = Math.min(Math.max(index, 0), ids.length - 1);
	return {...position, selectedIndex, selectedId: ids[selectedIndex]};
}

/**
After the list, its filter or the room changed: the chosen id stays; when it is gone, what took its place is chosen. The first row shown moves no more than
it must. The same position when nothing has to change.
*/
export function settle<Position extends ListPosition>(position: Position, ids: readonly string[], capacity: number): Position {
	const found = position.selectedId === undefined ? -1 : ids.indexOf(position.selectedId);
	const selectedIndex = found >= 0 ? found : Math.max(0, Math.min(position.selectedIndex, ids.length - 1));
	const selectedId = ids[selectedIndex] ?? (ids.length === 0 ? position.selectedId : undefined);
	const offset = clampOffset(position.offset, {selectedIndex, total: ids.length, capacity});
	return selectedId === position.selectedId && selectedIndex === position.selectedIndex && offset === position.offset
		? position
		: {...position, selectedId, selectedIndex, offset};
}

function clampOffset(offset: number, {selectedIndex, total, capacity}: {readonly selectedIndex: number; readonly total: number; readonly capacity: number}): number {
	if (capacity <= 0) {
		return offset;
	}

	const lowest = Math.max(0, selectedIndex - capacity + 1);
	const highest = Math.min(selectedIndex, Math.max(0, total - capacity));
	return Math.max(0, Math.min(Math.max(offset, lowest), Math.max(highest, lowest)));
}
