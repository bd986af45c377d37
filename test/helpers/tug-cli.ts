/** The real command line on a store of the test's own: as the caller, or as the unprivileged test user. */
import {spawn, type ChildProcess} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as wait} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {busyboxArchive} from './busybox-archive.js';
import {repositoryRoot} from './repository-root.js';
import {temporaryFolder} from './temporary-folder.js';

export const cli = path.join(repositoryRoot, 'dist', 'cli.cjs');

export type Person = 'caller' | 'tug1' | 'tug2';

export type Finished = {readonly exitCode: number | null; readonly signal: NodeJS.Signals | null; readonly output: string; readonly errors: string};

export type TugCli = {
	readonly folder: string;
	readonly environment: NodeJS.ProcessEnv;
	/** Program and first words that run `tug` as that person. */
	readonly prefix: readonly string[];
	start(words: readonly string[]): ChildProcess;
	run(words: readonly string[], input?: string | Buffer): Promise<Finished>;
	/** The output, without the last newline; throws when the exit code is not 0. */
	say(...words: readonly string[]): Promise<string>;
};

const users: Readonly<Record<'tug1' | 'tug2', number>> = {tug1: 2001, tug2: 2002};

/** Undefined, with the reason logged, where it can't be: no busybox, no such user. */
export async function tugCli(t: ExecutionContext, person: Person = 'caller'): Promise<TugCli | undefined> {
	const folder = temporaryFolder(t);
	const reason = missing(person);
	const archive = reason === undefined ? await busyboxArchive(folder) : undefined;
	if (archive === undefined) {
		t.log(`skipped: ${reason ?? 'no static busybox on this machine (apt install busybox-static)'}`);
		t.pass();
		return undefined;
	}

	const runFolder = path.join(folder, 'run');
	const root = path.join(folder, 'root');
	fs.mkdirSync(runFolder, {mode: 0o700});
	fs.mkdirSync(root, {mode: 0o700});
	const uid = person === 'caller' ? undefined : users[person];
	if (uid !== undefined) {
		fs.chmodSync(folder, 0o755);
		fs.chmodSync(archive, 0o644);
		fs.chownSync(runFolder, uid, uid);
		fs.chownSync(root, uid, uid);
	}

	const prefix = [...(uid === undefined ? [] : ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--']), process.execPath, cli];
	const environment: NodeJS.ProcessEnv = {PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8', TERM: 'xterm', TUG_ROOT: root, XDG_RUNTIME_DIR: runFolder};
	const start = (words: readonly string[]) => spawn(prefix[0]!, [...prefix.slice(1), ...words], {env: environment, cwd: '/', stdio: 'pipe'});
	const tug: TugCli = {
		folder,
		environment,
		prefix,
		start,
		run: async (words, input) => finish(start(words), input),
		async say(...words) {
			const {output, errors, exitCode} = await tug.run(words);
			if (exitCode !== 0) {
				throw new Error(`tug ${words.join(' ')}: ${exitCode}: ${errors}`);
			}

			return output.replace(/\n$/, '');
		},
	};
	t.teardown(async () => {
		const ids = (await tug.run(['ps', '-aq'])).output.split('\n').filter(id => id !== '');
		if (ids.length > 0) {
			await tug.run(['rm', '-f', ...ids]);
		}
	});
	await tug.say('load', '-q', '-i', archive);
	return tug;
}

export async function finish(child: ChildProcess, input?: string | Buffer): Promise<Finished> {
	const output: Buffer[] = [];
	const errors: Buffer[] = [];
	child.stdout!.on('data', (chunk: Buffer) => output.push(chunk));
	child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
	child.stdin!.on('error', () => {});
	child.stdin!.end(input);
	return new Promise(resolve => {
		child.on('close', (exitCode, signal) => {
			resolve({exitCode, signal, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString()});
		});
	});
}

export function digest(data: Uint8Array): string {
	return createHash('sha256').update(data).digest('hex');
}

export async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string), timeoutMs = 20_000): Promise<void> {
	const end = Date.now() + timeoutMs;
	while (!(await condition())) {
		if (Date.now() > end) {
			throw new Error(`waited in vain: ${typeof what === 'string' ? what : what()}`);
		}

		await wait(20);
	}
}

function missing(person: Person): string | undefined {
	if (person === 'caller') {
		return undefined;
	}

	if (process.getuid?.() !== 0) {
		return 'only root can become another user';
	}

	return fs.readFileSync('/etc/passwd', 'utf8').includes(`\n${person}:`) ? undefined : `there is no user ${person}`;
}
