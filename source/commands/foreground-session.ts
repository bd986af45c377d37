/** What run, start -a, attach and exec share: the session, and its end as an exit code. */
import type {Attachment, Engine} from '../../engine/index.js';
import {parseDetachKeys} from '../foreground/detach-keys.js';
import {runSession, type SessionOptions} from '../foreground/session.js';
import {CommandError, type CommandContext} from './context.js';

const hungUpExit = 128 + 1; // as a shell shows a death by SIGHUP

export type ForegroundOptions = {
	readonly attachment: Attachment;
	readonly wantsInput: boolean;
	readonly detachKeys: Uint8Array;
	readonly sendSignal?: SessionOptions['sendSignal'];
	readonly begin?: () => Promise<void>;
};

/** The exit code: the process's, or 0 when the person detached. */
export async function runForeground(context: CommandContext, {attachment, wantsInput, detachKeys, sendSignal, begin}: ForegroundOptions): Promise<number> {
	const end = await runSession({
		attachment,
		input: wantsInput ? context.input : undefined,
		output: context.output,
		errors: context.errors,
		detachKeys,
		sendSignal,
		...(begin === undefined ? {} : {begin}),
	});
	switch (end.reason) {
		case 'exited': {
			return end.exitCode;
		}

		case 'detached': {
			context.errors.write('read escape sequence\n');
			return 0;
		}

		case 'givenUp': {
			if (end.why === 'hungUp') {
				return hungUpExit; // Nobody is left to tell
			}

			context.errors.write('tug: got 3 signals to end, leaving; the container still runs\n');
			return 1;
		}
	}
}

/** docker's check: a terminal was asked for, and input, but ours is not one. */
export function requireTerminal(context: CommandContext, {tty, stdin}: {tty: boolean; stdin: boolean}, exitCode = 1): void {
	if (tty && stdin && !context.input.isTerminal) {
		throw new CommandError('the input device is not a TTY', {exitCode, hint: 'Leave out -t when the input comes from a file or pipe.'});
	}
}

export function detachKeysOption(text: string | undefined, exitCode = 1): Uint8Array {
	const keys = parseDetachKeys(text ?? '');
	if (keys === undefined) {
		throw new CommandError(`invalid detach keys (${text!}): one character, or ctrl- and a letter, each, separated by commas`, {exitCode});
	}

	return keys;
}

export function signalSender(engine: Engine, id: string): (signal: string) => Promise<void> {
	return async signal => engine.killContainer(id, signal);
}
