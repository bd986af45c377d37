/** Lines of a log, the newest kept: whole chunks are let go when the bytes are over the limit. Every operation gives a new value and shares the old parts. */
import type {LogChunk, LogLine, LogsState} from './app-state.js';

export const bufferLimitBytes = 2 * 1024 * 1024;
const smallChunk = 256;
// Beside its characters a line costs about this much.
const lineOverheadBytes = 64;

type Buffer = Pick<LogsState, 'chunks' | 'lineCount' | 'bytes' | 'dropped'>;

export const emptyBuffer: Buffer = {chunks: [], lineCount: 0, bytes: 0, dropped: 0};

/** `skipped` lines came between what is kept and these, and were let go at once. */
export function appendLines(buffer: Buffer, lines: readonly LogLine[], {skipped = 0, limitBytes = bufferLimitBytes}: {readonly skipped?: number; readonly limitBytes?: number} = {}): Buffer {
	// Numbers must stay without gaps: what was before the gap goes too.
	const kept = skipped > 0 ? {...emptyBuffer, dropped: buffer.dropped + buffer.lineCount + skipped} : buffer;
	const chunks = [...kept.chunks];
	const last = chunks.at(-1);
	if (last !== undefined && last.lines.length < smallChunk) {
		chunks[chunks.length - 1] = chunkOf([...last.lines, ...lines]);
	} else if (lines.length > 0) {
		chunks.push(chunkOf(lines));
	}

	let bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
	let lineCount = kept.lineCount + lines.length;
	let {dropped} = kept;
	let gone = 0;
	while (bytes > limitBytes && gone < chunks.length - 1) {
		const chunk = chunks[gone++]!;
		bytes -= chunk.bytes;
		lineCount -= chunk.lines.length;
		dropped += chunk.lines.length;
	}

	return {chunks: chunks.slice(gone), lineCount, bytes, dropped};
}

/** Number of the newest line; one less than the first one's number when there is none. */
export function lastNumber({dropped, lineCount}: Buffer): number {
	return dropped + lineCount - 1;
}

export type NumberedLine = {readonly number: number; readonly line: LogLine};

/** From a line towards older ones. */
export function * linesBefore({chunks, dropped, lineCount}: Buffer, from: number): Generator<NumberedLine> {
	let end = dropped + lineCount;
	for (let index = chunks.length - 1; index >= 0; index--) {
		const {lines} = chunks[index]!;
		const start = end - lines.length;
		for (let number = Math.min(from, end - 1); number >= start; number--) {
			yield {number, line: lines[number - start]!};
		}

		end = start;
	}
}

/** From a line towards newer ones. */
export function * linesAfter({chunks, dropped}: Buffer, from: number): Generator<NumberedLine> {
	let start = dropped;
	for (const {lines} of chunks) {
		for (let number = Math.max(from, start); number < start + lines.length; number++) {
			yield {number, line: lines[number - start]!};
		}

		start += lines.length;
	}
}

function chunkOf(lines: readonly LogLine[]): LogChunk {
	return {lines, bytes: lines.reduce((sum, {text, time}) => sum + text.length + time.length + lineOverheadBytes, 0)};
}
