import {Box} from 'ink';
import type {ReactNode} from 'react';
import {lineWidth, type Line} from '../presentation/line.js';
import {paneLines} from '../presentation/pane-frame.js';
import {Block} from './block.js';

type Props = {
	readonly title: string;
	readonly lines: readonly Line[];
	readonly note?: Line;
	readonly screen: {readonly columns: number; readonly rows: number};
};

/** A box in the middle, over everything. */
export function Dialog({title, lines, note, screen}: Props): ReactNode {
	const wanted = Math.max(24, title.length + 8, ...lines.map(line => lineWidth(line) + 4));
	const width = Math.min(wanted, screen.columns - 2);
	const height = Math.min(lines.length + 2, screen.rows - 2);
	const left = Math.trunc((screen.columns - width) / 2);
	const top = Math.trunc((screen.rows - height) / 2);
	const framed = paneLines({
		width,
		height,
		isFocused: true,
		title: [{text: title, tone: 'title.focused'}],
		lines: lines.map(line => [{text: ' '}, ...line]),
		...(note === undefined ? {} : {note}),
	});
	return (
		// At an odd column: no pane begins there (state/layout), and each block needs a cell of its own.
		<Box position='absolute' marginLeft={left % 2 === 0 ? Math.max(1, left - 1) : left} marginTop={top}>
			<Block lines={framed} width={width} height={height} layer={1}/>
		</Box>
	);
}
