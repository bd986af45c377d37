/** Shows what the engine says while it pulls or pushes. */
import type {ProgressMessage} from '../../engine/index.js';
import {plainProgress, terminalProgress} from '../format/progress-lines.js';
import type {Output} from '../foreground/standard-streams.js';
import type {CommandContext} from './context.js';

const usualWidth = 80;

/** To the output named; nothing when it is to be quiet. Throws what the stream throws. */
export async function showProgress(output: Output, messages: AsyncIterable<ProgressMessage>, {quiet = false}: {readonly quiet?: boolean} = {}): Promise<void> {
	const lines = output.isTerminal ? terminalProgress(() => process.stderr.columns || process.stdout.columns || usualWidth) : plainProgress();
	for await (const message of messages) {
		if (!quiet) {
			const text = lines.next(message);
			if (text !== '') {
				output.write(text);
			}
		}
	}
}

/** The exit code after a stream that ctrl-c may have ended quietly. */
export function streamExit(context: CommandContext, signal: AbortSignal): number {
	if (signal.aborted) {
		context.errors.write('context canceled\n');
		return interruptedExit;
	}

	return 0;
}

const interruptedExit = 1; // docker's
