/**
A plain client of a monitor's socket (engine/native/readme.md, Socket protocol), for tests: it sends whatever frames it is told to, right or wrong, and keeps
what comes back in order. The product's own client is engine/runtime/monitor-client.ts.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import net from 'node:net';
import process from 'node:process';
import type {Readable, Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {encodeFrame, frameType} from '../../engine/runtime/monitor-protocol.js';
import type {Subject} from './native-trees.js';

export type Frame = {readonly type: number; readonly payload: Buffer};
export type Reply = Readonly<Record<string, unknown>> & {readonly ok: boolean; readonly kind?: string; readonly message?: string};
export type Exit = {readonly exitCode: number; readonly signal: number; readonly oomKilled: boolean; readonly finishedAt: string; readonly error?: string};

// A socket made by root is not the user's: connecting is done by a process of his.
const relay = 'const s=require("net").connect({path:process.argv[1],allowHalfOpen:true});process.stdin.pipe(s);s.pipe(process.stdout);s.on("error",()=>{process.exit(1)});s.on("end",()=>{process.stdout.write("",()=>{process.exit(0)})})';

export class MonitorClient {
	/** All frames that came, and where each part of the test has read to. */
	readonly frames: Frame[] = [];
	/** Resolves when the monitor closed the connection. */
	readonly closed: Promise<void>;
	isClosed = false;

	readonly #readable: Readable;
	readonly #writable: Writable;
	readonly #child: ChildProcess | undefined;
	#rest: Buffer = Buffer.alloc(0);
	#repliesRead = 0;

	private constructor(readable: Readable, writable: Writable, child?: ChildProcess) {
		this.#readable = readable;
		this.#writable = writable;
		this.#child = child;
		writable.on('error', () => {}); // The monitor may go before it has read all
		this.closed = new Promise(resolve => {
			const done = () => {
				this.isClosed = true;
				resolve();
			};

			readable.on('error', done);
			readable.on('close', done);
			readable.on('end', () => {
				done();
				this.destroy(); // The monitor takes what we send until we hang up
			});
		});
		readable.on('data', (chunk: Buffer) => {
			this.#take(chunk);
		});
	}

	static async connect(t: ExecutionContext, subject: Subject, socketFile: string): Promise<MonitorClient> {
		if (subject.prefix.length > 0) {
			const [program, ...rest] = [...subject.prefix, process.execPath, '-e', relay, socketFile];
			const child = spawn(program, rest, {stdio: ['pipe', 'pipe', 'ignore']});
			const client = new MonitorClient(child.stdout, child.stdin, child);
			t.teardown(() => {
				client.destroy();
			});
			return client;
		}

		const socket = net.connect({path: socketFile, allowHalfOpen: true});
		const client = new MonitorClient(socket, socket);
		t.teardown(() => {
			client.destroy();
		});
		await once(socket, 'connect');
		return client;
	}

	/** Sends a frame; false when the socket is full. */
	send(type: number, payload?: Uint8Array): boolean {
		return this.#writable.write(encodeFrame(type, payload));
	}

	/** Sends bytes that may be no frame at all. */
	sendRaw(bytes: Uint8Array): boolean {
		return this.#writable.write(bytes);
	}

	/** Sends stdin in frames of 64 KiB as fast as it is taken. */
	async sendInput(data: Uint8Array): Promise<void> {
		for (let at = 0; at < data.length && !this.isClosed; at += 65_536) {
			if (!this.send(frameType.stdin, data.subarray(at, at + 65_536))) {
				await Promise.race([once(this.#writable, 'drain').catch(() => {}), this.closed]);
			}
		}
	}

	/** Sends a command and waits for its reply. */
	async command(type: number, payload?: Uint8Array): Promise<Reply> {
		this.send(type, payload);
		return this.reply();
	}

	async attach(bits = 7): Promise<Reply> {
		return this.command(frameType.attach, Buffer.of(bits));
	}

	async signal(number: number): Promise<Reply> {
		return this.command(frameType.signal, Buffer.of(0, 0, 0, number));
	}

	/** The next reply. */
	async reply(): Promise<Reply> {
		const index = this.#repliesRead++;
		const frame = await this.#until(() => this.frames.filter(({type}) => type === frameType.reply)[index], `reply ${String(index)}`);
		return JSON.parse(String(frame.payload)) as Reply;
	}

	/** How the process ended; checks that nothing follows. */
	async exit(): Promise<Exit> {
		const frame = await this.#until(() => this.frames.find(({type}) => type === frameType.exit), 'exit');
		return JSON.parse(String(frame.payload)) as Exit;
	}

	/** What came on a stream until now. */
	output(type: 1 | 2 = 1): Buffer {
		return Buffer.concat(this.frames.filter(frame => frame.type === type).map(({payload}) => payload));
	}

	async untilOutput(wanted: string | RegExp, type: 1 | 2 = 1): Promise<string> {
		return this.#until(() => {
			const text = String(this.output(type));
			return (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) ? text : undefined;
		}, `output ${String(wanted)}`);
	}

	pause(): void {
		this.#readable.pause();
	}

	resume(): void {
		this.#readable.resume();
	}

	/** Ends what we send; what the monitor sends is still read. */
	endInput(): void {
		this.#writable.end();
	}

	destroy(): void {
		this.#child?.kill('SIGKILL');
		this.#readable.destroy();
		this.#writable.destroy();
	}

	#take(chunk: Buffer): void {
		this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
		while (this.#rest.length >= 8) {
			const end = 8 + this.#rest.readUInt32BE(4);
			if (this.#rest.length < end) {
				return;
			}

			this.frames.push({type: this.#rest[0]!, payload: this.#rest.subarray(8, end)});
			this.#rest = this.#rest.subarray(end);
		}
	}

	async #until<T>(found: () => T | undefined, what: string): Promise<T> {
		const deadline = Date.now() + 30_000;
		for (;;) {
			const value = found();
			if (value !== undefined) {
				return value;
			}

			if (this.isClosed || Date.now() > deadline) {
				throw new Error(`no ${what}: ${this.isClosed ? 'the connection was closed' : 'too late'}; frames: ${this.frames.slice(-5).map(({type, payload}) => `${String(type)} ${String(payload.subarray(0, 200))}`).join(' | ')}`);
			}

			await delay(2);
		}
	}
}
