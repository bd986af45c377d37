/** What Ink takes for its standard output and input. In Ink's debug mode every write is one whole frame, unthrottled; no key ever comes from here. */
/* eslint-disable unicorn/prefer-event-target, @typescript-eslint/class-literal-property-style -- what Ink takes are streams: event emitters with fields */
import {EventEmitter} from 'node:events';

export class FrameStream extends EventEmitter {
	columns: number;
	rows: number;
	// Ink must not send cursor or mode sequences of its own: those are written here only to a terminal.
	readonly isTTY = false;
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
	readonly isTTY = false;

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
