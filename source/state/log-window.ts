/** Which lines of a log are on the screen. */
import type {LogLine, LogsState} from './app-state.js';
import {lastNumber, linesAfter, linesBefore, type NumberedLine} from './log-buffer.js';
import {matches} from './selectors.js';

export type WindowOptions = {
	/** Rows of the pane. */
	readonly capacity: number;
	/** Rows that a line takes. */
	readonly rowsOf: (line: LogLine) => number;
};

/** The lines that fill the rows, oldest first, ending with the last one shown; when there are too few above it, more from below. */
export function logWindow(logs: LogsState, {capacity, rowsOf}: WindowOptions): NumberedLine[] {
	const end = logs.follow ? lastNumber(logs) : Math.min(logs.lastShown, lastNumber(logs));
	const shown: NumberedLine[] = [];
	let rows = 0;
	for (const entry of linesBefore(logs, end)) {
		if (rows >= capacity) {
			break;
		}

		if (isShown(logs, entry.line)) {
			shown.push(entry);
			rows += rowsOf(entry.line);
		}
	}

	shown.reverse();
	for (const entry of rows < capacity ? linesAfter(logs, end + 1) : []) {
		if (rows >= capacity) {
			break;
		}

		if (isShown(logs, entry.line)) {
			shown.push(entry);
			rows += rowsOf(entry.line);
		}
	}

	return shown;
}

/** The number of the line that is so many shown lines above (negative) or below; follows again when that is the newest. */
export function scrollLogs(logs: LogsState, by: number): Pick<LogsState, 'follow' | 'lastShown'> {
	const from = logs.follow ? lastNumber(logs) : logs.lastShown;
	let left = Math.abs(by);
	let reached = from;
	for (const {number, line} of by < 0 ? linesBefore(logs, from - 1) : linesAfter(logs, from + 1)) {
		if (isShown(logs, line)) {
			reached = number;
			if (--left === 0) {
				return {follow: number === lastNumber(logs), lastShown: number};
			}
		}
	}

	return by > 0 ? {follow: true, lastShown: lastNumber(logs)} : {follow: false, lastShown: reached};
}

/** The place where the oldest lines are shown, given the rows there are. */
export function firstWindow(logs: LogsState, capacity: number): Pick<LogsState, 'follow' | 'lastShown'> {
	let left = capacity;
	for (const {number, line} of linesAfter(logs, logs.dropped)) {
		if (isShown(logs, line) && --left === 0) {
			return {follow: false, lastShown: number};
		}
	}

	return {follow: false, lastShown: lastNumber(logs)};
}

function isShown({filter}: LogsState, {text}: LogLine): boolean {
	return filter === '' || matches(text, filter);
}
