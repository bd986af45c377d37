import {useMemo, type ReactNode} from 'react';
import {Dialog} from '../components/dialog.js';
import {keyGroups} from '../keymap/keymap.js';
import {helpLines} from '../presentation/help-lines.js';
import {span, type Line} from '../presentation/line.js';
import {paragraph} from '../presentation/pane-frame.js';
import {safeText} from '../presentation/safe-text.js';
import type {AppState, Overlay} from '../state/app-state.js';

export function OverlayView({state}: {readonly state: AppState}): ReactNode {
	const {overlay, size} = state;
	switch (overlay?.kind) {
		case 'help': {
			return <HelpDialog offset={overlay.offset} screen={size}/>;
		}

		case 'confirm': {
			return <Dialog title='Remove' lines={questionLines(overlay, size.columns - 8)} screen={size}/>;
		}

		case 'notices': {
			const width = Math.min(76, size.columns - 8);
			const lines = state.engine.warnings.flatMap((warning): Line[] => paragraph(safeText(warning), width - 2).map((text, index) => [span(index === 0 ? '! ' : '  ', 'message.warning'), span(text)]));
			return <Dialog title='What this host cannot do' lines={lines} screen={size}/>;
		}

		case 'filter':
		case undefined: {
			return null;
		}
	}
}

function HelpDialog({offset, screen}: {readonly offset: number; readonly screen: AppState['size']}): ReactNode {
	const width = Math.min(72, screen.columns - 12);
	const all = useMemo(() => helpLines(keyGroups, width), [width]);
	const rows = Math.max(1, screen.rows - 4);
	const first = Math.max(0, Math.min(offset, all.length - rows));
	const lines = all.slice(first, first + rows);
	const note: Line = all.length > rows ? [{text: `${first + 1}-${first + lines.length} of ${all.length}, ↑ ↓ scroll`, tone: 'text.muted'}] : [];
	return <Dialog title='Keys' lines={lines} note={note} screen={screen}/>;
}

function questionLines({target, name}: Extract<Overlay, {kind: 'confirm'}>, width: number): Line[] {
	const question = target === 'container' ? `${name} is running. Stop it at once and remove it?` : `Remove the image ${name}?`;
	return [
		...paragraph(question, Math.min(60, width)).map((text): Line => [span(text)]),
		[],
		[span('y', 'key'), span(' remove    '), span('n', 'key'), span(' keep')],
	];
}
