/**
Calls tug-runtime (engine/native/readme.md is the contract): one short-lived process a call, the report as one JSON line on fd 3.
*/
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import type {Readable} from 'node:stream';
import {EngineError, errorCode, hintFor, systemError, type ErrorKind} from '../errors.js';

export type NativeProgram = {
	readonly binary: string;
	/** Options that make a command enter the user's sandbox; empty as root. */
	readonly sandboxArguments: readonly string[];
};

export type NativeReport = Readonly<Record<string, unknown>>;

type Stream = 'ignore' | 'inherit' | 'pipe' | number | Readable;

export type NativeCall = {
	readonly child: ChildProcess;
	/** Settles when the process ended; rejects with the reported EngineError. */
	readonly report: Promise<NativeReport>;
};

/**
Starts a command. `stdin` and `stdout` may be descriptors or `'pipe'` (then `child.stdin`, `child.stdout`).
The report rejects with the kind the program gave, `unavailable` when it could not be started at all.
*/
export function spawnNative(
	native: NativeProgram,
	command: string,
	arguments_: readonly string[],
	streams: {readonly stdin?: Stream; readonly stdout?: Stream; readonly signal?: AbortSignal; readonly sandbox?: boolean} = {},
): NativeCall {
	const child = spawn(native.binary, [command, ...(streams.sandbox === false ? [] : native.sandboxArguments), ...arguments_], {
		stdio: [streams.stdin ?? 'ignore', streams.stdout ?? 'ignore', 'inherit', 'pipe'],
		...(streams.signal === undefined ? {} : {signal: streams.signal}),
	});
	const report = new Promise<NativeReport>((resolve, reject) => {
		let text = '';
		const reportStream = child.stdio[3] as Readable;
		reportStream.setEncoding('utf8');
		reportStream.on('data', (chunk: string) => {
			text += chunk;
		});
		child.once('error', error => {
			reject(startFailure(native, error));
		});
		child.once('close', (code, signal) => {
			try {
				resolve(readReport(command, text, code ?? signal));
			} catch (error) {
				reject(error instanceof Error ? error : new Error(String(error)));
			}
		});
	});
	// Whoever never awaits the report (a cancelled stream) must not bring the process down.
	report.catch(() => {});
	return {child, report};
}

/** Runs a command to its end. */
export async function runNative(
	native: NativeProgram,
	command: string,
	arguments_: readonly string[],
	streams: {readonly input?: Uint8Array; readonly stdin?: number; readonly signal?: AbortSignal; readonly sandbox?: boolean} = {},
): Promise<NativeReport> {
	const {child, report} = spawnNative(native, command, arguments_, {
		stdin: streams.stdin ?? (streams.input === undefined ? 'ignore' : 'pipe'),
		...(streams.signal === undefined ? {} : {signal: streams.signal}),
		...(streams.sandbox === undefined ? {} : {sandbox: streams.sandbox}),
	});
	if (streams.input !== undefined) {
		child.stdin!.on('error', () => {}); // EPIPE: the report says why it stopped reading
		child.stdin!.end(streams.input);
	}

	return report;
}

/** The same, blocking: a millisecond quicker, for verbs that do nothing else meanwhile. */
export function runNativeSync(
	native: NativeProgram,
	command: string,
	arguments_: readonly string[],
	options: {readonly input?: Uint8Array; readonly sandbox?: boolean} = {},
): NativeReport {
	const result = spawnSync(native.binary, [command, ...(options.sandbox === false ? [] : native.sandboxArguments), ...arguments_], {
		stdio: [options.input === undefined ? 'ignore' : 'pipe', 'ignore', 'inherit', 'pipe'],
		...(options.input === undefined ? {} : {input: options.input}),
		maxBuffer: 16 * 1024 * 1024,
	});
	if (result.error && errorCode(result.error) !== 'EPIPE') {
		throw startFailure(native, result.error);
	}

	return readReport(command, String(result.output[3] ?? ''), result.status ?? result.signal);
}

function startFailure(native: NativeProgram, error: unknown): EngineError {
	return errorCode(error) === 'ENOENT'
		? new EngineError('unavailable', `${native.binary} is not there`, {hint: 'Run `npm rebuild tug` (it needs a C compiler: apt install gcc libc6-dev).', cause: error})
		: systemError('starting tug-runtime', error);
}

function readReport(command: string, text: string, ended: number | string | null): NativeReport {
	const [line = ''] = text.split('\n', 1);
	let report: Record<string, unknown>;
	try {
		report = JSON.parse(line) as Record<string, unknown>;
	} catch {
		throw new EngineError('system', `tug-runtime ${command} ended (${String(ended)}) without a report`);
	}

	if (report['ok'] === true) {
		return report;
	}

	throw reportedError(report);
}

/** An `{"ok":false,…}` report or monitor reply as an EngineError. */
export function reportedError(report: Readonly<Record<string, unknown>>): EngineError {
	const text = (key: string) => (typeof report[key] === 'string' ? report[key] : undefined);
	const number = (key: string) => (typeof report[key] === 'number' ? report[key] : undefined);
	const exitCode = number('exitCode');
	const code = text('code') ?? (number('errno') === undefined ? undefined : errnoNames.get(number('errno')!));
	const hint = hintFor(code);
	return new EngineError((text('kind') ?? 'system') as ErrorKind, text('message') ?? 'tug-runtime failed', {
		...(exitCode === undefined ? {} : {exitCode}),
		...(code === undefined ? {} : {code}),
		...(hint === undefined ? {} : {hint}),
	});
}

// The few that callers decide by; the message names all others.
const errnoNames = new Map([[1, 'EPERM'], [2, 'ENOENT'], [13, 'EACCES'], [17, 'EEXIST'], [20, 'ENOTDIR'], [21, 'EISDIR'], [28, 'ENOSPC'], [30, 'EROFS'], [122, 'EDQUOT']]);
