import {useMemo, type ReactNode} from 'react';
import {Dialog} from '../components/dialog.js';
import {helpPage} from '../keymap/help-page.js';
import {span, type Line} from '../presentation/line.js';
import {paragraph} from '../presentation/pane-frame.js';
import {safeText} from '../presentation/safe-text.js';
import type {AppState, Container, Overlay} from '../state/app-state.js';
import {containerById} from '../state/selectors.js';

export function OverlayView({state}: {readonly state: AppState}): ReactNode {
	const {overlay, size} = state;
	switch (overlay?.kind) {
		case 'help': {
			return <HelpDialog offset={overlay.offset} screen={size}/>;
		}

		case 'confirm': {
			return <Dialog title='Remove' lines={questionLines(overlay, containerById(state, overlay.id)?.state, size.columns - 8)} screen={size}/>;
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
	const {lines, first, total} = useMemo(() => helpPage(screen, offset), [screen, offset]);
	const note: Line = total > lines.length ? [{text: `${first + 1}-${first + lines.length} of ${total}, ↑ ↓ scroll`, tone: 'text.muted'}] : [];
	return <Dialog title='Keys' lines={lines} note={note} screen={screen}/>;
}

function questionLines({target, name}: Extract<Overlay, {kind: 'confirm'}>, status: Container['state'] | undefined, width: number): Line[] {
	const question = target === 'image' ? `Remove the image ${name}?` : status === 'running' || status === 'paused' || status === 'restarting' ? `${name} is ${status}. Stop it at once and remove it?` : `${name} is stopped by now. Remove it?`;
	return [
		...paragraph(question, Math.min(60, width)).map((text): Line => [span(text)]),
		[],
		[span('y', 'key'), span(' remove    '), span('n', 'key'), span(' keep')],
	];
}
