/**
A live connection to standard streams, on top of a monitor's socket.
*/
import type {EngineError} from '../errors.js';
import type {MonitorConnection, MonitorExit, MonitorOutput} from '../runtime/monitor-client.js';
import type {PreparedStart} from './container-context.js';

export type Ending = {readonly reason: 'exited'; readonly exitCode: number} | {readonly reason: 'detached'};

export type Attachment = {
	readonly tty: boolean;
	readonly output: AsyncIterable<MonitorOutput>;
	write(data: Uint8Array): Promise<void>;
	end(): Promise<void>;
	resize(size: {readonly rows: number; readonly columns: number}): Promise<void>;
	readonly done: Promise<Ending>;
	close(): void;
};

export type AttachmentOptions = {
	readonly tty: boolean;
	readonly hasStdin: boolean;
	/** Output from before, replayed first. */
	readonly replay?: AsyncIterable<MonitorOutput>;
	/** Called once with the exit code, when the process has ended. */
	readonly onExit: () => void;
	/** How it ended, when the monitor went without telling. */
	readonly lostExitCode: () => number;
	/** Called once when it is closed before the end. */
	readonly onDetach?: () => void;
};

/** Takes the connection over: it is closed by `close`, or when the process ends. */
export function makeAttachment(connection: MonitorConnection, options: AttachmentOptions): Attachment {
	let isClosed = false;
	const finish = (exit: MonitorExit | undefined): Ending => {
		if (isClosed) {
			options.onDetach?.();
			return {reason: 'detached'};
		}

		connection.close(); // What was output is queued by now, and can still be read
		options.onExit();
		return {reason: 'exited', exitCode: exit?.exitCode ?? options.lostExitCode()};
	};

	return {
		tty: options.tty,
		output: options.replay === undefined ? connection.output : joined(options.replay, connection.output),
		async write(data) {
			if (options.hasStdin) {
				await connection.write(data);
			}
		},
		async end() {
			if (options.hasStdin) {
				await connection.closeStdin();
			}
		},
		async resize(size) {
			await connection.resize(size);
		},
		done: connection.exit.then(finish),
		close() {
			isClosed = true;
			connection.close();
		},
	};
}

/**
What one gets who attaches to a container that can't be built: nothing comes out of it, and starting it tells why. (Docker's clients attach first and look for the reason in the answer to the
start.)
*/
export function failedAttachment(error: EngineError, tty: boolean): {readonly attachment: Attachment; readonly prepared: PreparedStart} {
	let settle: (ending: Ending) => void = () => {};
	const done = new Promise<Ending>(resolve => {
		settle = resolve;
	});
	const close = () => {
		settle({reason: 'detached'});
	};

	return {
		attachment: {
			tty,
			output: {
				[Symbol.asyncIterator]: () => ({
					async next() {
						await done;
						return {done: true, value: undefined};
					},
				}),
			},
			async write() {},
			async end() {},
			async resize() {},
			done,
			close,
		},
		prepared: {
			async start() {
				settle({reason: 'exited', exitCode: error.exitCode ?? 128});
				throw error;
			},
			async resize() {},
			close,
		},
	};
}

async function* joined(first: AsyncIterable<MonitorOutput>, second: AsyncIterable<MonitorOutput>): AsyncGenerator<MonitorOutput> {
	yield* first;
	yield* second;
}
