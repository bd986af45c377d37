/**
Commands about the host: locks for programs that have no flock, probing, deleting what does not run, reports.
*/
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {locateNative} from '../helpers/native-container.js';
import {anySubject, run, subjects, type Report} from '../helpers/native-trees.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Holder = {readonly child: ChildProcess; readonly report: Promise<Report>};

function lock(...args: string[]): Holder {
	const child = spawn(locateNative(), ['lock', ...args], {stdio: ['pipe', 'ignore', 'inherit', 'pipe']});
	const report = (async () => {
		let text = '';
		for await (const chunk of child.stdio[3] as NodeJS.ReadableStream) {
			text += String(chunk);
		}

		return JSON.parse(text) as Report;
	})();
	return {child, report};
}

test('a lock is held until stdin ends, and nobody else gets it meanwhile', async t => {
	if (anySubject(t) === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'lock');
	const first = lock(file);
	t.true((await first.report).ok);
	const refused = await lock(file, '--wait', '0').report;
	t.deepEqual([refused.kind, refused.message], ['conflict', `${file} is locked by another process`]);

	const started = performance.now();
	const timedOut = await lock(file, '--wait', '150').report;
	t.is(timedOut.kind, 'conflict');
	t.true(performance.now() - started >= 145);

	const waiting = lock(file, '--wait', '60000');
	first.child.stdin!.end();
	t.true((await waiting.report).ok);
	waiting.child.kill('SIGKILL');
	const afterDeath = lock(file, '--wait', '5000');
	t.true((await afterDeath.report).ok, 'the kernel drops the lock of the dead');
	afterDeath.child.stdin!.end();
});

test('shared locks go together, an exclusive one waits', async t => {
	if (anySubject(t) === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'lock');
	const readers = [lock(file, '--shared'), lock(file, '--shared', '--wait', '0')];
	for (const reader of readers) {
		t.true((await reader.report).ok);
	}

	t.is((await lock(file, '--wait', '10').report).kind, 'conflict');
	for (const reader of readers) {
		reader.child.stdin!.end();
	}

	const writer = lock(file, '--wait', '10000');
	t.true((await writer.report).ok);
	writer.child.stdin!.end();
});

test('whoever waits for a lock goes when its owner goes', async t => {
	if (anySubject(t) === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'lock');
	const holder = lock(file);
	t.true((await holder.report).ok);
	const waiting = lock(file);
	await delay(100);
	waiting.child.stdin!.end();
	t.is((await waiting.report).message, `${file}: the owner went away`);
	holder.child.stdin!.end();
});

test('a lock is not followed through a symlink', async t => {
	if (anySubject(t) === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	fs.symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, 'lock'));
	t.false((await lock(path.join(folder, 'lock')).report).ok);
	t.false(fs.existsSync(path.join(folder, 'elsewhere')));
});

test('probing tells what works here, and leaves nothing behind', t => {
	for (const subject of subjects(t)) {
		const {report} = run({...subject, sandbox: []}, 'probe', ['--dir', subject.folder]);
		t.true(report.ok);
		for (const name of ['userNamespace', 'newuidmap', 'newgidmap', 'overlay', 'overlayUserxattr', 'mountProc', 'networkNamespace', 'reflink', 'seccomp']) {
			t.is(typeof report[name], 'boolean', name);
		}

		t.is(report['kernel'], fs.readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
		const {mode} = report['cgroup'] as {mode: string};
		t.true(['v2', 'hybrid', 'v1', 'none'].includes(mode), mode);
		if (subject.name !== 'root') {
			t.true(report['userNamespace'] === true || typeof report['userNamespaceError'] === 'string');
		}

		t.deepEqual(fs.readdirSync(subject.folder).filter(name => name.startsWith('.probe')), []);
	}

	const subject = anySubject(t);
	if (subject !== undefined) {
		t.is(run({...subject, sandbox: []}, 'probe', ['--dir', '/no/such/folder']).report['errno'], 2);
	}
});

test('deleting what never ran, or is gone, is fine', t => {
	for (const subject of subjects(t)) {
		const state = path.join(subject.folder, 'state');
		const socket = path.join(subject.folder, 'socket');
		t.true(run(subject, 'delete', ['--state', state, '--socket', socket]).report.ok, 'no state');
		fs.mkdirSync(state);
		fs.writeFileSync(socket, '');
		if (process.getuid!() === 0) {
			fs.chownSync(state, subject.hostId(0), subject.hostId(0));
		}

		t.true(run(subject, 'delete', ['--state', state, '--socket', socket, '--force']).report.ok);
		t.false(fs.existsSync(socket), 'the stale socket is gone');
		t.is(run(subject, 'start', ['--socket', socket]).report.message, 'the container is not running');
	}
});

test('a monitor that hangs is killed by force, and its container with it', async t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const state = path.join(subject.folder, 'state');
	fs.mkdirSync(state);
	// Something that holds the lock and listens, and never answers.
	const script = `import fcntl, socket, sys, time
lock = open(sys.argv[1] + '/monitor.lock', 'w'); fcntl.flock(lock, fcntl.LOCK_EX)
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[2]); server.listen(); print('up', flush=True); time.sleep(1000)`;
	const hanging = spawn('python3', ['-c', script, state, path.join(subject.folder, 'socket')], {stdio: ['ignore', 'pipe', 'inherit']});
	const up = await Promise.race([new Promise(resolve => {
		hanging.stdout.once('data', resolve);
	}), new Promise(resolve => {
		hanging.once('error', () => {
			resolve(undefined);
		});
	})]);
	if (up === undefined) {
		t.log('skipped: there is no python3');
		t.pass();
		return;
	}

	const gone = new Promise(resolve => {
		hanging.once('exit', (_code, signal) => {
			resolve(signal);
		});
	});
	const {report} = run({...subject, sandbox: []}, 'delete', ['--state', state, '--socket', path.join(subject.folder, 'socket'), '--force']);
	t.true(report.ok, JSON.stringify(report));
	t.is(await gone, 'SIGKILL');
});

test('options: any order, both forms, unknown and incomplete ones told', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const attempt = (...args: string[]) => run({...subject, sandbox: []}, args[0]!, args.slice(1)).report;
	t.is(attempt('lock').message, 'usage: lock PATH [--shared] [--wait MS]');
	t.is(attempt('lock', '--sideways').message, 'lock: unknown option --sideways');
	t.is(attempt('lock', 'x', '--wait').message, 'lock: --wait needs a value');
	t.is(attempt('lock', 'x', '--wait', '-5').message, 'lock: --wait: -5 is not a number');
	t.is(attempt('lock', 'x', '--shared=yes').message, 'lock: --shared takes no value');
	t.is(attempt('delete', '--state', '/a', '--state', '/b').message, 'delete: --state is given twice');
	t.is(attempt('delete', 'word').message, 'delete: unexpected argument word');
	t.true(attempt('lock', '--wait=100', '--', path.join(subject.folder, '--odd')).ok);
});

test('without a descriptor 3 the report goes to stderr, and no descriptor at all is no trouble', t => {
	if (anySubject(t) === undefined) {
		return;
	}

	const {stderr} = spawnSync(locateNative(), ['frobnicate'], {encoding: 'utf8'});
	t.is(stderr, '{"ok":false,"kind":"invalidParameter","message":"unknown command frobnicate"}\n');
	const bare = spawnSync('sh', ['-c', `exec 0<&- 1>&- 2>&-; ${locateNative()} probe --dir /no/such 3>&-; exec ${locateNative()} nothing`]);
	t.is(bare.status, 1);
});

test('what is no plan is refused before anything is done', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	for (const input of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(5 * 1024 * 1024, 0x41), Buffer.alloc(12 * 1024 * 1024)]) {
		const {report} = run({...subject, sandbox: []}, 'create', [], {input});
		t.is(report.kind, 'invalidParameter');
		t.regex(String(report.message), /^plan: /);
	}
});
