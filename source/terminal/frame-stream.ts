/** What Ink takes for its standard output and input. In Ink's debug mode every write is one whole frame, unthrottled; no key ever comes from here. */
// Ink takes streams, which are event emitters.
import {EventEmitter} from 'node:events'; // eslint-disable-line unicorn/prefer-event-target

export class FrameStream extends EventEmitter {
	columns: number;
	rows: number;
	// Ink must not send cursor or mode sequences of its own: those are written here only to a terminal.
	readonly isTTY: boolean = false;
	readonly #onFrame: (frame: string) => void;

	constructor(size: {readonly columns: number; readonly rows: number}, onFrame: (frame: string) => void) {
		super();
		this.columns = size.columns;
		this.rows = size.rows;
		this.#onFrame = onFrame;
	}

	write(frame: string, callback?: () => void): boolean {
		if (frame !== '') {
			this.#onFrame(frame);
		}

		if (typeof callback === 'function') {
			callback();
		}

		return true;
	}
}

export class SilentInput extends EventEmitter {
	readonly isTTY: boolean = false;

	setEncoding(): this {
		return this;
	}

	setRawMode(): this {
		return this;
	}

	ref(): this {
		return this;
	}

	unref(): this {
		return this;
	}

	read(): null {
		return null;
	}
}
