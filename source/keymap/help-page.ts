/** The part of the help that a screen of this size shows. */
import {helpLines} from '../presentation/help-lines.js';
import type {Line} from '../presentation/line.js';
import type {Size} from '../state/app-state.js';
import {keyGroups} from './key-groups.js';

export type HelpPage = {readonly lines: readonly Line[]; readonly first: number; readonly total: number};

const widest = 116;

export function helpPage({columns, rows}: Size, offset: number): HelpPage {
	const all = helpLines(keyGroups, Math.min(columns - 12, widest));
	const capacity = Math.max(1, rows - 4);
	const first = Math.max(0, Math.min(offset, all.length - capacity));
	return {lines: all.slice(first, first + capacity), first, total: all.length};
}
