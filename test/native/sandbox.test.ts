/**
The sandbox: one user namespace for all of a user's containers, started by whoever comes first, gone when nobody needs it.
*/
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {forEachSubject, launch, locateNative, waitForStatus} from '../helpers/native-container.js';
import {run, type Report, type Subject} from '../helpers/native-trees.js';

const notRoot = ({name}: Subject) => name !== 'root';

function status(subject: Subject): {readonly pid: number; readonly users: number} {
	return run(subject, 'sandbox', ['status']).report as unknown as {pid: number; users: number};
}

function stopSandbox(t: ExecutionContext, subject: Subject): void {
	t.teardown(() => {
		run(subject, 'sandbox', ['down']);
	});
}

test('up starts it, status tells, down ends it', async t => {
	await forEachSubject(t, subject => {
		stopSandbox(t, subject);
		t.deepEqual(status(subject), {ok: true, pid: 0, users: 0} as never);
		const up = run(subject, 'sandbox', ['up']).report;
		t.true(up.ok, JSON.stringify(up));
		const {pid} = status(subject);
		t.is(up['pid'], pid);
		const map = fs.readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split('\n').map(line => line.trim().split(/\s+/).map(Number));
		t.deepEqual(map[0], [0, subject.hostId(0), 1]);
		t.is(map.length, subject.name === 'subuids' ? 2 : 1);
		const [folder] = subject.sandbox.slice(1);
		t.is(fs.statSync(path.join(folder!, 'sandbox.sock')).mode & 0o777, 0o600);
		t.true(run(subject, 'sandbox', ['down']).report.ok);
		t.is(status(subject).pid, 0);
	}, notRoot);
});

test('twenty at once share one', async t => {
	await forEachSubject(t, async subject => {
		stopSandbox(t, subject);
		for (let round = 0; round < 5; round++) {
			const reports = await Promise.all(Array.from({length: 20}, async () => start(subject, ['sandbox', 'up'])));
			for (const report of reports) {
				t.true(report.ok, JSON.stringify(report));
			}

			t.is(new Set(reports.map(report => report['pid'])).size, 1);
			t.true(run(subject, 'sandbox', ['down']).report.ok);
		}
	}, notRoot);
});

test('it survives being ended and started all the time', async t => {
	await forEachSubject(t, async subject => {
		stopSandbox(t, subject);
		const all = Array.from({length: 30}, async (_, index) => start(subject, ['sandbox', index % 5 === 0 ? 'down' : 'up']));
		for (const report of await Promise.all(all)) {
			t.true(report.ok || report.kind === 'conflict', JSON.stringify(report));
		}
	}, notRoot);
});

test('a sandbox that was killed leaves a socket that nobody trusts', async t => {
	await forEachSubject(t, async subject => {
		stopSandbox(t, subject);
		run(subject, 'sandbox', ['up']);
		const {pid} = status(subject);
		process.kill(pid, 'SIGKILL');
		const folder = subject.sandbox[1]!;
		t.true(fs.existsSync(path.join(folder, 'sandbox.sock')));
		const {report} = run(subject, 'sandbox', ['up']);
		t.true(report.ok, JSON.stringify(report));
		t.not(report['pid'], pid);
	}, notRoot);
});

test('it is not ended while a container runs, and waits for the next one after', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		stopSandbox(t, subject);
		const container = launch(t, subject, rootfs, {args: ['sleep', '1000']});
		t.true(container.report.ok, JSON.stringify(container.report));
		t.is(status(subject).users, 1);
		const refused = run(subject, 'sandbox', ['down']).report;
		t.deepEqual([refused.kind, refused.message], ['conflict', 'the sandbox is in use by running containers']);
		const first = status(subject).pid;
		t.true(run(subject, 'delete', ['--state', container.plan.stateDir, '--socket', container.plan.socket, '--force']).report.ok);
		t.is(status(subject).pid, first, 'it lingers for whoever comes next');
		const next = launch(t, subject, rootfs, {args: ['true']});
		await waitForStatus(next.plan.stateDir, 'exited');
		t.is(status(subject).pid, first);
	}, notRoot);
});

test('it ends by itself ten seconds after the last use', async t => {
	await forEachSubject(t, async subject => {
		run(subject, 'sandbox', ['up']);
		const {pid} = status(subject);
		await delay(8000);
		t.true(fs.existsSync(`/proc/${pid}`));
		const folder = subject.sandbox[1]!;
		for (let attempt = 0; attempt < 80 && fs.existsSync(path.join(folder, 'sandbox.sock')); attempt++) {
			await delay(100);
		}

		t.false(fs.existsSync(path.join(folder, 'sandbox.sock')));
		t.is(status(subject).pid, 0);
	}, notRoot);
});

test('nobody else gets the namespace', async t => {
	await forEachSubject(t, async subject => {
		stopSandbox(t, subject);
		run(subject, 'sandbox', ['up']);
		const socketPath = path.join(subject.sandbox[1]!, 'sandbox.sock');
		if (process.getuid!() === 0) {
			// The host's root may open the socket; he is hung up on, for inside he is nobody.
			const socket = net.connect(socketPath);
			const ended = new Promise<boolean>(resolve => {
				socket.once('close', () => {
					resolve(true);
				});
				socket.once('data', () => {
					resolve(false);
				});
				socket.on('error', () => {
					resolve(true);
				});
			});
			t.true(await ended);
		}

		t.is(status(subject).users, 0);
	}, notRoot);
});

test('a directory of somebody else is refused', async t => {
	await forEachSubject(t, subject => {
		const map = ['--uid-map', subject.sandbox[3]!, '--gid-map', subject.sandbox[5]!];
		const other = run({...subject, sandbox: ['--sandbox', '/root', ...map]}, 'sandbox', ['up']).report;
		t.false(other.ok);
		const tmp = run({...subject, sandbox: ['--sandbox', '/tmp', ...map]}, 'sandbox', ['up']).report;
		t.is(tmp.kind, 'forbidden');
	}, notRoot);
});

test('maps that are none, and missing programs, are told', async t => {
	await forEachSubject(t, subject => {
		const attempt = (map: string) => run({...subject, sandbox: ['--sandbox', subject.sandbox[1]!, '--uid-map', map, '--gid-map', map]}, 'sandbox', ['up']).report;
		for (const map of ['', '0', '0 1', '0 1 2 3', 'a b c', '0 -1 1', ',', ' ']) {
			const report = attempt(map);
			t.deepEqual([report.ok, report.kind], [false, 'invalidParameter'], map);
		}

		const foreign = attempt('0 0 1,1 100 65536');
		t.is(foreign.kind, 'unavailable');
		t.regex(String(foreign.message), /new[ug]idmap failed \(.*\): check \/etc\/subuid and \/etc\/subgid/);
		const without = run({...subject, prefix: [...subject.prefix, 'env', 'PATH=/nowhere'], sandbox: ['--sandbox', subject.sandbox[1]!, '--uid-map', '0 1 2', '--gid-map', '0 1 2']}, 'sandbox', ['up']).report;
		t.deepEqual([without.kind, without.message], ['unavailable', 'newuidmap is not there: apt install uidmap']);
		t.is(status(subject).pid, 0, 'nothing is left running');
	}, notRoot);
});

test('options of the sandbox come together or not at all', t => {
	try {
		locateNative();
	} catch (error) {
		t.log(`skipped: ${(error as Error).message}`);
		t.pass();
		return;
	}

	const attempt = (...args: string[]) => JSON.parse(String(spawnSync(locateNative(), args, {stdio: ['ignore', 'ignore', 'ignore', 'pipe']}).output[3])) as Report;
	t.regex(String(attempt('rm-tree', '--sandbox', '/x').message), /--sandbox needs --uid-map and --gid-map/);
	t.regex(String(attempt('sandbox', 'up').message), /usage: sandbox up\|down\|status/);
	t.regex(String(attempt('sandbox', 'sideways', '--sandbox', '/tmp', '--uid-map', '0 0 1', '--gid-map', '0 0 1').message), /unknown command sideways|belongs to/);
	t.is(attempt('frobnicate').message, 'unknown command frobnicate');
	t.is(attempt().message, 'no command given');
});

async function start(subject: Subject, args: readonly string[]): Promise<Report> {
	const command = [...subject.prefix, locateNative(), args[0]!, ...subject.sandbox, ...args.slice(1)];
	const child = spawn(command[0]!, command.slice(1), {stdio: ['ignore', 'ignore', 'inherit', 'pipe']});
	let text = '';
	for await (const chunk of child.stdio[3] as NodeJS.ReadableStream) {
		text += String(chunk);
	}

	return JSON.parse(text) as Report;
}
