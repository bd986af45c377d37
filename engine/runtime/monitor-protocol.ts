/**
Frames of a monitor's socket (engine/native/readme.md, Socket protocol): docker's stream header, `type, 0, 0, 0, length u32 big-endian`.
*/
import {EngineError} from '../errors.js';

export const frameType = {
	stdin: 0,
	stdout: 1,
	stderr: 2,
	attach: 16,
	closeStdin: 17,
	resize: 18,
	signal: 19,
	wait: 20,
	start: 21,
	pause: 22,
	unpause: 23,
	stats: 24,
	pids: 25,
	reply: 32,
	exit: 33,
} as const;

export const attachBits = {stdin: 1, stdout: 2, stderr: 4} as const;

export const frameHeaderBytes = 8;

/** Longest JSON payload (reply, exit) that is believed. Output has no such limit: it is passed on piece by piece. */
const maxJsonPayloadBytes = 4 * 1024 * 1024;

export function frameHeader(type: number, length: number): Buffer {
	const header = Buffer.alloc(frameHeaderBytes);
	header[0] = type;
	header.writeUInt32BE(length, 4);
	return header;
}

export function encodeFrame(type: number, payload?: Uint8Array): Buffer {
	const header = frameHeader(type, payload?.length ?? 0);
	return payload === undefined ? header : Buffer.concat([header, payload]);
}

export type FrameHandlers = {
	/** A piece of output; a long frame comes in several. The buffer belongs to the receiver. */
	readonly output: (stream: 'stdout' | 'stderr', data: Buffer) => void;
	readonly reply: (report: Readonly<Record<string, unknown>>) => void;
	readonly exit: (report: Readonly<Record<string, unknown>>) => void;
};

/**
Takes the socket's bytes as they come, in pieces of any size. Throws `system` for bytes that are not a monitor's, after which it must not be used.
*/
export function frameReader(handlers: FrameHandlers): (chunk: Buffer) => void {
	let header = Buffer.alloc(0); // Fewer than 8 bytes of the next header
	let type = -1; // Of the frame being read; -1 between frames
	let remaining = 0;
	let payload: Buffer[] = []; // Of a JSON frame

	const take = (data: Buffer) => {
		remaining -= data.length;
		if (type === frameType.stdout || type === frameType.stderr) {
			if (data.length > 0) {
				handlers.output(type === frameType.stdout ? 'stdout' : 'stderr', data);
			}
		} else {
			payload.push(data);
		}

		if (remaining === 0) {
			const ended = type;
			type = -1;
			if (ended === frameType.reply || ended === frameType.exit) {
				const report = parseReport(payload.length === 1 ? payload[0]! : Buffer.concat(payload));
				payload = [];
				(ended === frameType.reply ? handlers.reply : handlers.exit)(report);
			}
		}
	};

	return chunk => {
		let rest = chunk;
		while (rest.length > 0) {
			if (type === -1) {
				if (header.length + rest.length < frameHeaderBytes) {
					header = Buffer.concat([header, rest]);
					return;
				}

				const used = frameHeaderBytes - header.length;
				const whole = header.length === 0 ? rest : Buffer.concat([header, rest.subarray(0, used)]);
				header = Buffer.alloc(0);
				type = whole[0]!;
				remaining = whole.readUInt32BE(4);
				checkHeader(type, remaining);
				rest = rest.subarray(used);
				if (remaining === 0) {
					take(rest.subarray(0, 0));
				}

				continue;
			}

			const piece = rest.subarray(0, remaining);
			rest = rest.subarray(piece.length);
			take(piece);
		}
	};
}

function checkHeader(type: number, length: number): void {
	const isOutput = type === frameType.stdout || type === frameType.stderr;
	const isJson = type === frameType.reply || type === frameType.exit;
	if (!isOutput && (!isJson || length > maxJsonPayloadBytes)) {
		throw new EngineError('system', `unexpected frame from the monitor (type ${type}, ${length} bytes)`);
	}
}

function parseReport(payload: Buffer): Readonly<Record<string, unknown>> {
	try {
		const report: unknown = JSON.parse(payload.toString('utf8'));
		if (typeof report === 'object' && report !== null) {
			return report as Record<string, unknown>;
		}
	} catch {}

	throw new EngineError('system', 'the monitor sent a report that is not JSON');
}
