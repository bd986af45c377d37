import type {Image} from '../state/app-state.js';
import {measureColumns, rowLine, type Column, type Measured} from './columns.js';
import {formatBytes} from './format-bytes.js';
import type {Line} from './line.js';
import {rowAge} from './row-age.js';
import {nameTone, selectionMark, type RowSelection} from './selection-mark.js';

const columns: readonly Column[] = [
	{title: ' ', width: 1},
	{title: 'IMAGE', width: {least: 14, weight: 1}},
	{title: 'ID', width: 12, priority: 0},
	{title: 'AGE', width: 4, align: 'right', priority: 1},
	{title: 'USED', width: 5, align: 'right', priority: 2},
	{title: 'SIZE', width: 7, align: 'right'},
];

// An id says less than a whole name.
const widthForId = 62;

export function imageColumns(width: number): Measured[] {
	return measureColumns(width < widthForId ? columns.filter(({title}) => title !== 'ID') : columns, width).map(measured => ({...measured, index: columns.indexOf(measured.column)}));
}

export type ImageRowOptions = {readonly users: number; readonly selection: RowSelection; readonly nowMs: number};

export function imageRow(image: Image, measured: readonly Measured[], {users, selection, nowMs}: ImageRowOptions): Line {
	return rowLine(measured, [
		selectionMark(selection),
		{text: image.name, tone: nameTone(selection), hug: true},
		{text: shortId(image.id), tone: 'text.muted'},
		{text: rowAge(image.createdMs, nowMs), tone: 'text.muted'},
		{text: users === 0 ? '-' : `×${users}`, tone: users === 0 ? 'text.muted' : 'text'},
		{text: formatBytes(image.sizeBytes), tone: 'text'},
	]);
}

/** `sha256:0123…` → its first twelve digits. */
export function shortId(id: string): string {
	return id.replace(/^sha256:/, '').slice(0, 12);
}
