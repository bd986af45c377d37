/** Signals sent to us that are meant for the process in the container. */
import process from 'node:process';

const proxied = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;
const impatience = 3;
const hangUpGraceMs = 2000;

export type SignalProxy = {
	/** Resolves when the person asked a third time to end, or the terminal is gone, and the process stays. */
	readonly givenUp: Promise<'asked' | 'hungUp'>;
	stop(): void;
};

/** Passes every signal to `send` until `stop`. */
export function proxySignals(send: (signal: string) => Promise<void>): SignalProxy {
	let requests = 0;
	let giveUp: (why: 'asked' | 'hungUp') => void = () => {};
	const givenUp = new Promise<'asked' | 'hungUp'>(resolve => {
		giveUp = resolve;
	});
	const listeners = proxied.map(signal => {
		const listener = () => {
			// The process may end meanwhile; then its exit is on the way.
			send(signal).catch(() => {});
			if (signal === 'SIGINT' || signal === 'SIGTERM') {
				requests++;
				if (requests >= impatience) {
					giveUp('asked');
				}
			}

			if (signal === 'SIGHUP') {
				setTimeout(giveUp, hangUpGraceMs, 'hungUp').unref();
			}
		};

		process.on(signal, listener);
		return {signal, listener};
	});
	return {
		givenUp,
		stop() {
			for (const {signal, listener} of listeners) {
				process.off(signal, listener);
			}
		},
	};
}
