import type {KeyGroup} from '../keymap/key-binding.js';
import {fit} from './graphemes.js';
import {fitLine, lineWidth, type Line} from './line.js';
import {paragraph} from './pane-frame.js';

const keyWidth = 10;
const leastText = 10;
const widest = 72;
const leastColumn = 48;
const gap = 3;

/** The key tables as text: title, then key and what it does. In two columns where there is room for them. */
export function helpLines(groups: readonly KeyGroup[], width: number): Line[] {
	const column = Math.trunc((width - gap) / 2);
	return column < leastColumn ? linesOf(groups, Math.min(widest, width)) : sideBySide(groups, column);
}

function linesOf(groups: readonly KeyGroup[], width: number): Line[] {
	const lines = groups.flatMap((group, index): Line[] => [
		...(index === 0 ? [] : [[]]),
		[{text: group.title, tone: 'title.focused'}],
		...group.bindings.flatMap(({shown, description}) => paragraph(description, Math.max(leastText, width - keyWidth)).map((text, row): Line => [
			{text: fit(row === 0 ? shown : '', keyWidth), tone: 'key'},
			{text},
		])),
	]);
	return lines.map(line => (lineWidth(line) > width ? fitLine(line, width) : line));
}

function sideBySide(groups: readonly KeyGroup[], width: number): Line[] {
	const splits = groups.map((_, count) => [linesOf(groups.slice(0, count), width), linesOf(groups.slice(count), width)] as const);
	const [left, right] = splits.reduce((best, split) => (rowsOf(split) < rowsOf(best) ? split : best));
	return Array.from({length: Math.max(left.length, right.length)}, (_, row): Line => [...fitLine(left[row] ?? [], width + gap), ...(right[row] ?? [])]);
}

function rowsOf([left, right]: readonly [readonly Line[], readonly Line[]]): number {
	return Math.max(left.length, right.length);
}
