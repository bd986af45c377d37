import {Box} from 'ink';
import {useMemo, type ReactNode} from 'react';
import {Block} from '../components/block.js';
import {useAppState} from '../hooks/use-app-state.js';
import {hintsFor} from '../keymap/keymap.js';
import {keysLine, messageLine} from '../presentation/footer-line.js';
import {headerLine} from '../presentation/header-line.js';
import type {Line} from '../presentation/line.js';
import type {AppState} from '../state/app-state.js';
import {layoutOf, type PanePlace} from '../state/layout.js';
import {countStates} from '../state/selectors.js';
import {OverlayView} from './overlay-view.js';
import {views} from './view-registry.js';

export function RootView(): ReactNode {
	const state = useAppState();
	const {size, focus, isZoomed} = state;
	const layout = useMemo(() => layoutOf({size, focus, isZoomed}), [size, focus, isZoomed]);
	return (
		<Box width={size.columns} height={size.rows} flexDirection='column'>
			{layout.hasHeader && <Header state={state}/>}
			<Box flexDirection='column' height={layout.body.height} flexShrink={0}>
				{layout.bands.map((band, index) => (
					<Box key={index} flexDirection='row' height={band.height} flexShrink={0}>
						{band.columns.map(column => (
							<Box key={column[0]!.pane} flexDirection='column' flexShrink={0}>
								{column.map(place => <PaneView key={place.pane} state={state} place={place}/>)}
							</Box>
						))}
					</Box>
				))}
			</Box>
			<Footer state={state} rows={layout.footerRows}/>
			<OverlayView state={state}/>
		</Box>
	);
}

function PaneView({state, place}: {readonly state: AppState; readonly place: PanePlace}): ReactNode {
	const View = views[place.pane];
	return <View state={state} place={place}/>;
}

function Header({state}: {readonly state: AppState}): ReactNode {
	const {engine, registry, containers, images, size} = state;
	const lines = useMemo(() => [headerLine({
		engine,
		registry,
		counts: containers.items.status === 'ready' ? countStates(containers.items.value) : undefined,
		images: images.items.status === 'ready' ? new Set(images.items.value.map(({id}) => id)).size : undefined,
	}, size.columns)], [engine, registry, containers.items, images.items, size.columns]);
	return <Block lines={lines} width={size.columns} height={1}/>;
}

// The message line over the keys; where there is one row for both, the message covers the keys.
function Footer({state, rows}: {readonly state: AppState; readonly rows: 1 | 2}): ReactNode {
	const {columns} = state.size;
	const message = messageLine(state, columns);
	const keys = keysLine(hintsFor(state), columns);
	const lines: Line[] = rows === 2 ? [message ?? [], keys] : [message ?? keys];
	const shown = useSameLines(lines);
	return <Block lines={shown} width={columns} height={rows}/>;
}

// Keys and message are cheap to write and rarely change: equal lines are the same object, so the block keeps its character.
function useSameLines(lines: readonly Line[]): readonly Line[] {
	const written = JSON.stringify(lines);
	return useMemo(() => lines, [written]);
}
