import type {Container, Verb} from '../state/app-state.js';
import {measureColumns, rowLine, type Column, type Measured} from './columns.js';
import {stateMark} from './container-state.js';
import type {Line} from './line.js';
import {rowAge} from './row-age.js';
import {nameTone, selectionMark, type RowSelection} from './selection-mark.js';

const columns: readonly Column[] = [
	{title: ' ', width: 1},
	{title: ' ', width: 1},
	{title: 'STATE', width: 11},
	{title: 'NAME', width: {least: 10, weight: 3}},
	{title: 'IMAGE', width: {least: 12, weight: 3}, priority: 2},
	{title: 'FOR', width: 4, align: 'right', priority: 3},
	{title: 'PORTS', width: {least: 14, weight: 1}, priority: 1},
	{title: 'COMMAND', width: {least: 34, weight: 2}, priority: 0},
];

/** Without the column of ports when there are none to show. */
export function containerColumns(width: number, {hasPorts}: {readonly hasPorts: boolean}): Measured[] {
	return measureColumns(hasPorts ? columns : columns.filter(({title}) => title !== 'PORTS'), width).map(measured => ({...measured, index: columns.indexOf(measured.column)}));
}

export type ContainerRowOptions = {readonly busy: Verb | undefined; readonly selection: RowSelection; readonly nowMs: number};

export function containerRow(container: Container, measured: readonly Measured[], {busy, selection, nowMs}: ContainerRowOptions): Line {
	const mark = stateMark(container, busy);
	return rowLine(measured, [
		selectionMark(selection),
		{text: mark.glyph, tone: mark.tone},
		{text: mark.word, tone: mark.tone},
		{text: container.name, tone: nameTone(selection), hug: true},
		{text: container.image, tone: 'text.muted'},
		{text: rowAge(container.sinceMs ?? container.createdMs, nowMs), tone: 'text.muted'},
		{text: container.ports, tone: 'text.muted'},
		{text: container.command, tone: 'text.muted'},
	]);
}
