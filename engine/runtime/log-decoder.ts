/**
Decoding docker's json-file log lines: `{"log":"text\n","stream":"stdout","time":"2026-11-21T00:00:00.000000000Z"}`.

A million lines take some tenths of a second, so lines of the exact form the monitor writes are taken apart as bytes, and what is output is many lines in one piece. Any other form of
the same JSON goes through JSON.parse.
*/

export type LogPiece = {readonly stream: 'stdout' | 'stderr'; readonly data: Buffer};

export type LogFilter = {
	readonly stdout: boolean;
	readonly stderr: boolean;
	/** RFC 3339 with nine digits, UTC: such times sort as text. Inclusive. */
	readonly since?: string;
	/** The same. Exclusive: the first line at or after it ends the reading. */
	readonly until?: string;
	readonly timestamps: boolean;
};

export type LogDecoder = {
	/** Decodes all whole lines of the bytes; returns how many bytes those were. */
	decode(bytes: Buffer): number;
	/** Takes what was decoded so far. */
	take(): LogPiece[];
	/** A line at or after `until` was seen. */
	readonly isPastEnd: boolean;
};

const newline = 0x0A;
const quote = 0x22;
const backslash = 0x5C;
const prefixBytes = '{"log":"'.length;
const streamOffset = '","stream":"std'.length; // Of the letter that tells stdout from stderr
const timeOffset = '","stream":"stdout","time":"'.length;
const timeBytes = '2026-11-21T00:00:00.000000000Z'.length;
const suffixBytes = timeOffset + timeBytes + '"}'.length;
const pieceBytes = 128 * 1024;

export function logDecoder(filter: LogFilter): LogDecoder {
	const pieces: LogPiece[] = [];
	const since = filter.since === undefined ? undefined : Buffer.from(filter.since);
	const until = filter.until === undefined ? undefined : Buffer.from(filter.until);
	const isPlain = filter.stdout && filter.stderr && since === undefined && until === undefined && !filter.timestamps;
	let out = Buffer.allocUnsafe(pieceBytes);
	let start = 0; // Of the piece being filled
	let used = 0;
	let isStderr = false;
	let isPastEnd = false;

	const cut = () => {
		if (used > start) {
			pieces.push({stream: isStderr ? 'stderr' : 'stdout', data: out.subarray(start, used)});
		}

		start = used;
	};

	/** Room for so many bytes of a stream. */
	const reserve = (bytes: number, stderr: boolean) => {
		if (stderr !== isStderr) {
			cut();
			isStderr = stderr;
		}

		if (used + bytes > out.length) {
			cut();
			out = Buffer.allocUnsafe(Math.max(pieceBytes, bytes));
			start = 0;
			used = 0;
		}
	};

	const copy = (bytes: Buffer, from: number, to: number) => {
		if (to - from > 48) {
			bytes.copy(out, used, from, to);
			used += to - from;
			return;
		}

		for (let index = from; index < to; index++) { // A call costs more than a few bytes
			out[used++] = bytes[index]!;
		}
	};

	/** The filter for one line; `time` may be a part of a larger buffer. */
	const isWanted = (bytes: Buffer, time: number, stderr: boolean) => {
		if (until !== undefined && bytes.compare(until, 0, timeBytes, time, time + timeBytes) >= 0) {
			isPastEnd = true;
			return false;
		}

		return (stderr ? filter.stderr : filter.stdout) && (since === undefined || bytes.compare(since, 0, timeBytes, time, time + timeBytes) >= 0);
	};

	const stamp = (bytes: Buffer, time: number) => {
		if (filter.timestamps) {
			copy(bytes, time, time + timeBytes);
			out[used++] = 0x20;
		}
	};

	/** A line of any form, without its newline. */
	const decodeSlowly = (line: Buffer) => {
		let entry: {log?: unknown; stream?: unknown; time?: unknown};
		try {
			entry = JSON.parse(line.toString('utf8')) as typeof entry;
		} catch {
			return; // Cut short by a full disk or a crash
		}

		if (typeof entry.log !== 'string') {
			return;
		}

		const text = Buffer.from(entry.log);
		const time = Buffer.from(normalTime(entry.time));
		const stderr = entry.stream === 'stderr';
		if (isWanted(time, 0, stderr)) {
			reserve(text.length + timeBytes + 1, stderr);
			stamp(time, 0);
			copy(text, 0, text.length);
		}
	};

	/** Unescapes [from, to), which holds no surrogate escapes. False when it does. */
	const unescape = (bytes: Buffer, from: number, to: number, first: number): boolean => {
		let position = from;
		let escape = first;
		while (escape !== -1 && escape < to) {
			copy(bytes, position, escape);
			const letter = bytes[escape + 1]!;
			const plain = simpleEscapes[letter];
			if (plain !== undefined && plain !== 0) {
				out[used++] = plain;
				position = escape + 2;
			} else {
				const code = letter === 0x75 ? Number.parseInt(bytes.toString('latin1', escape + 2, escape + 6), 16) : Number.NaN;
				if (Number.isNaN(code) || (code >= 0xD8_00 && code <= 0xDF_FF)) {
					return false;
				}

				used += out.write(String.fromCharCode(code), used);
				position = escape + 6;
			}

			escape = bytes.indexOf(backslash, position);
		}

		copy(bytes, position, to);
		return true;
	};

	/** True when the line has the form the monitor writes, its text ending at `end`. Quotes in a text are escaped, so a bare one ends it. */
	const isUsual = (bytes: Buffer, line: number, end: number, lineEnd: number) =>
		end >= line + prefixBytes
		&& bytes[line + 2] === 0x6C // The l of "log"
		&& bytes[line + prefixBytes - 1] === quote
		&& bytes[end] === quote
		&& bytes[end + 3] === 0x73 // The s of "stream"
		&& bytes[end + timeOffset - 1] === quote
		&& bytes[lineEnd - 1] === 0x7D;

	return {
		get isPastEnd() {
			return isPastEnd;
		},
		decode(bytes) {
			let line = 0;
			while (line < bytes.length) {
				if (isPastEnd) {
					return line;
				}

				const lineEnd = bytes.indexOf(newline, line);
				if (lineEnd === -1) {
					return line;
				}

				const text = line + prefixBytes;
				const end = lineEnd - suffixBytes;
				if (isUsual(bytes, line, end, lineEnd)) {
					const stderr = bytes[end + streamOffset] === 0x65;
					if (isPlain || isWanted(bytes, end + timeOffset, stderr)) {
						reserve(end - text + timeBytes + 1, stderr);
						const before = used;
						stamp(bytes, end + timeOffset);
						const escape = bytes.indexOf(backslash, text);
						if (escape === end - 2 && bytes[escape + 1] === 0x6E) { // Nearly every line: one escape, the newline at its end
							copy(bytes, text, escape);
							out[used++] = newline;
						} else if (!unescape(bytes, text, end, escape)) {
							used = before;
							decodeSlowly(bytes.subarray(line, lineEnd));
						}
					}
				} else {
					decodeSlowly(bytes.subarray(line, lineEnd));
				}

				line = lineEnd + 1;
			}

			return line;
		},
		take() {
			cut();
			return pieces.splice(0);
		},
	};
}

/** JSON's two-character escapes by their letter; 0 elsewhere. */
const simpleEscapes = (() => {
	const table = new Uint8Array(256);
	for (const [letter, value] of Object.entries({n: 10, t: 9, r: 13, b: 8, f: 12, '"': 34, '\\': 92, '/': 47})) {
		table[letter.charCodeAt(0)] = value;
	}

	return table;
})();

/** Nine digits and Z, so that times compare as text. */
function normalTime(time: unknown): string {
	const match = typeof time === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time) : null;
	return match === null ? '0001-01-01T00:00:00.000000000Z' : `${match[1]!}.${(match[2] ?? '').padEnd(9, '0')}Z`;
}

/** Unix seconds as such a time. */
export function logTime(unixSeconds: number): string {
	const seconds = Math.floor(unixSeconds);
	const nanoseconds = Math.min(999_999_999, Math.round((unixSeconds - seconds) * 1e9));
	return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanoseconds).padStart(9, '0')}Z`;
}
