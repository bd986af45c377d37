/** A shell in a container: the terminal is lent to it, and the dashboard comes back when it ends. */
import process from 'node:process';
import type {Attachment, Engine} from '../../engine/index.js';
import {containerById} from '../state/selectors.js';
import type {GuestTerminal, Terminal} from '../terminal/terminal.js';
import {problemOf, type EffectContext} from './effect-context.js';

const shells = ['/bin/bash', '/bin/sh'] as const;
// Ctrl-p ctrl-q, docker's way out of a program that does not end.
const detachKeys = '\u0010\u0011';

export function shellEffect({engine, store}: EffectContext, terminal: Terminal): void {
	const open = async (id: string) => {
		const name = containerById(store.getState(), id)?.name ?? id.slice(0, 12);
		try {
			const how = await terminal.lend(async guest => {
				guest.write(`tug: a shell in ${name} (exit returns to the dashboard, ctrl-p ctrl-q leaves it running)\r\n`);
				return runShell(engine, id, guest);
			});
			store.dispatch({type: 'messageShown', tone: 'info', text: how === 'detached' ? `the shell in ${name} goes on` : `the shell in ${name} ended`});
		} catch (error) {
			const {message, hint} = problemOf(error);
			store.dispatch({type: 'messageShown', tone: 'bad', text: `shell in ${name}: ${message}`, ...(hint === undefined ? {} : {hint})});
		}
	};

	store.onAction(action => {
		if (action.type === 'shellRequested') {
			void open(action.id);
		}
	});
}

async function runShell(engine: Engine, id: string, guest: GuestTerminal): Promise<'exited' | 'detached'> {
	let problem: unknown;
	for (const shell of shells) {
		try {
			const attachment = await startShell(engine, {id, shell, guest});
			const {reason, typed, exitCode} = await connect(attachment, guest);
			// An engine behind a network tells only by the exit code that there is no such program.
			if (reason === 'exited' && !typed && (exitCode === 126 || exitCode === 127)) {
				problem = new Error(`${shell} is not in this container`);
				continue;
			}

			return reason;
		} catch (error) {
			problem = error;
			if (!isMissingProgram(error)) {
				break;
			}
		}
	}

	throw isMissingProgram(problem) ? Object.assign(new Error('there is neither /bin/bash nor /bin/sh in this container'), {hint: 'Images made of a single program have no shell.'}) : problem;
}

async function startShell(engine: Engine, {id, shell, guest}: {readonly id: string; readonly shell: string; readonly guest: GuestTerminal}): Promise<Attachment> {
	const {Id} = await engine.createExec(id, {
		Cmd: [shell], Tty: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, Env: [`TERM=${process.env['TERM'] ?? 'xterm'}`],
	});
	const attachment = await engine.startExec(Id, {tty: true, stdin: true, size: guest.size});
	if (attachment === undefined) {
		throw new Error('the shell runs, but cannot be reached');
	}

	return attachment;
}

type Ended = {readonly reason: 'exited' | 'detached'; readonly exitCode?: number; readonly typed: boolean};

async function connect(attachment: Attachment, guest: GuestTerminal): Promise<Ended> {
	let typed = false;
	let isAfterFirst = false;
	guest.onInput(data => {
		typed = true;
		const text = data.toString('latin1');
		if (text === detachKeys || (isAfterFirst && text.startsWith(detachKeys[1]!))) {
			attachment.close();
			return;
		}

		// The first key of the pair waits for the second.
		const held = isAfterFirst ? detachKeys[0]! : '';
		isAfterFirst = text.endsWith(detachKeys[0]!);
		const sent = held + (isAfterFirst ? text.slice(0, -1) : text);
		if (sent !== '') {
			attachment.write(Buffer.from(sent, 'latin1')).catch(() => undefined);
		}
	});
	guest.onResize(size => {
		attachment.resize(size).catch(() => undefined);
	});
	try {
		for await (const {data} of attachment.output) {
			guest.write(data);
		}

		return {typed, ...(await attachment.done)};
	} finally {
		attachment.close();
	}
}

function isMissingProgram(error: unknown): boolean {
	if (!(error instanceof Error)) {
		return false;
	}

	const exitCode = 'exitCode' in error ? error.exitCode : undefined;
	return exitCode === 126 || exitCode === 127 || error.message.includes('not in this container');
}
