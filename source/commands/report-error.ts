/** Errors into what the person reads and the exit code the shell sees: the only place that does it. */
import type {EngineError} from '../../engine/index.js';
import {UsageError} from '../arguments/usage-error.js';
import type {Output} from '../foreground/standard-streams.js';
import {CommandError, type Command} from './context.js';

/** Verbs whose own failures are 125, so that they can't be taken for the container's. */
const runners = new Set(['run']);

export type Failure = {readonly text: string; readonly exitCode: number};

export function describeError(error: unknown, {command, debug = false}: {command?: Command | undefined; debug?: boolean} = {}): Failure {
	const stack = debug && error instanceof Error ? `${stackOf(error)}\n` : '';
	if (error instanceof UsageError) {
		return {text: stack + usageText(error, command), exitCode: error.exitCode};
	}

	const ownCode = command !== undefined && runners.has(command.name) ? 125 : 1;
	if (error instanceof CommandError) {
		return {text: stack + withHint(error.message, error.hint), exitCode: error.exitCode ?? ownCode};
	}

	if (isEngineError(error)) {
		return {text: stack + withHint(error.message, error.hint), exitCode: error.exitCode ?? ownCode};
	}

	const message = error instanceof Error ? error.message : String(error);
	// A template or the file system: the text says it all; anything else is our mistake and shows where it was made.
	const isExpected = error instanceof Error && (error.name === 'TemplateError' || 'syscall' in error);
	return {text: stack + (isExpected || debug || !(error instanceof Error) ? withHint(message) : `tug: ${error.stack ?? message}\n`), exitCode: ownCode};
}

/** For verbs that go on with the next name: says what went wrong with this one. */
export function reportFailure(errors: Output, error: unknown, debug = false): void {
	errors.write(describeError(error, {debug}).text);
}

export function usageLine(command: Command): string {
	const [first, ...others] = command.usage.split('\n');
	return [`Usage:  tug ${command.name}${first === '' ? '' : ` ${first}`}`, ...others.map(form => `        tug ${command.name} ${form}`)].join('\n');
}

function usageText(error: UsageError, command: Command | undefined): string {
	const suggestion = error.suggestion === undefined ? '' : `\nDid you mean ${error.suggestion}?\n`;
	const name = command === undefined ? 'tug' : `tug ${command.name}`;
	const usage = command === undefined ? '' : `\n${usageLine(command)}\n`;
	return `${error.message}\n${suggestion}${usage}\nRun '${name} --help' for more information\n`;
}

function withHint(message: string, hint?: string): string {
	return `tug: ${message}\n${hint === undefined ? '' : `${hint}\n`}`;
}

// By name: the class would bring the whole engine along, for verbs that never open it too.
export function isEngineError(error: unknown): error is EngineError {
	return error instanceof Error && error.name === 'EngineError' && 'kind' in error;
}

function stackOf(error: Error): string {
	const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
	return (error.stack ?? error.message) + cause;
}
