import type {Action} from '../state/actions.js';
import type {AppState, PaneId} from '../state/app-state.js';

/** A line of a key table. The footer and the help are drawn from these, so a key that works is a key that is shown. */
export type KeyBinding = {
	/** As the terminal names them (terminal/input-parser). */
	readonly keys: readonly string[];
	/** As a person reads them: `s`, `↑ ↓`. */
	readonly shown: string;
	/** One or two words for the footer. */
	readonly label: string;
	/** A phrase for the help. */
	readonly description: string;
	/** The panes it works in; all when left out. */
	readonly panes?: readonly PaneId[];
	/** Shown in the footer, lower numbers further left; left out, or undefined as things are now: in the help only. */
	readonly hint?: number | ((state: AppState) => number | undefined);
	/** Why it does nothing now; undefined when it does. */
	readonly disabled?: (state: AppState) => string | undefined;
	readonly action: (state: AppState) => Action | undefined;
};

export type KeyGroup = {readonly title: string; readonly bindings: readonly KeyBinding[]};

export function isIn(binding: KeyBinding, pane: PaneId): boolean {
	return binding.panes === undefined || binding.panes.includes(pane);
}

/** Its place in the footer, if it has one now. */
export function hintOf({hint}: KeyBinding, state: AppState): number | undefined {
	return typeof hint === 'function' ? hint(state) : hint;
}
