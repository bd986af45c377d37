/**
Where everything is, for a size of the terminal.

From 100 columns: lists in two columns above, the logs below over the whole width. (Logs beside the lists would show half of each line, and a terminal can
only scroll whole rows: a new log line costs about 150 bytes this way, 2,000 in a column.) From 60x15: the list and what belongs to it, one above the
other. Below that the focused pane alone.
*/
import type {AppState, PaneId, Size} from './app-state.js';

export type Rectangle = {readonly x: number; readonly y: number; readonly width: number; readonly height: number};

export type PanePlace = Rectangle & {readonly pane: PaneId};

export type Layout = {
	/** Rows of panes, from above; the panes of a row have the same height, except that a column may hold several. */
	readonly bands: ReadonlyArray<{readonly height: number; readonly columns: ReadonlyArray<readonly PanePlace[]>}>;
	readonly panes: readonly PanePlace[];
	readonly hasHeader: boolean;
	/** Rows below the panes: the message line and the keys, or one for both. */
	readonly footerRows: 1 | 2;
	readonly body: Rectangle;
};

export function layoutOf(state: Pick<AppState, 'size' | 'focus' | 'isZoomed'>): Layout {
	const frame = frameOf(state.size);
	const bands = frame.body.height < 3 ? [] : bandsOf(state, frame.body);
	return {...frame, bands, panes: bands.flatMap(band => band.columns.flat())};
}

export function placeOf(state: Pick<AppState, 'size' | 'focus' | 'isZoomed'>, pane: PaneId): PanePlace | undefined {
	return layoutOf(state).panes.find(place => place.pane === pane);
}

export function isInside({x, y, width, height}: Rectangle, point: {readonly x: number; readonly y: number}): boolean {
	return point.x >= x && point.x < x + width && point.y >= y && point.y < y + height;
}

/** Rows a list has inside its border; its first is the heading when there is room for one. */
export function listRows(place: Rectangle): {readonly heading: boolean; readonly capacity: number} {
	const inner = place.height - 2;
	const heading = inner >= 5;
	return {heading, capacity: Math.max(0, heading ? inner - 1 : inner)};
}

function frameOf({columns, rows}: Size): Pick<Layout, 'hasHeader' | 'footerRows' | 'body'> {
	const hasHeader = rows >= 10;
	const footerRows = rows >= 15 ? 2 : 1;
	const top = hasHeader ? 1 : 0;
	return {hasHeader, footerRows, body: {x: 0, y: top, width: columns, height: Math.max(0, rows - top - footerRows)}};
}

function bandsOf({size, focus, isZoomed}: Pick<AppState, 'size' | 'focus' | 'isZoomed'>, body: Rectangle): Layout['bands'] {
	const {x, y, width, height} = body;
	if (isZoomed || size.columns < 60 || size.rows < 15) {
		return [band([[{pane: focus, ...body}]])];
	}

	if (size.columns < 100) {
		const [list, detail]: readonly [PaneId, PaneId] = focus === 'images' || focus === 'layers' ? ['images', 'layers'] : ['containers', 'logs'];
		const above = Math.round(height * 0.5);
		return [
			band([[{pane: list, x, y, width, height: above}]]),
			band([[{pane: detail, x, y: y + above, width, height: height - above}]]),
		];
	}

	const above = Math.round(height * (size.rows < 30 ? 0.5 : 0.55));
	// Even, because dialogs start at an odd column: their origin must never be that of a pane.
	const left = Math.round((width * 0.58) / 2) * 2;
	const images = Math.round(above * 0.45);
	return [
		band([
			[{pane: 'containers', x, y, width: left, height: above}],
			[{pane: 'images', x: left, y, width: width - left, height: images}, {pane: 'layers', x: left, y: y + images, width: width - left, height: above - images}],
		]),
		band([[{pane: 'logs', x, y: y + above, width, height: height - above}]]),
	];
}

function band(columns: ReadonlyArray<readonly PanePlace[]>): Layout['bands'][number] {
	return {columns, height: columns[0]!.reduce((height, place) => height + place.height, 0)};
}
