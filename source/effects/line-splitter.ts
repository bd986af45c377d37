/** Output in pieces → lines with their time. */
import {StringDecoder} from 'node:string_decoder';
import type {LogLine} from '../state/app-state.js';

// A "line" without an end is cut here.
const longestLine = 64 * 1024;
const timePattern = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) /;

export class LineSplitter {
	readonly #stream: LogLine['stream'];
	readonly #decoder = new StringDecoder();
	#rest = '';

	constructor(stream: LogLine['stream']) {
		this.#stream = stream;
	}

	push(data: Buffer): LogLine[] {
		const lines = (this.#rest + this.#decoder.write(data)).split('\n');
		this.#rest = lines.pop() ?? '';
		if (this.#rest.length > longestLine) {
			lines.push(this.#rest);
			this.#rest = '';
		}

		return lines.map(line => this.#toLine(line));
	}

	/** What came without a line end, when nothing more comes. */
	end(): LogLine[] {
		const rest = this.#rest + this.#decoder.end();
		this.#rest = '';
		return rest === '' ? [] : [this.#toLine(rest)];
	}

	#toLine(line: string): LogLine {
		const time = timePattern.exec(line)?.[0] ?? '';
		return {stream: this.#stream, time: time.trimEnd(), text: line.slice(time.length)};
	}
}
