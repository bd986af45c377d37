/** The person's terminal while it belongs to a process in a container: raw, its size followed, restored whatever happens. */
import {spawnSync} from 'node:child_process';
import process from 'node:process';
import type {TerminalSize} from '../../engine/index.js';

type RawStream = {setRawMode?: (raw: boolean) => unknown};

/** Returns what restores it; calling that twice does no harm. Node restores it too when the process ends by a signal or a crash. */
export function enterRawMode(stream: RawStream): () => void {
	stream.setRawMode?.(true);
	// Node leaves output processing on: a bare line feed would return the carriage, which full-screen programs don't expect.
	spawnSync('stty', ['-opost'], {stdio: ['inherit', 'ignore', 'ignore']});
	let isRaw = true;
	const restore = () => {
		if (isRaw) {
			isRaw = false;
			stream.setRawMode?.(false);
		}
	};

	process.once('exit', restore);
	return () => {
		process.off('exit', restore);
		restore();
	};
}

/** Undefined when standard output is not a terminal. */
export function terminalSize(): TerminalSize | undefined {
	const {columns, rows} = process.stdout;
	return process.stdout.isTTY && columns > 0 && rows > 0 ? {rows, columns} : undefined;
}

/** Calls back with every new size; returns what ends it. */
export function onTerminalResize(callback: (size: TerminalSize) => void): () => void {
	const listener = () => {
		const size = terminalSize();
		if (size !== undefined) {
			callback(size);
		}
	};

	process.stdout.on('resize', listener);
	return () => {
		process.stdout.off('resize', listener);
	};
}

