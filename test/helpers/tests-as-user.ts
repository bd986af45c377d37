/** Test files once more, as a user without privileges. Only root can become one. */
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import type {ExecutionContext} from 'ava';
import {repositoryRoot} from './repository-root.js';

/** What `.ci/run` makes: one with subordinate ids, one without. */
export const unprivilegedUsers = [['tug1', 'with subordinate ids'], ['tug2', 'without subordinate ids']] as const;

type User = {readonly uid: string; readonly gid: string};

/** Runs the compiled files (`build/test/….test.js`) under ava as that user, and passes if they do. Logs why where it can't be done. */
export async function testsAsUser(t: ExecutionContext, name: string, files: readonly string[]): Promise<void> {
	const user = userEntry(name);
	const reason = user === undefined ? `no user ${name} here` : obstacle(user);
	if (user === undefined || reason !== undefined) {
		t.log(`skipped: ${reason}`);
		t.pass();
		return;
	}

	const home = fs.mkdtempSync(path.join(os.tmpdir(), `${name}-`));
	t.teardown(() => {
		fs.rmSync(home, {recursive: true, force: true});
	});
	fs.chownSync(home, Number(user.uid), Number(user.gid));
	// ava wants this folder to be there. In CI mode it writes nothing into it.
	fs.mkdirSync(path.join(repositoryRoot, 'node_modules', '.cache', 'ava'), {recursive: true});
	const child = spawn('setpriv', [...asUser(user), process.execPath, 'node_modules/ava/entrypoints/cli.mjs', '--tap', ...files], {
		cwd: repositoryRoot,
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env['PATH'], USER: name, FORCE_COLOR: '0', CI: 'true'},
	});
	const [closed, stdout, stderr] = await Promise.all([once(child, 'close') as Promise<[number | null]>, text(child.stdout), text(child.stderr)]);
	const lines = stdout.split('\n');
	const failures = lines.flatMap((line, index) => (/^\s*not ok/.test(line) ? lines.slice(index, index + 20) : []));
	t.deepEqual(failures, []);
	t.is(closed[0], 0, stderr);
	t.log(`${lines.filter(line => /^\s*ok/.test(line)).length} passed, ${lines.filter(line => line.includes('skipped: ')).length} of them skipped`);
}

function userEntry(name: string): User | undefined {
	const fields = fs.readFileSync('/etc/passwd', 'utf8').split('\n').find(line => line.startsWith(`${name}:`))?.split(':');
	return fields === undefined ? undefined : {uid: fields[2]!, gid: fields[3]!};
}

function asUser({uid, gid}: User): string[] {
	return ['--reuid', uid, '--regid', gid, '--clear-groups', '--'];
}

function obstacle(user: User): string | undefined {
	if (process.getuid!() !== 0) {
		return 'only root can become another user';
	}

	const {status} = spawnSync('setpriv', [...asUser(user), 'test', '-r', path.join(repositoryRoot, 'package.json')]);
	return status === 0 ? undefined : `other users can't read ${repositoryRoot}`;
}
