import type {LogLine} from '../state/app-state.js';
import {takeColumns, textWidth} from './graphemes.js';
import {fitLine, lineWidth, wrapLine, type Line, type Span} from './line.js';
import {safeStyledText, safeText} from './safe-text.js';

export type LogLineOptions = {
	readonly width: number;
	readonly wrap: boolean;
	readonly timestamps: boolean;
	/** Columns scrolled to the right, when not wrapped. */
	readonly left: number;
	/** Shown where it is found. */
	readonly filter: string;
};

// A longer line is not measured to its end: nobody reads it here.
const longestShown = 8192;

/** The rows of one line of a log: a sign for the error stream, the time when wanted, the text in its own colours. */
export function logRows(line: LogLine, options: LogLineOptions): Line[] {
	const {width, wrap, timestamps, left} = options;
	const text = safeStyledText(line.text.slice(0, longestShown)).map(({text, style}): Span => (style.attributes === 0 && style.foreground === '' && style.background === '' ? {text} : {text, style}));
	const lead: Span[] = [line.stream === 'stderr' ? {text: '┃', tone: 'log.stderr'} : {text: ' '}];
	if (timestamps) {
		lead.push({text: `${shortTime(line.time)} `, tone: 'log.time'});
	}

	const leadWidth = lead.reduce((sum, {text}) => sum + textWidth(text), 0);
	const body = markMatches(text, options.filter);
	if (wrap) {
		const rows = wrapLine(body, Math.max(1, width - leadWidth));
		return rows.map((row, index) => [...(index === 0 ? lead : [{text: ' '.repeat(leadWidth)}]), ...row]);
	}

	const shown = left > 0 ? skipColumns(body, left) : body;
	return [cutMarked([...lead, ...shown], width)];
}

// That there is more to the right is to be seen.
function cutMarked(line: Line, width: number): Line {
	return lineWidth(line) > width && width > 1 ? [...fitLine(line, width - 1), {text: '…', tone: 'text.muted'}] : fitLine(line, width);
}

/** How many rows `logRows` gives. */
export function logRowCount(line: LogLine, {width, wrap, timestamps}: Pick<LogLineOptions, 'width' | 'wrap' | 'timestamps'>): number {
	if (!wrap) {
		return 1;
	}

	return logRows(line, {width, wrap, timestamps, left: 0, filter: ''}).length;
}

/** `12:01:07.123`, in the zone of whoever looks. */
export function shortTime(time: string): string {
	const date = new Date(time);
	if (Number.isNaN(date.getTime())) {
		return ' '.repeat(12);
	}

	const part = (value: number, digits = 2) => String(value).padStart(digits, '0');
	return `${part(date.getHours())}:${part(date.getMinutes())}:${part(date.getSeconds())}.${part(date.getMilliseconds(), 3)}`;
}

function skipColumns(line: Line, columns: number): Line {
	const rest: Span[] = [];
	let left = columns;
	for (const piece of line) {
		const skipped = takeColumns(piece.text, left);
		left -= textWidth(skipped);
		const text = piece.text.slice(skipped.length);
		if (text !== '') {
			rest.push({...piece, text});
			left = 0;
		}
	}

	return rest;
}

function markMatches(line: Line, filter: string): Line {
	const words = safeText(filter).split(' ').filter(word => word !== '');
	if (words.length === 0) {
		return line;
	}

	const pattern = new RegExp(`(${words.map(word => word.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)).join('|')})`, filter === filter.toLowerCase() ? 'i' : '');
	return line.flatMap(piece => piece.text.split(pattern).map((text, index): Span => (index % 2 === 1 ? {text, tone: 'match'} : {...piece, text})).filter(({text}) => text !== ''));
}
