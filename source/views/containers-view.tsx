import {useMemo, type ReactNode} from 'react';
import {Pane} from '../components/pane.js';
import {headingLine} from '../presentation/columns.js';
import {containerColumns, containerRow} from '../presentation/container-row.js';
import {span, type Line} from '../presentation/line.js';
import {paragraph} from '../presentation/pane-frame.js';
import type {AppState} from '../state/app-state.js';
import {visibleItems} from '../state/selectors.js';
import {insteadOfItems, listLines, paneTitle, placeNote, rowSelection} from './list-lines.js';
import type {ViewProps} from './view-props.js';

export function ContainersView({state, place}: ViewProps): ReactNode {
	const {containers, focus, nowMs} = state;
	const items = visibleItems(state, 'containers');
	const title = useMemo(() => paneTitle(state, 'containers', {key: '1', name: 'Containers'}), [focus, containers.filter]);
	const note = useMemo(() => placeNote(containers, items.length), [containers.selectedIndex, items.length]);
	const lines = useMemo(() => {
		const instead = insteadOfItems(containers.items, {filter: containers.filter, shown: items.length, place, empty: emptyLines(state, place.width - 4)});
		const measured = containerColumns(place.width - 3, {hasPorts: items.some(({ports}) => ports !== '')});
		return instead ?? listLines({
			place,
			position: containers,
			items,
			heading: headingLine(measured),
			row: (container, _, isSelected) => containerRow(container, measured, {busy: containers.busy[container.id], selection: rowSelection(state, 'containers', isSelected), nowMs}),
		});
	}, [containers, items, focus, nowMs, state.demo, place.width, place.height]);
	return <Pane width={place.width} height={place.height} isFocused={focus === 'containers'} title={title} note={note} lines={lines}/>;
}

function emptyLines({demo}: AppState, width: number): Line[] {
	const sentence = (text: string): Line[] => paragraph(text, width).map(part => [span(part, 'text.muted')]);
	const offer: Line[] = demo === 'none'
		? []
		: demo === 'running'
			? [[span('starting the demo…', 'state.changing')]]
			: [[span('Press ', 'text.muted'), span('D', 'key'), span(' for a demo: a small image and a few containers.', 'text.muted')]];
	return [
		[span('No containers yet', 'text.strong')],
		[],
		...offer,
		...sentence('Or, in a shell:  tug load -i image.tar  then  tug run -d IMAGE'),
	];
}
