/**
For tests of tug-runtime's tree commands: who runs them (root, a user with subordinate ids, one without), running one, and describing a tree.
*/
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {locateNative} from '../../engine/runtime/locate-native.js';

export type Subject = {
	readonly name: 'root' | 'subuids' | 'single id';
	/** Put before the program. */
	readonly prefix: readonly string[];
	readonly sandbox: readonly string[];
	/** Belongs to the user; goes with the test. */
	readonly folder: string;
	/** The id on the host of an id in the user namespace. */
	readonly hostId: (id: number) => number;
};

export type Report = Readonly<Record<string, unknown>> & {readonly ok: boolean; readonly kind?: string; readonly message?: string; readonly errno?: number};

export type Outcome = {readonly report: Report; readonly status: number | null; readonly signal: string | null; readonly stdout: Buffer};

/** Whoever this machine lets us be. Logs whom not, and why. */
export function subjects(t: ExecutionContext): Subject[] {
	if (runtime(t) === undefined) {
		return [];
	}

	if (process.getuid!() !== 0) {
		const uid = process.getuid!();
		t.log('skipped as root: the tests run unprivileged');
		return [singleId(t, [], uid, process.getgid!())];
	}

	const all: Subject[] = [{name: 'root', prefix: [], sandbox: [], folder: folderFor(t, 0), hostId: id => id}];
	if (isUser('tug1', 2001)) {
		const folder = folderFor(t, 2001);
		const map = '0 2001 1,1 200000 65536';
		all.push({name: 'subuids', prefix: become(2001), sandbox: sandboxAt(folder, map), folder, hostId: id => (id === 0 ? 2001 : 200_000 + id - 1)});
	} else {
		t.log('skipped with subordinate ids: there is no user tug1 (uid 2001)');
	}

	if (isUser('tug2', 2002)) {
		all.push(singleId(t, become(2002), 2002, 2002));
	} else {
		t.log('skipped with a single id: there is no user tug2 (uid 2002)');
	}

	return all;
}

/** The first of `subjects`; undefined when the program was not built. */
export function anySubject(t: ExecutionContext): Subject | undefined {
	return subjects(t)[0];
}

export function runtime(t: ExecutionContext): string | undefined {
	try {
		return locateNative();
	} catch (error) {
		t.log(`skipped: ${(error as Error).message}`);
		t.pass();
		return undefined;
	}
}

/** Runs a command to its end. A string as input is a file, read by the program itself. */
export function run(subject: Subject, command: string, args: readonly string[], options: {readonly input?: Buffer | string; readonly program?: string} = {}): Outcome {
	const stdin = typeof options.input === 'string' ? fs.openSync(options.input, 'r') : options.input === undefined ? 'ignore' : 'pipe';
	try {
		const program = [...subject.prefix, options.program ?? locateNative(), command, ...subject.sandbox, ...args];
		const result = spawnSync(program[0]!, program.slice(1), {
			stdio: [stdin, 'pipe', 'pipe', 'pipe'],
			...(Buffer.isBuffer(options.input) ? {input: options.input} : {}),
			maxBuffer: 1024 * 1024 * 1024,
			timeout: 120_000,
		});
		const line = String(result.output[3] ?? '');
		let report: Report;
		try {
			report = JSON.parse(line) as Report;
		} catch {
			throw new Error(`${command} ended (${String(result.status ?? result.signal)}) without a report: ${line}${String(result.stderr)}${String(result.error ?? '')}`);
		}

		return {report, status: result.status, signal: result.signal, stdout: result.stdout};
	} finally {
		if (typeof stdin === 'number') {
			fs.closeSync(stdin);
		}
	}
}

/** layer-apply into a new directory of the subject's. */
export function apply(subject: Subject, input: Buffer | string, args: readonly string[] = []): {readonly tree: string; readonly squash: string; readonly outcome: Outcome} {
	const tree = path.join(subject.folder, `tree-${String(counter++)}`);
	const squash = `${tree}.squash`;
	const extra = subject.name === 'single id' ? ['--squash', squash] : [];
	return {tree, squash, outcome: run(subject, 'layer-apply', ['--dir', tree, ...extra, ...args], {input})};
}

let counter = 0;

/** Everything about a tree that an archive can carry but xattrs, by path. Hard links show by the first path of their file. */
export function describeTree(root: string, options: {readonly hostId?: (id: number) => number; readonly times?: boolean; readonly rootToo?: boolean} = {}): Map<string, string> {
	const found = new Map<string, string>();
	const links = new Map<string, string>();
	const visit = (relative: string) => {
		const file = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(relative, 'latin1')]);
		const stat = fs.lstatSync(file, {bigint: true});
		const type = Number(stat.mode) & 0o17_0000;
		const parts = [(Number(stat.mode)).toString(8), `${stat.uid}:${stat.gid}`];
		if (options.times !== false) {
			parts.push(String(stat.mtimeNs));
		}

		switch (type) {
			case 0o10_0000: {
				const first = links.get(`${stat.dev}:${stat.ino}`);
				parts.push(String(stat.size), createHash('sha1').update(fs.readFileSync(file)).digest('hex'), ...(first === undefined ? [] : [`= ${first}`]));
				links.set(`${stat.dev}:${stat.ino}`, first ?? relative);

				break;
			}

			case 0o12_0000: {
				parts.push(`-> ${fs.readlinkSync(file, {encoding: 'buffer'}).toString('latin1')}`);

				break;
			}

			case 0o2_0000:
			case 0o6_0000: {
				parts.push(`rdev ${stat.rdev}`);

				break;
			}
		// No default
		}

		if (relative !== '.' || options.rootToo) {
			found.set(relative, parts.join(' '));
		}

		if (type === 0o4_0000) {
			const names = fs.readdirSync(file, {encoding: 'buffer'}).map(name => name.toString('latin1')).sort();
			for (const name of names) {
				visit(relative === '.' ? name : `${relative}/${name}`);
			}
		}
	};

	visit('.');
	return found;
}

/** `wanted` as the subject's tree has it: ids as they are on the host. */
export function asSeenOnHost(wanted: Map<string, string>, subject: Subject): Map<string, string> {
	return new Map([...wanted].map(([name, text]) => [name, text.replace(/ (\d+):(\d+)/, (_, uid: string, gid: string) => ` ${String(subject.hostId(Number(uid)))}:${String(subject.hostId(Number(gid)))}`)]));
}

/** Whether a program is there; logs the reason and passes the test when it isn't. */
export function hasProgram(t: ExecutionContext, name: string): boolean {
	if (spawnSync(name, ['--version'], {stdio: 'ignore'}).error === undefined) {
		return true;
	}

	t.log(`skipped: there is no ${name}`);
	t.pass();
	return false;
}

/** Removes a tree whoever it belongs to. */
export function removeTree(folder: string): void {
	spawnSync('chmod', ['-R', 'u+rwx', folder], {stdio: 'ignore'});
	spawnSync('rm', ['-rf', folder], {stdio: 'ignore'});
}

function singleId(t: ExecutionContext, prefix: readonly string[], uid: number, gid: number): Subject {
	const folder = folderFor(t, uid);
	return {name: 'single id', prefix, sandbox: ['--sandbox', path.join(folder, 'sandbox'), '--uid-map', `0 ${uid} 1`, '--gid-map', `0 ${gid} 1`], folder, hostId: () => uid};
}

function sandboxAt(folder: string, map: string): string[] {
	return ['--sandbox', path.join(folder, 'sandbox'), '--uid-map', map, '--gid-map', map];
}

/** Every layer ends with syncfs, which on a disk waits for everybody's files: memory is used where it knows user xattrs (Linux 6.6). */
function scratchRoot(): string {
	const [major = 0, minor = 0] = os.release().split('.').map(Number);
	try {
		fs.accessSync('/dev/shm', fs.constants.W_OK);
		return major > 6 || (major === 6 && minor >= 6) ? '/dev/shm' : os.tmpdir();
	} catch {
		return os.tmpdir();
	}
}

function folderFor(t: ExecutionContext, uid: number): string {
	const folder = fs.mkdtempSync(path.join(scratchRoot(), 'tug-trees-'));
	fs.mkdirSync(path.join(folder, 'sandbox'), {mode: 0o700});
	if (uid !== 0 && process.getuid!() === 0) {
		fs.chownSync(folder, uid, uid);
		fs.chownSync(path.join(folder, 'sandbox'), uid, uid);
	}

	t.teardown(() => {
		removeTree(folder);
	});
	return folder;
}

function isUser(name: string, uid: number): boolean {
	return spawnSync('id', ['-u', name], {encoding: 'utf8'}).stdout.trim() === String(uid);
}

function become(uid: number): string[] {
	return ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
}
