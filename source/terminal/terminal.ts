/**
The terminal, owned by one module: alternate screen, keys, mouse, paste and clipboard, giving it to a shell and taking it back, resizing, stopping with
ctrl-z, and putting it right on any exit. Ink draws into `frames`; what reaches the terminal is the difference to what it shows.
*/
import fs from 'node:fs';
import process from 'node:process';
import {StringDecoder} from 'node:string_decoder';
import type tty from 'node:tty';
import {Canvas} from './canvas.js';
import {guardExit} from './exit-guard.js';
import {FrameStream, SilentInput} from './frame-stream.js';
import {type Grid} from './grid.js';
import {InputParser, type InputEvent} from './input-parser.js';
import {askBackground, giveBack, mouseMode, plainModes, setClipboard, takeOver} from './modes.js';
import {Screen} from './screen.js';
import {StyleTable} from './style-table.js';

export type Size = {readonly columns: number; readonly rows: number};

export type TerminalListener = {
	onInput(event: InputEvent): void;
	onResize(size: Size): void;
	/** The terminal is gone: nothing can be shown any more. */
	onHangUp(): void;
};

/** What a guest of the terminal (a shell in a container) gets: bytes in, bytes out, in raw mode on the main screen. */
export type GuestTerminal = {
	readonly size: Size;
	write(data: Uint8Array | string): void;
	onInput(listener: (data: Buffer) => void): void;
	onResize(listener: (size: Size) => void): void;
};

type Output = tty.WriteStream & {readonly fd: number};

export type TerminalOptions = {
	readonly input: tty.ReadStream;
	readonly output: Output;
	readonly mouse?: boolean;
	/** It reads nothing but ASCII. */
	readonly isAscii?: boolean;
};

// How long a lone escape waits for the rest of a sequence.
const escapeTimeoutMs = 30;
const mostStyles = 4096;

export class Terminal {
	readonly canvas: Canvas;
	readonly frames: FrameStream;
	readonly silentInput = new SilentInput();
	/** Frames and bytes sent so far, for measuring. */
	readonly sent = {frames: 0, bytes: 0};
	readonly #input: tty.ReadStream;
	readonly #output: Output;
	readonly #screen: Screen;
	readonly #parser = new InputParser();
	readonly #stopGuard: () => void;
	#listener: TerminalListener | undefined;
	#mouse: boolean;
	/** Whose the terminal is: nobody's before `open` and after `close`, lent to a guest or stopped. */
	#owner: 'nobody' | 'us' | 'guest' | 'shell' = 'nobody';
	readonly #decoder = new StringDecoder();
	#grid: Grid | undefined;
	#guestInput: ((data: Buffer) => void) | undefined;
	/** What was typed before the guest listened. */
	#guestBacklog: Buffer[] = [];
	#guestResize: ((size: Size) => void) | undefined;
	#escapeTimer: NodeJS.Timeout | undefined;

	constructor({input, output, mouse = true, isAscii = false}: TerminalOptions) {
		this.#input = input;
		this.#output = output;
		this.#mouse = mouse;
		const styles = new StyleTable();
		this.canvas = new Canvas(styles, {isAscii});
		this.#screen = new Screen(styles, this.size, text => {
			this.sent.frames++;
			this.#send(text);
		});
		this.frames = new FrameStream(this.size, frame => {
			// Colours of logs are the containers' own, and there may be millions of them.
			if (styles.size > mostStyles) {
				styles.clear();
				this.#screen.forget();
			}

			this.#show(this.canvas.paint(frame, this.size.columns, this.size.rows));
		});
		this.#stopGuard = guardExit(this.#restore);
	}

	get size(): Size {
		return {columns: this.#output.columns || 80, rows: this.#output.rows || 24};
	}

	open(listener: TerminalListener): void {
		this.#listener = listener;
		this.#input.on('data', this.#onData);
		this.#input.on('end', this.#onHangUp);
		this.#input.on('error', this.#onHangUp);
		this.#output.on('error', this.#onHangUp);
		this.#output.on('resize', this.#onResize);
		process.on('SIGTSTP', this.#onStopSignal);
		this.#input.setRawMode(true);
		this.#input.resume();
		this.#enter();
		this.#send(askBackground);
	}

	/** Gives the terminal back for good. */
	close(): void {
		if (this.#owner === 'nobody') {
			this.#stopGuard();
			return;
		}

		clearTimeout(this.#escapeTimer);
		this.#restore();
		this.#stopGuard();
		this.#input.off('data', this.#onData);
		this.#input.off('end', this.#onHangUp);
		this.#input.off('error', this.#onHangUp);
		this.#output.off('resize', this.#onResize);
		process.off('SIGTSTP', this.#onStopSignal);
		this.#input.pause();
		this.#input.unref();
	}

	setMouse(isOn: boolean): void {
		if (isOn !== this.#mouse) {
			this.#mouse = isOn;
			if (this.#owner === 'us') {
				this.#send(mouseMode(isOn));
			}
		}
	}

	copy(text: string): void {
		this.#send(setClipboard(text));
	}

	/** Lends the terminal until the work is done; then the dashboard is drawn anew, as it is by then. */
	async lend<Result>(work: (guest: GuestTerminal) => Promise<Result>): Promise<Result> {
		this.#leave('guest');
		try {
			return await work({
				size: this.size,
				write: data => {
					this.#output.write(data);
				},
				onInput: listener => {
					this.#guestInput = listener;
					for (const data of this.#guestBacklog.splice(0)) {
						listener(data);
					}
				},
				onResize: listener => {
					this.#guestResize = listener;
				},
			});
		} finally {
			this.#guestInput = undefined;
			this.#guestBacklog = [];
			this.#guestResize = undefined;
			if (this.#stillOpen) {
				this.#enter();
			}
		}
	}

	/** Ctrl-z: gives the terminal back and stops the whole job, so that npm or a shell script around us stops too. */
	stop(target = 0): void {
		if (this.#owner !== 'us') {
			return;
		}

		this.#leave('shell');
		this.#input.setRawMode(false);
		process.off('SIGTSTP', this.#onStopSignal);
		let isBack = false;
		const comeBack = () => {
			if (!isBack) {
				isBack = true;
				process.off('SIGCONT', comeBack);
				this.#resume();
			}
		};

		process.on('SIGCONT', comeBack);
		process.kill(target, 'SIGTSTP');
		// A job without a shell to continue it is not stopped by the kernel at all: then this fires.
		setTimeout(comeBack, 100);
	}

	#resume(): void {
		if (this.#stillOpen) {
			process.on('SIGTSTP', this.#onStopSignal);
			this.#input.setRawMode(true);
			this.#enter();
		}
	}

	#enter(): void {
		this.#owner = 'us';
		this.#send(takeOver({mouse: this.#mouse}));
		this.#screen.blank(this.size);
		this.#onResize();
		if (this.#grid !== undefined) {
			this.#show(this.#grid);
		}
	}

	// A method, because the owner may have changed while we waited.
	get #stillOpen(): boolean {
		return this.#owner !== 'nobody';
	}

	#leave(owner: 'guest' | 'shell'): void {
		this.#owner = owner;
		this.#send(giveBack());
	}

	readonly #restore = (): void => {
		const owner = this.#owner;
		this.#owner = 'nobody';
		if (owner === 'nobody' || owner === 'shell') {
			return;
		}

		try {
			fs.writeSync(this.#output.fd, owner === 'us' ? giveBack() : plainModes);
			this.#input.setRawMode(false);
		} catch {
			// The terminal is gone: there is nothing to put right.
		}
	};

	#show(grid: Grid): void {
		this.#grid = grid;
		const {columns, rows} = this.size;
		if (this.#owner === 'us' && grid.columns === columns && grid.rows === rows) {
			this.#screen.show(grid);
		}
	}

	#send(text: string): void {
		this.sent.bytes += Buffer.byteLength(text);
		this.#output.write(text);
	}

	readonly #onData = (data: Buffer): void => {
		if (this.#owner === 'guest') {
			if (this.#guestInput === undefined) {
				this.#guestBacklog.push(data);
			} else {
				this.#guestInput(data);
			}

			return;
		}

		if (this.#owner !== 'us') {
			return;
		}

		clearTimeout(this.#escapeTimer);
		this.#emit(this.#parser.push(this.#decoder.write(data)));
		if (this.#parser.isWaiting) {
			this.#escapeTimer = setTimeout(() => {
				this.#emit(this.#parser.flush());
			}, escapeTimeoutMs);
		}
	};

	#emit(events: readonly InputEvent[]): void {
		for (const event of events) {
			this.#listener?.onInput(event);
		}
	}

	readonly #onResize = (): void => {
		const {size} = this;
		if (this.#owner !== 'us') {
			this.#guestResize?.(size);
			return;
		}

		if (size.columns !== this.frames.columns || size.rows !== this.frames.rows) {
			this.frames.columns = size.columns;
			this.frames.rows = size.rows;
			this.#listener?.onResize(size);
		}
	};

	readonly #onHangUp = (): void => {
		this.#listener?.onHangUp();
	};

	readonly #onStopSignal = (): void => {
		this.stop(process.pid);
	};
}
