/** The keys that leave a container running and give the terminal back: `ctrl-p,ctrl-q`. */

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** The bytes of a sequence; undefined when it is malformed. Empty: the default. */
export function parseDetachKeys(text: string): Uint8Array | undefined {
	const bytes: number[] = [];
	for (const key of (text === '' ? defaultDetachKeys : text).split(',')) {
		const control = /^ctrl-([a-z@[\]\\^_])$/i.exec(key);
		if (control !== null) {
			bytes.push(control[1]!.toUpperCase().codePointAt(0)! - 64);
		} else if (key.length === 1 && key.codePointAt(0)! < 128) {
			bytes.push(key.codePointAt(0)!);
		} else {
			return undefined;
		}
	}

	return Uint8Array.from(bytes);
}

export type DetachScanner = (data: Uint8Array) => {readonly passed: Uint8Array; readonly isDetached: boolean};

/** Lets input through, holding back what may be the beginning of the sequence. */
export function detachScanner(keys: Uint8Array): DetachScanner {
	let matched = 0;
	return data => {
		const passed: number[] = [];
		for (const byte of data) {
			if (byte === keys[matched]) {
				matched++;
				if (matched === keys.length) {
					matched = 0;
					return {passed: Uint8Array.from(passed), isDetached: true};
				}

				continue;
			}

			// Not the sequence after all: what was held back was meant for the program.
			passed.push(...keys.subarray(0, matched));
			matched = byte === keys[0] ? 1 : 0;
			if (matched === 0) {
				passed.push(byte);
			}
		}

		return {passed: Uint8Array.from(passed), isDetached: false};
	};
}
