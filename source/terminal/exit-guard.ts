/** Puts the terminal right however the process ends: a normal exit, a signal, or an error nobody caught. */
import process from 'node:process';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** `restore` must be synchronous and safe to call twice. Gives a function that ends the watch. */
export function guardExit(restore: () => void): () => void {
	const handlers = signals.map(signal => ({
		signal,
		handler() {
			dieOf(signal);
		},
	}));
	const stop = () => {
		process.off('exit', restore);
		process.off('uncaughtException', onError);
		for (const {signal, handler} of handlers) {
			process.off(signal, handler);
		}
	};

	// Dies of the same signal, so that whoever waits for this process sees why it ended.
	const dieOf = (signal: NodeJS.Signals) => {
		restore();
		stop();
		process.kill(process.pid, signal);
	};

	const onError = (error: unknown) => {
		restore();
		console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
		process.exit(1);
	};

	process.on('exit', restore);
	process.on('uncaughtException', onError);
	for (const {signal, handler} of handlers) {
		process.on(signal, handler);
	}

	return stop;
}
