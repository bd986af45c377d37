/** Under --debug: says each call to the engine, and how long it took. */
import type {Engine} from '../../engine/index.js';

const longest = 300;

export function tracedEngine(engine: Engine, say: (text: string) => void): Engine {
	return new Proxy(engine, {
		get(target, name) {
			const value: unknown = Reflect.get(target, name);
			if (typeof value !== 'function') {
				return value;
			}

			return (...values: readonly unknown[]): unknown => {
				const call = `${String(name)}(${values.map(argument => describe(argument)).join(', ')})`;
				const started = performance.now();
				const result: unknown = Reflect.apply(value, target, values);
				if (result instanceof Promise) {
					// Who awaits the result gets the failure; here it is only told.
					result.then(() => {
						say(`${call}: ${(performance.now() - started).toFixed(1)} ms`);
					}, () => {
						say(`${call}: failed after ${(performance.now() - started).toFixed(1)} ms`);
					});
				} else {
					say(call);
				}

				return result;
			};
		},
	});
}

function describe(value: unknown): string {
	const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'object' && inner !== null && ('pipe' in inner || inner instanceof AbortSignal) ? '…' : inner)) ?? 'undefined';
	return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
