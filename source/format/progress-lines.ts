/** docker's progress (pkg/jsonmessage): a line for each layer that is rewritten in place on a terminal, plain lines elsewhere. */
import type {ProgressMessage} from '../../engine/index.js';
import {formatBytes} from '../presentation/format-bytes.js';
import {printableText} from './printable-text.js';

export type ProgressLines = {
	/** What to write for a message; '' for one that shows nothing. */
	next(message: ProgressMessage): string;
};

/** For a pipe or a file: what is not merely a step on the way. */
export function plainProgress(): ProgressLines {
	return {
		next(message) {
			const {current} = message.progressDetail ?? {};
			return current === undefined && !isSilent(message) ? `${text(message)}\n` : '';
		},
	};
}

/** For a terminal of that width. */
export function terminalProgress(width: () => number): ProgressLines {
	const lines = new Map<string, number>();
	return {
		next(message) {
			if (isSilent(message)) {
				return '';
			}

			if (message.id === undefined || message.progressDetail === undefined) {
				// What belongs to no layer stands below, and ends the block of those above.
				lines.clear();
				return `${text(message)}\n`;
			}

			const known = lines.get(message.id);
			if (known === undefined) {
				lines.set(message.id, lines.size);
				return `${cut(line(message, width()), width())}\n`;
			}

			const up = lines.size - known;
			return `\u001B[${up}A\u001B[2K\r${cut(line(message, width()), width())}\u001B[${up}B\r`;
		},
	};
}

/** A message for programs only. */
function isSilent({status, stream, aux}: ProgressMessage): boolean {
	return status === undefined && stream === undefined && aux !== undefined;
}

function text({id, status, stream}: ProgressMessage): string {
	return printableText(stream?.replace(/\n$/, '') ?? `${id === undefined ? '' : `${id}: `}${status ?? ''}`);
}

function line(message: ProgressMessage, width: number): string {
	const {current, total} = message.progressDetail ?? {};
	return current === undefined ? text(message) : `${text(message)} ${bar(current, total ?? 0, width)}`;
}

const barCells = 50;

/** `[====>    ]  1.2MB/3.4MB`; without the bar where it does not fit (jsonmessage's rule: 110 columns). */
export function bar(current: number, total: number, width: number): string {
	if (total <= 0) {
		return formatBytes(current, 4).padStart(8);
	}

	const numbers = `${formatBytes(current, 4).padStart(8)}/${formatBytes(total, 4)}`;
	if (width <= 110) {
		return numbers;
	}

	const filled = Math.min(barCells, Math.floor((current / total) * barCells));
	return `[${'='.repeat(Math.max(0, filled - 1))}${filled === 0 ? '' : '>'}${' '.repeat(barCells - filled)}] ${numbers}`;
}

/** A line that wrapped could not be rewritten. */
function cut(whole: string, width: number): string {
	return width > 0 && whole.length >= width ? whole.slice(0, width - 1) : whole;
}
