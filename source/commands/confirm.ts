/** `Are you sure? [y/N]`, for what can't be undone. Anything but y is no, also the end of the input. */
import type {CommandContext} from './context.js';

export async function confirm(context: CommandContext, warning: string): Promise<boolean> {
	context.output.write(`${warning}\nAre you sure you want to continue? [y/N] `);
	const stream = context.input.stream();
	let answer = '';
	for await (const chunk of stream) {
		answer += String(chunk);
		if (answer.includes('\n')) {
			break;
		}
	}

	stream.destroy();
	return /^y(es)?$/i.test(answer.split('\n')[0]!.trim());
}
