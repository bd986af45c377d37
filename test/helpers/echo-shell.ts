import type {Attachment, OutputChunk} from '../../engine/index.js';

/** A "shell" that repeats what is typed, and ends at `exit`. */
export function echoShell(): Attachment {
	const output: OutputChunk[] = [{stream: 'stdout', data: Buffer.from('$ ')}];
	let wake = () => {};
	let isOver = false;
	let typed = '';
	const woken = async () => new Promise<void>(resolve => {
		wake = resolve;
	});
	const isDone = () => isOver && output.length === 0;
	const say = (text: string) => {
		output.push({stream: 'stdout', data: Buffer.from(text)});
		wake();
	};

	const end = () => {
		isOver = true;
		wake();
	};

	return {
		tty: true,
		output: (async function * () {
			while (!isDone()) {
				const chunk = output.shift();
				if (chunk === undefined) {
					await woken();
				} else {
					yield chunk;
				}
			}
		})(),
		async write(data) {
			const text = Buffer.from(data).toString();
			typed += text;
			say(text.replaceAll('\r', '\r\n'));
			if (typed.includes('exit\r')) {
				end();
			} else if (typed.includes('\r')) {
				typed = '';
				say('you typed that\r\n$ ');
			}
		},
		async end() {
			end();
		},
		async resize(size) {
			say(`size ${size.columns}x${size.rows}\r\n`);
		},
		done: Promise.resolve({reason: 'exited', exitCode: 0}),
		close: end,
	};
}
