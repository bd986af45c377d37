import type {AppState} from '../state/app-state.js';
import type {Hint} from '../keymap/keymap.js';
import {truncate} from './graphemes.js';
import {fitLine, lineWidth, span, type Line, type Span} from './line.js';
import {safeText} from './safe-text.js';

/** The keys that work here; as many as fit, but the last two (help, quit) always. */
export function keysLine(hints: readonly Hint[], width: number): Line {
	const always = hints.length > 4 ? hints.slice(-2).map(hint => hintSpans(hint)) : [];
	const others = hints.slice(0, hints.length - always.length).map(hint => hintSpans(hint));
	let room = width - 1 - always.reduce((sum, hint) => sum + lineWidth(hint), 0);
	const shown: Span[] = [];
	for (const hint of others) {
		room -= lineWidth(hint);
		if (room < 0) {
			break;
		}

		shown.push(...hint);
	}

	return fitLine([span(' '), ...shown, ...always.flat()], width);
}

function hintSpans({shown, label, isDisabled}: Hint): Line {
	return [{text: shown, tone: isDisabled ? 'key.disabled' : 'key'}, {text: ` ${label}  `, tone: 'text.muted'}];
}

/** What happened last, with what to do about it; the filter while it is typed. Undefined when there is nothing to say. */
export function messageLine(state: Pick<AppState, 'overlay' | 'message' | 'containers' | 'images' | 'layers' | 'logs'>, width: number): Line | undefined {
	const {overlay, message} = state;
	if (overlay?.kind === 'filter') {
		const filter = safeText(state[overlay.pane].filter);
		return fitLine([{text: ` filter ${overlay.pane}: `, tone: 'key'}, {text: filter, tone: 'input'}, {text: '▏', tone: 'key'}], width);
	}

	if (message === undefined) {
		return undefined;
	}

	const tone = `message.${message.tone}` as const;
	const signs = {info: ' ', good: '✓', warning: '!', bad: '×'} as const;
	const text = `${signs[message.tone]} ${safeText(message.text)}`;
	const hint = message.hint === undefined ? '' : ` - ${safeText(message.hint)}`;
	return fitLine([span(' '), {text: truncate(text, width - 2), tone}, {text: hint, tone: 'text.muted'}], width);
}
