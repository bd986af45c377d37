/** Calling tug-runtime: what its report says, and what is told when there is none. The program is a shell script here. */
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {reportedError, runNative, runNativeSync, spawnNative, type NativeProgram} from '../../engine/runtime/native-program.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

function program(t: ExecutionContext, script: string, sandboxArguments: readonly string[] = []): NativeProgram {
	const binary = path.join(temporaryFolder(t), 'program');
	fs.writeFileSync(binary, `#!/bin/sh\n${script}\n`, {mode: 0o755});
	return {binary, sandboxArguments};
}

/** Asks in both ways: the answers must be the same. */
async function both(native: NativeProgram, args: readonly string[] = [], input?: Buffer): Promise<unknown> {
	const outcome = async (call: () => unknown) => {
		try {
			return await call();
		} catch (error) {
			const {message, kind, code, exitCode, hint} = error as Record<string, unknown>;
			return {message, kind, ...(code === undefined ? {} : {code}), ...(exitCode === undefined ? {} : {exitCode}), ...(hint === undefined ? {} : {hint})};
		}
	};

	const options = input === undefined ? {} : {input};
	const [first, second] = [await outcome(async () => runNative(native, 'do', args, options)), await outcome(() => runNativeSync(native, 'do', args, options))];
	if (JSON.stringify(first).replace('spawn ', 'spawnSync ') !== JSON.stringify(second)) {
		throw new Error(`${JSON.stringify(first)} is not ${JSON.stringify(second)}`);
	}

	return first;
}

test('a report is given as it came', async t => {
	t.deepEqual(await both(program(t, 'echo \'{"ok":true,"entries":3,"list":[1]}\' >&3')), {ok: true, entries: 3, list: [1]});
	t.deepEqual(await both(program(t, 'echo \'{"ok":true}\' >&3; echo more >&3; exit 1')), {ok: true}, 'only the first line counts');
});

test('it gets its command, the sandbox and the arguments, in this order, and no more', async t => {
	const native = program(t, 'printf \'{"ok":true,"args":"%s"}\\n\' "$*" >&3', ['--sandbox', '/s']);
	t.deepEqual(await both(native, ['--a', 'b c']), {ok: true, args: 'do --sandbox /s --a b c'});
	t.deepEqual(await runNative(native, 'do', [], {sandbox: false}), {ok: true, args: 'do'});
	t.deepEqual(runNativeSync(native, 'do', [], {sandbox: false}), {ok: true, args: 'do'});
});

test('input reaches it whole, and not reading it is no error', async t => {
	const input = Buffer.alloc(300_000, 'x');
	t.deepEqual(await both(program(t, 'printf \'{"ok":true,"bytes":%s}\\n\' "$(wc -c)" >&3'), [], input), {ok: true, bytes: 300_000});
	t.deepEqual(await both(program(t, 'echo \'{"ok":true}\' >&3'), [], input), {ok: true});
});

const failures: ReadonlyArray<readonly [report: string, expected: Readonly<Record<string, unknown>>]> = [
	['{"ok":false,"kind":"conflict","message":"taken"}', {kind: 'conflict', message: 'taken'}],
	['{"ok":false,"kind":"system","errno":13,"message":"open x: permission denied"}', {kind: 'system', code: 'EACCES', message: 'open x: permission denied'}],
	['{"ok":false,"kind":"system","errno":28,"message":"full"}', {code: 'ENOSPC', hint: 'The disk is full: free some space (tug image prune, tug container prune) and try again.'}],
	['{"ok":false,"kind":"invalidParameter","message":"x","exitCode":127,"errno":2}', {kind: 'invalidParameter', exitCode: 127, code: 'ENOENT'}],
	['{"ok":false,"kind":"system","errno":9999,"message":"x"}', {kind: 'system', message: 'x'}],
	['{"ok":false,"code":"limit","message":"x"}', {kind: 'system', code: 'limit'}],
	['{"ok":false}', {kind: 'system', message: 'tug-runtime failed'}],
	['{}', {kind: 'system', message: 'tug-runtime failed'}],
];
for (const [report, expected] of failures) {
	test(`a failure is an error of its kind: ${report}`, async t => {
		t.like(await both(program(t, `echo '${report}' >&3; exit 1`)), expected);
		t.like(reportedError(JSON.parse(report) as Record<string, unknown>), expected);
	});
}

test('without a report it is told how it ended', async t => {
	t.deepEqual(await both(program(t, 'exit 7')), {kind: 'system', message: 'tug-runtime do ended (7) without a report'});
	t.deepEqual(await both(program(t, 'kill -9 $$')), {kind: 'system', message: 'tug-runtime do ended (SIGKILL) without a report'});
	t.deepEqual(await both(program(t, 'echo "no json" >&3')), {kind: 'system', message: 'tug-runtime do ended (0) without a report'});
	t.deepEqual(await both(program(t, 'echo \'{"ok":tr\' >&3; kill -11 $$')), {kind: 'system', message: 'tug-runtime do ended (SIGSEGV) without a report'});
});

test('a program that is not there, or can\'t be run', async t => {
	const missing = {binary: path.join(temporaryFolder(t), 'nothing'), sandboxArguments: []};
	t.like(await both(missing), {kind: 'unavailable', message: `${missing.binary} is not there`, hint: 'Run `npm rebuild tug` (it needs a C compiler: apt install gcc libc6-dev).'});
	const locked = program(t, '');
	fs.chmodSync(locked.binary, 0o644);
	t.like(await both(locked), {kind: 'system', code: 'EACCES'});
});

test('output streams while it runs; a signal ends it', async t => {
	const {child, report} = spawnNative(program(t, 'echo out; echo \'{"ok":true}\' >&3'), 'do', [], {stdout: 'pipe'});
	let text = '';
	child.stdout!.on('data', chunk => {
		text += String(chunk);
	});
	t.deepEqual(await report, {ok: true});
	t.is(text, 'out\n');
	const controller = new AbortController();
	const long = spawnNative(program(t, 'exec sleep 1000'), 'do', [], {signal: controller.signal});
	controller.abort();
	await t.throwsAsync(long.report);
});
