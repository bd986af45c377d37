/** Styles as small numbers, so that cells compare quickly, and the shortest SGR sequence between any two of them. */
import {attributeCodes, plainStyle, type CellStyle} from '../presentation/cell-style.js';

export class StyleTable {
	#styles: CellStyle[] = [];
	#ids = new Map<string, number>();
	#byObject = new WeakMap<CellStyle, number>();
	#changes = new Map<number, string>();

	constructor() {
		this.clear();
	}

	get size(): number {
		return this.#styles.length;
	}

	/** Forgets all but the plain style: numbers given before mean nothing any more. */
	clear(): void {
		this.#styles = [plainStyle];
		this.#ids = new Map([[keyOf(plainStyle), 0]]);
		this.#byObject = new WeakMap([[plainStyle, 0]]);
		this.#changes = new Map();
	}

	/** The number of a style; 0 is the plain one. */
	idOf(style: CellStyle): number {
		let id = this.#byObject.get(style);
		if (id !== undefined) {
			return id;
		}

		const key = keyOf(style);
		id = this.#ids.get(key);
		if (id === undefined) {
			id = this.#styles.length;
			this.#styles.push(style);
			this.#ids.set(key, id);
		}

		this.#byObject.set(style, id);
		return id;
	}

	styleOf(id: number): CellStyle {
		return this.#styles[id] ?? plainStyle;
	}

	/** What to send so that the pen goes from one style to another; empty when they are the same. */
	change(from: number, to: number): string {
		if (from === to) {
			return '';
		}

		const key = from * 65_536 + to;
		let sequence = this.#changes.get(key);
		if (sequence === undefined) {
			sequence = sgrBetween(this.styleOf(from), this.styleOf(to));
			this.#changes.set(key, sequence);
		}

		return sequence;
	}
}

function keyOf({foreground, background, attributes}: CellStyle): string {
	return `${foreground}/${background}/${attributes}`;
}

/** The shorter of: only what differs, or everything anew after a reset (an empty first parameter is 0). */
export function sgrBetween(from: CellStyle, to: CellStyle): string {
	const anew = ['', ...attributeCodes.filter(({bit}) => (to.attributes & bit) !== 0).map(({on}) => on), to.foreground, to.background];
	const resets = sequence([anew[0]!, ...anew.slice(1).filter(code => code !== '')]);
	const differences = sequence(differing(from, to));
	return differences.length <= resets.length ? differences : resets;
}

function differing(from: CellStyle, to: CellStyle): string[] {
	const codes = new Set<string>();
	const removed = from.attributes & ~to.attributes;
	let kept = from.attributes & to.attributes;
	for (const {bit, off} of attributeCodes) {
		if ((removed & bit) !== 0) {
			codes.add(off);
			for (const sharing of attributeCodes.filter(other => other.off === off)) {
				kept &= ~sharing.bit;
			}
		}
	}

	for (const {bit, on} of attributeCodes) {
		if ((to.attributes & ~kept & bit) !== 0) {
			codes.add(on);
		}
	}

	if (from.foreground !== to.foreground) {
		codes.add(to.foreground === '' ? '39' : to.foreground);
	}

	if (from.background !== to.background) {
		codes.add(to.background === '' ? '49' : to.background);
	}

	return [...codes];
}

function sequence(codes: readonly string[]): string {
	return codes.length === 0 ? '' : `\u001B[${codes.join(';')}m`;
}
