/**
A connection to the monitor of a container or an exec session (engine/native/readme.md, Socket protocol).
*/
import net, {type Socket} from 'node:net';
import {EngineError, errorCode, systemError} from '../errors.js';
import {attachBits, encodeFrame, frameHeader, frameReader, frameType} from './monitor-protocol.js';
import {reportedError, type NativeReport} from './native-program.js';

export type MonitorExit = {
	readonly exitCode: number; // 0..255, 128 + n for signal n
	readonly signal?: number;
	readonly oomKilled: boolean;
	readonly finishedAt: string; // RFC 3339
};

export type MonitorOutput = {readonly stream: 'stdout' | 'stderr'; readonly data: Buffer};

/** Output that nobody has read yet; beyond it the socket is not read, so the monitor, then the container, waits. */
const maxQueuedBytes = 1024 * 1024;

/**
Connects. Undefined when nobody listens (the process ended, or never started); throws `system` for anything else. Whoever gets a connection closes it.
*/
export async function connectMonitor(socketFile: string): Promise<MonitorConnection | undefined> {
	return new Promise((resolve, reject) => {
		const socket = net.connect({path: socketFile});
		socket.once('error', error => {
			const code = errorCode(error);
			// Reset: it ended between our connecting and its accepting.
			if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET') {
				resolve(undefined);
			} else {
				reject(systemError(`connecting to ${socketFile}`, error));
			}
		});
		socket.once('connect', () => {
			socket.removeAllListeners('error');
			resolve(new MonitorConnection(socket));
		});
	});
}

type Pending = {readonly resolve: (report: NativeReport) => void; readonly reject: (error: unknown) => void};

export class MonitorConnection {
	/** Output after `attach`, until the process ended or the connection is closed. May be iterated once. */
	readonly output: AsyncIterable<MonitorOutput>;
	/** How it ended: told after the last byte of output was sent. Undefined when the connection ended without telling. */
	readonly exit: Promise<MonitorExit | undefined>;

	readonly #socket: Socket;
	readonly #pending: Pending[] = [];
	readonly #queue: MonitorOutput[] = [];
	#queuedBytes = 0;
	#ended = false;
	#wake: (() => void) | undefined;
	#told: (exit: MonitorExit | undefined) => void = () => {};

	constructor(socket: Socket) {
		this.#socket = socket;
		this.exit = new Promise(resolve => {
			this.#told = resolve;
		});
		this.output = {[Symbol.asyncIterator]: () => this.#readOutput()};
		const read = frameReader({
			output: (stream, data) => {
				this.#enqueue({stream, data});
			},
			reply: report => {
				this.#settle(report);
			},
			exit: report => {
				this.#told(parseExit(report));
			},
		});
		socket.on('data', chunk => {
			try {
				read(chunk);
			} catch (error) {
				this.#finish(error);
			}
		});
		socket.on('error', error => {
			// Reset: it went while we were still writing.
			const isGone = ['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '');
			this.#finish(isGone ? monitorGone() : systemError('talking to the monitor', error));
		});
		socket.on('close', () => {
			this.#finish(monitorGone());
		});
		// Stdin may be shut by us while output goes on; the monitor never half-closes, its end means all is over.
		socket.on('end', () => {
			socket.destroy();
		});
	}

	/** Asks for the streams; output follows the reply. */
	async attach(streams: {readonly stdin?: boolean; readonly stdout?: boolean; readonly stderr?: boolean}): Promise<void> {
		const bits = (streams.stdin ? attachBits.stdin : 0) | (streams.stdout ? attachBits.stdout : 0) | (streams.stderr ? attachBits.stderr : 0);
		await this.command(frameType.attach, Buffer.of(bits));
	}

	/** Releases a created container. Rejects with the kind and exit code (126, 127, 128) when the program can't be run. */
	async start(): Promise<void> {
		await this.command(frameType.start);
	}

	/** Asks to be told the exit; `exit` settles then. */
	async wait(): Promise<void> {
		await this.command(frameType.wait);
	}

	async signal(number: number): Promise<void> {
		const payload = Buffer.alloc(4);
		payload.writeUInt32BE(number);
		await this.command(frameType.signal, payload);
	}

	async resize({rows, columns}: {readonly rows: number; readonly columns: number}): Promise<void> {
		const payload = Buffer.alloc(4);
		payload.writeUInt16BE(Math.min(rows, 0xFF_FF));
		payload.writeUInt16BE(Math.min(columns, 0xFF_FF), 2);
		await this.command(frameType.resize, payload);
	}

	/** Sends a command and waits for its reply; replies come in the order of the commands. */
	async command(type: number, payload?: Uint8Array): Promise<NativeReport> {
		return new Promise((resolve, reject) => {
			if (this.#ended) {
				reject(monitorGone());
				return;
			}

			this.#pending.push({resolve, reject});
			this.#socket.write(encodeFrame(type, payload));
		});
	}

	/** Sends bytes to stdin; resolves when the kernel took them. A no-op once the process is gone. */
	async write(data: Uint8Array): Promise<void> {
		return new Promise(resolve => {
			if (this.#ended || data.length === 0) {
				resolve();
				return;
			}

			this.#socket.cork(); // Header and data in one writev, without copying the data
			this.#socket.write(frameHeader(frameType.stdin, data.length));
			this.#socket.write(data, () => {
				resolve(); // Also after an error: that one is told by `exit`
			});
			this.#socket.uncork();
		});
	}

	/** End of stdin. */
	async closeStdin(): Promise<void> {
		if (!this.#ended) {
			await this.command(frameType.closeStdin).catch(() => {});
		}
	}

	/** An idle connection must not keep the program alive. */
	unref(): void {
		this.#socket.unref();
	}

	close(): void {
		this.#socket.destroy();
		this.#finish(new EngineError('unavailable', 'the connection to the monitor was closed', {code: 'monitorGone'}));
	}

	#enqueue(output: MonitorOutput): void {
		this.#queue.push(output);
		this.#queuedBytes += output.data.length;
		if (this.#queuedBytes > maxQueuedBytes) {
			this.#socket.pause();
		}

		this.#wake?.();
	}

	async *#readOutput(): AsyncGenerator<MonitorOutput> {
		for (;;) {
			const next = this.#queue.shift();
			if (next !== undefined) {
				this.#queuedBytes -= next.data.length;
				if (this.#queuedBytes <= maxQueuedBytes && this.#socket.isPaused()) {
					this.#socket.resume();
				}

				yield next;
			} else if (this.#ended) {
				return;
			} else {
				await new Promise<void>(resolve => {
					this.#wake = resolve;
				});
				this.#wake = undefined;
			}
		}
	}

	#settle(report: NativeReport): void {
		const pending = this.#pending.shift();
		if (report['ok'] === true) {
			pending?.resolve(report);
		} else {
			pending?.reject(reportedError(report));
		}
	}

	#finish(error: unknown): void {
		if (this.#ended) {
			return;
		}

		this.#ended = true;
		this.#socket.destroy();
		for (const pending of this.#pending.splice(0)) {
			pending.reject(error);
		}

		this.#told(undefined);
		this.#wake?.();
	}
}

function monitorGone(): EngineError {
	return new EngineError('unavailable', 'the monitor closed the connection', {code: 'monitorGone'});
}

function parseExit(report: NativeReport): MonitorExit {
	const {signal} = report;
	return {
		exitCode: typeof report['exitCode'] === 'number' ? report['exitCode'] : 137,
		oomKilled: report['oomKilled'] === true,
		finishedAt: typeof report['finishedAt'] === 'string' ? report['finishedAt'] : new Date().toISOString(),
		...(typeof signal === 'number' && signal > 0 ? {signal} : {}),
	};
}
