/** Signals sent to us that are meant for the process in the container. */
import process from 'node:process';

const proxied = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;
const impatience = 3;

export type SignalProxy = {
	/** Resolves when the person asked a third time to end and nothing happened. */
	readonly givenUp: Promise<void>;
	stop(): void;
};

/** Passes every signal to `send` until `stop`. */
export function proxySignals(send: (signal: string) => Promise<void>): SignalProxy {
	let requests = 0;
	let giveUp: () => void = () => {};
	const givenUp = new Promise<void>(resolve => {
		giveUp = resolve;
	});
	const listeners = proxied.map(signal => {
		const listener = () => {
			// The process may end meanwhile; then its exit is on the way.
			send(signal).catch(() => {});
			if (signal === 'SIGINT' || signal === 'SIGTERM') {
				requests++;
				if (requests >= impatience) {
					giveUp();
				}
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
