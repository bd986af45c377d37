import type {Layer} from '../state/app-state.js';
import {measureColumns, rowLine, type Column, type Measured} from './columns.js';
import {formatBytes} from './format-bytes.js';
import {shortId} from './image-row.js';
import type {Line} from './line.js';
import {safeText} from './safe-text.js';
import {nameTone, selectionMark, type RowSelection} from './selection-mark.js';

const columns: readonly Column[] = [
	{title: ' ', width: 1},
	{title: '#', width: 2, align: 'right', priority: 1},
	{title: 'LAYER', width: 12},
	{title: 'SIZE', width: 7, align: 'right'},
	{title: 'SHARED', width: 6, align: 'right', priority: 0},
	{title: 'MADE BY', width: {least: 18, weight: 1}},
];

export function layerColumns(width: number): Measured[] {
	return measureColumns(columns, width);
}

export type LayerRowOptions = {readonly number: number; readonly selection: RowSelection};

export function layerRow(layer: Layer, measured: readonly Measured[], {number, selection}: LayerRowOptions): Line {
	const shared = layer.SharedWith.length;
	return rowLine(measured, [
		selectionMark(selection),
		{text: String(number), tone: 'text.muted'},
		{text: shortId(layer.DiffId), tone: nameTone(selection), hug: true},
		{text: formatBytes(layer.Size), tone: 'text'},
		{text: shared === 0 ? '-' : `+${shared}`, tone: 'text.muted'},
		{text: madeBy(layer.CreatedBy), tone: 'text.muted'},
	]);
}

/** The instruction as its author wrote it: without the shell and the markers that builders put around it. */
export function madeBy(command: string): string {
	const text = safeText(command).replaceAll(/\s+/g, ' ').trim();
	const instruction = text
		.replace(/^\/bin\/sh -c #\(nop\)\s*/, '')
		.replace(/^(RUN )?(\|\d+ .*?)?\/bin\/sh -c /, 'RUN ')
		.replace(/ ?# buildkit$/, '');
	return instruction === '' ? '(not said)' : instruction;
}
