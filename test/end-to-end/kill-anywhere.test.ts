/**
`kill -9` of tug at every moment of load, run and rm. After each kill the next command finds a store that is whole, and at the end nothing is left.
*/
import {execFile, spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {openStore} from '../../engine/store/open-store.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {verifyStore} from '../../engine/store/verify-store.js';
import {locateNative} from '../../engine/runtime/locate-native.js';
import {busyboxArchive} from '../helpers/busybox-archive.js';
import {repositoryRoot} from '../helpers/repository-root.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const run = promisify(execFile);
const cli = path.join(repositoryRoot, 'dist', 'cli.cjs');

type Place = {readonly root: string; readonly run: string; readonly archive: string; readonly environment: NodeJS.ProcessEnv};

async function place(t: ExecutionContext): Promise<Place | undefined> {
	const folder = temporaryFolder(t);
	const archive = await busyboxArchive(folder);
	if (archive === undefined) {
		t.log('skipped: no static busybox on this machine (apt install busybox-static)');
		t.pass();
		return undefined;
	}

	const environment = {...process.env, TUG_ROOT: path.join(folder, 'root'), XDG_RUNTIME_DIR: path.join(folder, 'run'), NO_COLOR: '1'};
	fs.mkdirSync(environment.XDG_RUNTIME_DIR, {mode: 0o700});
	return {root: environment.TUG_ROOT, run: environment.XDG_RUNTIME_DIR, archive, environment};
}

async function tug(at: Place, ...arguments_: readonly string[]): Promise<string> {
	const {stdout} = await run(process.execPath, [cli, ...arguments_], {env: at.environment});
	return stdout;
}

/** Starts a command and kills it after so many milliseconds. Resolves when it is gone. */
async function tugKilledAfter(at: Place, milliseconds: number, ...arguments_: readonly string[]): Promise<void> {
	const child = spawn(process.execPath, [cli, ...arguments_], {env: at.environment, stdio: 'ignore'});
	const gone = new Promise<void>(resolve => {
		child.once('close', () => {
			resolve();
		});
	});
	const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
	await gone;
	clearTimeout(timer);
}

/** What is wrong with the store once the next command has tidied up. */
async function faults(at: Place): Promise<readonly string[]> {
	const store = openStore({root: at.root, run: at.run, native: {binary: locateNative(), sandboxArguments: []}, mapping: {single: false}});
	await reconcile(store);
	return verifyStore(store);
}

// Node needs about 30 ms before our first line runs; the steps spread over the whole life of each command.
const moments = (count: number, step: number) => Array.from({length: count}, (_, index) => 25 + index * step);

test('load killed at any moment leaves a whole store, and the next load succeeds', async t => {
	const at = await place(t);
	if (at === undefined) {
		return;
	}

	for (const moment of moments(16, 8)) {
		await tugKilledAfter(at, moment, 'load', '-q', '-i', at.archive);
		t.deepEqual(await faults(at), [], `killed after ${moment} ms`);
		await tug(at, 'image', 'prune', '-a', '-f');
	}

	await tug(at, 'load', '-q', '-i', at.archive);
	t.regex(await tug(at, 'images'), /busybox/);
	t.is(await tug(at, 'run', '--rm', 'busybox', 'echo', 'hi'), 'hi\n');
});

test('run and rm killed at any moment leave containers in true states, and all can be removed', async t => {
	const at = await place(t);
	if (at === undefined) {
		return;
	}

	await tug(at, 'load', '-q', '-i', at.archive);
	for (const [index, moment] of moments(16, 6).entries()) {
		await tugKilledAfter(at, moment, 'run', '-d', '--name', `kept-${index}`, 'busybox', 'sleep', '1000');
		await tugKilledAfter(at, moment, 'run', '--rm', '--name', `gone-${index}`, 'busybox', 'sleep', '0.05');
		await tugKilledAfter(at, moment, 'rm', '-f', `kept-${index - 1}`);
		const states = (await tug(at, 'ps', '-a', '--format', '{{.State}}')).split('\n').filter(Boolean);
		t.true(states.every(state => ['created', 'running', 'exited', 'removing'].includes(state)), states.join(' '));
		t.deepEqual(await faults(at), [], `killed after ${moment} ms`);
	}

	// Containers of `run --rm` whose tug was killed end by themselves and go with the next command.
	await until(t, async () => {
		const names = (await tug(at, 'ps', '-a', '--format', '{{.Names}}')).split('\n').filter(Boolean);
		return names.every(name => name.startsWith('kept-'));
	});
	const left = (await tug(at, 'ps', '-aq')).split('\n').filter(Boolean);
	if (left.length > 0) {
		await tug(at, 'rm', '-f', ...left);
	}

	t.is(await tug(at, 'ps', '-aq'), '');
	t.deepEqual(fs.readdirSync(path.join(at.root, 'containers')), []);
	t.deepEqual(fs.readdirSync(path.join(at.root, 'names')), []);
	t.deepEqual(monitorsOf(at), []);
	t.deepEqual(await faults(at), []);
});

/** Command lines of processes that still know this store. */
function monitorsOf(at: Place): string[] {
	return fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(pid => {
		try {
			return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
		} catch {
			return '';
		}
	}).filter(line => line.includes(at.root));
}

async function until(t: ExecutionContext, condition: () => Promise<boolean>): Promise<void> {
	const deadline = Date.now() + 20_000;
	while (!(await condition())) {
		if (Date.now() > deadline) {
			t.fail('waited 20 s for nothing');
			return;
		}

		await delay(50);
	}
}
