import {useMemo, type ReactNode} from 'react';
import {Pane} from '../components/pane.js';
import {headingLine} from '../presentation/columns.js';
import {imageColumns, imageRow} from '../presentation/image-row.js';
import {span} from '../presentation/line.js';
import {usersOf, visibleItems} from '../state/selectors.js';
import {insteadOfItems, listLines, paneTitle, placeNote, rowSelection} from './list-lines.js';
import type {ViewProps} from './view-props.js';

export function ImagesView({state, place}: ViewProps): ReactNode {
	const {images, focus, nowMs} = state;
	const items = visibleItems(state, 'images');
	const title = useMemo(() => paneTitle(state, 'images', {key: '2', name: 'Images'}), [focus, images.filter]);
	const note = useMemo(() => placeNote(images, items.length), [images.selectedIndex, items.length]);
	const lines = useMemo(() => {
		const measured = imageColumns(place.width - 3);
		return insteadOfItems(images.items, {filter: images.filter, shown: items.length, place, empty: [[span('no images', 'text.muted')]]}) ?? listLines({
			place,
			position: images,
			items,
			heading: headingLine(measured),
			row: (image, _, isSelected) => imageRow(image, measured, {users: usersOf(state, image), selection: rowSelection(state, 'images', isSelected), nowMs}),
		});
	}, [images, items, state.containers.items, focus, nowMs, place.width, place.height]);
	return <Pane width={place.width} height={place.height} isFocused={focus === 'images'} title={title} note={note} lines={lines}/>;
}
