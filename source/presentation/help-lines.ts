import type {KeyGroup} from '../keymap/key-binding.js';
import {fit} from './graphemes.js';
import type {Line} from './line.js';

/** The key tables as text: title, then key and what it does. */
export function helpLines(groups: readonly KeyGroup[], width: number): Line[] {
	const keyWidth = 10;
	return groups.flatMap((group, index): Line[] => [
		...(index === 0 ? [] : [[]]),
		[{text: group.title, tone: 'title.focused'}],
		...group.bindings.map((binding): Line => [
			{text: fit(binding.shown, keyWidth), tone: 'key'},
			{text: fit(binding.description, Math.max(0, width - keyWidth))},
		]),
	]);
}
