/** Asking the person at the terminal. */
import type {Readable} from 'node:stream';
import type {Output} from './standard-streams.js';

type Terminal = {readonly output: Output; readonly input: {stream(): Readable & {setRawMode?: (raw: boolean) => unknown}}};

const endOfText = '\u0003';
const endOfInput = '\u0004';

/** A line, without its end. */
export async function askLine({output, input}: Terminal, question: string): Promise<string> {
	output.write(question);
	return readLine(input.stream(), false);
}

/** The same for what nobody beside should read: nothing is shown while it is typed. Rejects on ctrl-c. */
export async function askSecret({output, input}: Terminal, question: string): Promise<string> {
	output.write(question);
	const stream = input.stream();
	stream.setRawMode?.(true);
	try {
		return await readLine(stream, true);
	} finally {
		stream.setRawMode?.(false);
		output.write('\n');
	}
}

/** In raw mode the keys that end a line or the program come as they are. */
async function readLine(stream: Readable, isRaw: boolean): Promise<string> {
	const typed = {text: ''};
	return new Promise((resolve, reject) => {
		const finish = (settle: () => void) => {
			stream.off('data', onData);
			stream.off('end', onEnd);
			stream.pause();
			settle();
		};

		const onEnd = () => {
			finish(() => {
				resolve(typed.text);
			});
		};

		const onData = (chunk: Buffer | string) => {
			const characters = [...String(chunk)];
			for (const [index, character] of characters.entries()) {
				if (character === '\n' || character === '\r' || (isRaw && character === endOfInput)) {
					finish(() => {
						// What was typed or pasted ahead answers the next question.
						const ahead = characters.slice(index + 1).join('');
						if (ahead !== '') {
							stream.unshift(Buffer.from(ahead));
						}

						resolve(typed.text);
					});
					return;
				}

				if (isRaw && character === endOfText) {
					finish(() => {
						reject(new Error('interrupted'));
					});
					return;
				}

				typed.text = isRaw && (character === '\u007F' || character === '\b') ? typed.text.slice(0, -1) : typed.text + character;
			}
		};

		stream.on('data', onData);
		stream.on('end', onEnd);
		stream.resume();
	});
}
