/** A key and the state → what to do. */
import type {Action} from '../state/actions.js';
import type {AppState, Overlay} from '../state/app-state.js';
import {helpPage} from './help-page.js';
import {hintOf, isIn, type KeyBinding} from './key-binding.js';
import {keyGroups} from './key-groups.js';

const bindings: readonly KeyBinding[] = keyGroups.flatMap(group => group.bindings);

/** Undefined when the key means nothing here. A disabled key says why. */
export function actionForKey(state: AppState, key: string): Action | undefined {
	if (state.overlay !== undefined) {
		return overlayAction(state, state.overlay, key);
	}

	const binding = bindings.find(binding => binding.keys.includes(key) && isIn(binding, state.focus));
	const reason = binding?.disabled?.(state);
	return reason === undefined ? binding?.action(state) : {type: 'messageShown', tone: 'warning', text: reason};
}

/** What was pasted goes into the filter; anywhere else it would run as keys, so it is ignored. */
export function actionForPaste(state: AppState, text: string): Action | undefined {
	return state.overlay?.kind === 'filter' ? {type: 'filterChanged', text: state[state.overlay.pane].filter + printable(text)} : undefined;
}

export type Hint = {readonly shown: string; readonly label: string; readonly isDisabled: boolean};

/** The keys for the footer, most useful first. */
export function hintsFor(state: AppState): Hint[] {
	const {overlay} = state;
	if (overlay !== undefined) {
		return overlayHints(overlay).map(([shown, label]) => ({shown, label, isDisabled: false}));
	}

	return bindings
		.filter(binding => isIn(binding, state.focus))
		.flatMap(binding => {
			const place = hintOf(binding, state);
			return place === undefined ? [] : [{binding, place}];
		})
		.sort((a, b) => a.place - b.place)
		.map(({binding}) => ({shown: binding.shown, label: binding.label, isDisabled: binding.disabled?.(state) !== undefined}));
}

function overlayHints(overlay: Overlay): ReadonlyArray<readonly [string, string]> {
	switch (overlay.kind) {
		case 'confirm': {
			return [['y', 'remove'], ['n', 'keep']];
		}

		case 'filter': {
			return [['enter', 'keep the filter'], ['esc', 'clear it']];
		}

		case 'help': {
			return [['↑ ↓', 'scroll'], ['esc', 'close']];
		}

		case 'notices': {
			return [['esc', 'close']];
		}
	}
}

function overlayAction(state: AppState, overlay: Overlay, key: string): Action | undefined {
	if (key === 'ctrl-c') {
		return {type: 'quitRequested'};
	}

	switch (overlay.kind) {
		case 'confirm': {
			const {target, id} = overlay;
			return key === 'y' || key === 'enter' ? {type: 'removalConfirmed', target, id} : ['n', 'escape', 'q', 'd'].includes(key) ? {type: 'overlayClosed'} : undefined;
		}

		case 'filter': {
			return filterAction(state[overlay.pane].filter, key);
		}

		case 'help': {
			return ['escape', 'q', '?', 'enter', 'f1'].includes(key) ? {type: 'overlayClosed'} : scrollHelp(state, overlay.offset, key);
		}

		case 'notices': {
			return ['escape', 'q', '!', 'enter'].includes(key) ? {type: 'overlayClosed'} : undefined;
		}
	}
}

const helpSteps: Readonly<Record<string, number>> = {
	down: 1, j: 1, up: -1, k: -1, pagedown: 10, pageup: -10, space: 10, 'ctrl-d': 10, 'ctrl-u': -10, g: -Infinity, home: -Infinity, G: Infinity, end: Infinity,
};

// No further than there is something to see, so that the way back begins at once.
function scrollHelp({size}: AppState, offset: number, key: string): Action | undefined {
	const by = helpSteps[key];
	return by === undefined ? undefined : {type: 'moved', by: helpPage(size, offset + by).first - offset};
}

function filterAction(filter: string, key: string): Action | undefined {
	switch (key) {
		case 'escape': {
			return {type: 'filterClosed', keep: false};
		}

		case 'enter': {
			return {type: 'filterClosed', keep: true};
		}

		case 'backspace': {
			return filter === '' ? {type: 'filterClosed', keep: false} : {type: 'filterChanged', text: [...filter].slice(0, -1).join('')};
		}

		case 'ctrl-u': {
			return {type: 'filterChanged', text: ''};
		}

		case 'ctrl-w': {
			return {type: 'filterChanged', text: filter.replace(/\S*\s*$/, '')};
		}

		case 'down': {
			return {type: 'moved', by: 1};
		}

		case 'up': {
			return {type: 'moved', by: -1};
		}

		default: {
			const text = key === 'space' ? ' ' : [...key].length === 1 ? printable(key) : '';
			return text === '' ? undefined : {type: 'filterChanged', text: filter + text};
		}
	}
}

function printable(text: string): string {
	return text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/\p{Control}/gu, '');
}
