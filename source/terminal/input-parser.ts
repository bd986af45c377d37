/** Bytes from the terminal → keys, pastes, mouse reports and answers. */

export type MouseEvent = {readonly type: 'mouse'; readonly kind: 'press' | 'release' | 'wheel-up' | 'wheel-down' | 'drag'; readonly x: number; readonly y: number};

export type InputEvent =
	/** `key` is the character, or a name: `up`, `enter`, `ctrl-c`, `alt-x`, `shift-tab`. */
	| {readonly type: 'key'; readonly key: string}
	| {readonly type: 'paste'; readonly text: string}
	| MouseEvent
	| {readonly type: 'focus'; readonly focused: boolean}
	/** The terminal's answer to a question, such as its background colour. */
	| {readonly type: 'answer'; readonly text: string};

const finalKeys: Readonly<Record<string, string>> = {
	A: 'up', B: 'down', C: 'right', D: 'left', H: 'home', F: 'end', Z: 'shift-tab', P: 'f1', Q: 'f2', R: 'f3', S: 'f4',
};

const tildeKeys: Readonly<Record<string, string>> = {
	1: 'home', 2: 'insert', 3: 'delete', 4: 'end', 5: 'pageup', 6: 'pagedown', 7: 'home', 8: 'end',
	11: 'f1', 12: 'f2', 13: 'f3', 14: 'f4', 15: 'f5', 17: 'f6', 18: 'f7', 19: 'f8', 20: 'f9', 21: 'f10', 23: 'f11', 24: 'f12',
};

const pasteStart = '\u001B[200~';
const pasteEnd = '\u001B[201~';
// A paste that never ends, or a string that is not one, is given up at this length.
const longestPending = 1 << 20;

export class InputParser {
	#pending = '';

	/** True when a lone escape (or the start of a sequence) waits for more; call `flush` when nothing comes. */
	get isWaiting(): boolean {
		return this.#pending !== '';
	}

	push(text: string): InputEvent[] {
		return this.#parse(this.#pending + text, false);
	}

	/** What waited is all there is: an escape is the escape key. */
	flush(): InputEvent[] {
		return this.#parse(this.#pending, true);
	}

	#parse(text: string, isComplete: boolean): InputEvent[] {
		const events: InputEvent[] = [];
		this.#pending = '';
		let rest = text;
		while (rest !== '') {
			const taken = rest.startsWith('\u001B') ? takeSequence(rest, isComplete) : takeCharacter(rest);
			if (taken === undefined) {
				this.#pending = rest.length < longestPending ? rest : '';
				break;
			}

			if (taken.event !== undefined) {
				events.push(taken.event);
			}

			rest = rest.slice(taken.length);
		}

		return events;
	}
}

type Taken = {readonly event?: InputEvent; readonly length: number};

function takeCharacter(text: string): Taken {
	const character = String.fromCodePoint(text.codePointAt(0)!);
	return {event: {type: 'key', key: keyOf(character)}, length: character.length};
}

function keyOf(character: string): string {
	const code = character.codePointAt(0)!;
	switch (character) {
		case '\r':
		case '\n': {
			return 'enter';
		}

		case '\t': {
			return 'tab';
		}

		case ' ': {
			return 'space';
		}

		case '\b':
		case '\u007F': {
			return 'backspace';
		}

		default: {
			return code > 0 && code < 27 ? `ctrl-${String.fromCodePoint(code + 96)}` : code < 32 ? `ctrl-${code}` : character;
		}
	}
}

// Undefined: more has to come before it can be told what this is.
function takeSequence(text: string, isComplete: boolean): Taken | undefined {
	if (text.startsWith(pasteStart)) {
		const end = text.indexOf(pasteEnd);
		return end === -1 ? undefined : {event: {type: 'paste', text: text.slice(pasteStart.length, end)}, length: end + pasteEnd.length};
	}

	const control = /^\u001B\[([\u0030-\u003F]*)[\u0020-\u002F]*([\u0040-\u007E])/.exec(text);
	if (control !== null) {
		const event = controlEvent(control[1]!, control[2]!);
		return {length: control[0].length, ...(event === undefined ? {} : {event})};
	}

	const answer = /^\u001B([\]P_])([^\u0007\u001B]*)(?:\u0007|\u001B\\)/.exec(text);
	if (answer !== null) {
		return {event: {type: 'answer', text: answer[2]!}, length: answer[0].length};
	}

	const shifted = /^\u001BO([A-Z])/.exec(text);
	if (shifted !== null) {
		const key = finalKeys[shifted[1]!];
		return {length: 3, ...(key === undefined ? {} : {event: {type: 'key', key} as const})};
	}

	if (!isComplete && (text.length === 1 || /^\u001B[[\]P_O]/.test(text))) {
		return undefined;
	}

	if (text.length === 1 || text[1] === '\u001B') {
		return {event: {type: 'key', key: 'escape'}, length: 1};
	}

	const {event, length} = takeCharacter(text.slice(1));
	return event?.type === 'key' ? {event: {type: 'key', key: `alt-${event.key}`}, length: length + 1} : {length: length + 1};
}

function controlEvent(parameters: string, final: string): InputEvent | undefined {
	if (parameters.startsWith('<') && (final === 'M' || final === 'm')) {
		return mouseEvent(parameters.slice(1).split(';').map(Number), final);
	}

	if (parameters === '' && (final === 'I' || final === 'O')) {
		return {type: 'focus', focused: final === 'I'};
	}

	if (parameters.startsWith('?') || parameters.startsWith('>')) {
		return {type: 'answer', text: `${parameters}${final}`};
	}

	const [first = '', modifier = ''] = parameters.split(';');
	const key = final === '~' ? tildeKeys[first] : finalKeys[final];
	return key === undefined ? undefined : {type: 'key', key: withModifier(key, Number(modifier))};
}

// xterm's encoding: one more than the sum of shift 1, alt 2, ctrl 4.
function withModifier(key: string, modifier: number): string {
	const bits = modifier > 1 ? modifier - 1 : 0;
	return `${(bits & 4) === 0 ? '' : 'ctrl-'}${(bits & 2) === 0 ? '' : 'alt-'}${(bits & 1) === 0 ? '' : 'shift-'}${key}`;
}

function mouseEvent([button = 0, x = 1, y = 1]: readonly number[], final: string): MouseEvent {
	const place = {type: 'mouse', x: x - 1, y: y - 1} as const;
	if ((button & 64) !== 0) {
		return {...place, kind: (button & 1) === 0 ? 'wheel-up' : 'wheel-down'};
	}

	return {...place, kind: final === 'm' ? 'release' : (button & 32) === 0 ? 'press' : 'drag'};
}
