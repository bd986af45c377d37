import {useMemo, type ReactNode} from 'react';
import type {Line} from '../presentation/line.js';
import {paneLines} from '../presentation/pane-frame.js';
import {Block} from './block.js';

type Props = {
	readonly width: number;
	readonly height: number;
	readonly isFocused: boolean;
	readonly title: Line;
	readonly note?: Line;
	readonly lines: readonly Line[];
};

/** A bordered part of the screen. */
export function Pane({width, height, isFocused, title, note, lines}: Props): ReactNode {
	const framed = useMemo(
		() => paneLines({width, height, isFocused, title, lines, ...(note === undefined ? {} : {note})}),
		[width, height, isFocused, title, note, lines],
	);
	return <Block lines={framed} width={width} height={height}/>;
}
