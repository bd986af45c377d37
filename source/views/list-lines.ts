/** What the list views share: the rows in sight, the words for "not here yet" and the place in the list. */
import {centre, span, type Line} from '../presentation/line.js';
import {paragraph} from '../presentation/pane-frame.js';
import {safeText} from '../presentation/safe-text.js';
import type {RowSelection} from '../presentation/selection-mark.js';
import type {AppState, ListPosition, PaneId, Problem, Remote} from '../state/app-state.js';
import {listRows, type Rectangle} from '../state/layout.js';

export type ListLines<Item> = {
	readonly place: Rectangle;
	readonly position: ListPosition;
	readonly items: readonly Item[];
	readonly heading: Line;
	readonly row: (item: Item, index: number, isSelected: boolean) => Line;
};

export function listLines<Item>({place, position, items, heading, row}: ListLines<Item>): Line[] {
	const {heading: hasHeading, capacity} = listRows(place);
	const rows = items.slice(position.offset, position.offset + capacity).map((item, index) => row(item, position.offset + index, position.offset + index === position.selectedIndex));
	return hasHeading ? [heading, ...rows] : rows;
}

export function rowSelection(state: AppState, pane: PaneId, isSelected: boolean): RowSelection {
	return isSelected ? (state.focus === pane ? 'focused' : 'unfocused') : 'none';
}

/** `1 Containers  12` and the filter, when there is one. */
export function paneTitle(state: AppState, pane: PaneId, {key, name, rest = []}: {readonly key: string; readonly name: string; readonly rest?: Line}): Line {
	const isFocused = state.focus === pane;
	const {filter} = state[pane];
	return [
		{text: key, tone: isFocused ? 'key' : 'text.muted'},
		{text: ` ${name}`, tone: isFocused ? 'title.focused' : 'title'},
		...rest,
		...(filter === '' ? [] : [{text: ` /${safeText(filter)}`, tone: 'message.warning'} as const]),
	];
}

export function placeNote(position: ListPosition, shown: number): Line {
	return shown === 0 ? [] : [{text: `${position.selectedIndex + 1} of ${shown}`}];
}

export function messageInPlace(place: Rectangle, lines: readonly Line[]): Line[] {
	return centre(lines, {width: place.width - 2, height: place.height - 2});
}

/** Lines for a list that has nothing to show, or undefined. */
export function insteadOfItems(items: Remote<readonly unknown[]>, {filter, shown, place, empty}: {readonly filter: string; readonly shown: number; readonly place: Rectangle; readonly empty: readonly Line[]}): Line[] | undefined {
	switch (items.status) {
		case 'loading': {
			return messageInPlace(place, [[span('loading…', 'text.muted')]]);
		}

		case 'failed': {
			return messageInPlace(place, problemLines(items.problem, place.width - 4));
		}

		case 'ready': {
			return shown > 0 ? undefined : messageInPlace(place, filter === '' ? empty : [[span('nothing matches the filter', 'text.muted')], [span('esc', 'key'), span(' clears it', 'text.muted')]]);
		}
	}
}

export function problemLines({message, hint}: Problem, width: number): Line[] {
	return [
		...paragraph(`× ${safeText(message)}`, width).map((text): Line => [{text, tone: 'message.bad'}]),
		...(hint === undefined ? [] : paragraph(safeText(hint), width).map((text): Line => [{text, tone: 'text.muted'}])),
	];
}
