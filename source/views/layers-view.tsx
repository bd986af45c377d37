import {useMemo, type ReactNode} from 'react';
import {Pane} from '../components/pane.js';
import {headingLine} from '../presentation/columns.js';
import {layerColumns, layerRow} from '../presentation/layer-row.js';
import {span, type Line} from '../presentation/line.js';
import {readyItems, selectedItem, visibleItems} from '../state/selectors.js';
import {insteadOfItems, listLines, paneTitle, placeNote, rowSelection} from './list-lines.js';
import type {ViewProps} from './view-props.js';

export function LayersView({state, place}: ViewProps): ReactNode {
	const {layers, focus} = state;
	const items = visibleItems(state, 'layers');
	const image = selectedItem(state, 'images');
	const imageName = image?.id === layers.imageId ? (image?.name ?? '') : '';
	const title = useMemo(() => paneTitle(state, 'layers', {key: '3', name: 'Layers', rest: nameOf(imageName)}), [focus, layers.filter, imageName]);
	const note = useMemo(() => placeNote(layers, items.length), [layers.selectedIndex, items.length]);
	const lines = useMemo(() => {
		const measured = layerColumns(place.width - 3);
		const all = readyItems(layers.items);
		const empty: Line[] = [[span(layers.imageId === undefined ? 'no image is chosen' : 'this image has no layers', 'text.muted')]];
		return insteadOfItems(layers.imageId === undefined ? {status: 'ready', value: []} : layers.items, {filter: layers.filter, shown: items.length, place, empty}) ?? listLines({
			place,
			position: layers,
			items,
			heading: headingLine(measured),
			row: (layer, _, isSelected) => layerRow(layer, measured, {number: all.indexOf(layer) + 1, selection: rowSelection(state, 'layers', isSelected)}),
		});
	}, [layers, items, focus, place.width, place.height]);
	return <Pane width={place.width} height={place.height} isFocused={focus === 'layers'} title={title} note={note} lines={lines}/>;
}

function nameOf(imageName: string): Line {
	return imageName === '' ? [] : [{text: ` ${imageName}`, tone: 'text.muted'}];
}
