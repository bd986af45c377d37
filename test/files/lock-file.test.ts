import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {withLock} from '../../engine/files/lock-file.js';
import {formatIdentity, ownIdentity, parseIdentity, processState} from '../../engine/files/process-identity.js';
import {temporaryFolder} from '../helpers/image-lab.js';

test('work under one lock never overlaps', async t => {
	const file = path.join(temporaryFolder(t), 'lock');
	let inside = 0;
	let most = 0;
	await Promise.all(Array.from({length: 8}, async () => withLock(file, {}, async () => {
		most = Math.max(most, ++inside);
		await new Promise(resolve => {
			setImmediate(resolve);
		});
		inside--;
	})));
	t.is(most, 1);
	t.deepEqual(fs.readdirSync(path.dirname(file)), []);
});

test('the lock is given back when the work fails', async t => {
	const file = path.join(temporaryFolder(t), 'lock');
	await t.throwsAsync(withLock(file, {}, () => {
		throw new Error('no');
	}), {message: 'no'});
	t.is(await withLock(file, {waitMs: 0}, () => 7), 7);
});

test('a lock that is held is a conflict in the end', async t => {
	const file = path.join(temporaryFolder(t), 'lock');
	await withLock(file, {}, async () => {
		const error = await t.throwsAsync(withLock(file, {waitMs: 20}, () => {}));
		t.true(isEngineError(error, 'conflict') && error.code === 'locked');
	});
});

test('a dead holder\'s lock is taken over, by one only', async t => {
	const file = path.join(temporaryFolder(t), 'lock');
	const {pid} = spawnSync('true');
	fs.writeFileSync(`${file}.owner`, formatIdentity({...ownIdentity(), pid, startTicks: '1'}));
	let inside = 0;
	await Promise.all(Array.from({length: 4}, async () => withLock(file, {}, async () => {
		t.is(++inside, 1);
		await new Promise(resolve => {
			setImmediate(resolve);
		});
		inside--;
	})));
	t.deepEqual(fs.readdirSync(path.dirname(file)), []);
});

test('a lock taker from outside is used instead', async t => {
	const steps: string[] = [];
	await withLock('/x', {
		async take(file) {
			steps.push(`take ${file}`);
			return async () => {
				steps.push('release');
			};
		},
	}, () => {
		steps.push('work');
	});
	t.deepEqual(steps, ['take /x', 'work', 'release']);
});

test('this process is alive by its own name', t => {
	const name = formatIdentity(ownIdentity());
	t.deepEqual(parseIdentity(`${name}-7`), ownIdentity());
	t.is(processState(ownIdentity()), 'alive');
});

test('a reused pid is another process', t => {
	t.is(processState({...ownIdentity(), startTicks: '1'}), 'gone');
});

test('a process of another boot is gone, one of another pid namespace is unknown', t => {
	t.is(processState({...ownIdentity(), boot: 'ffffffff'}), 'gone');
	t.is(processState({...ownIdentity(), namespace: '1'}), 'unknown');
});

test('a zombie is gone', async t => {
	// The shell does not wait for its child, so that stays a zombie until the shell ends.
	const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 5'], {stdio: ['ignore', 'pipe', 'ignore']});
	t.teardown(() => shell.kill('SIGKILL'));
	const pid = Number(String((await shell.stdout.take(1).toArray())[0]));
	for (let tries = 0; tries < 200; tries++) {
		const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
		if (stat.includes(') Z ')) {
			const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
			t.is(processState({...ownIdentity(), pid, startTicks}), 'gone');
			return;
		}

		await new Promise(resolve => {
			setTimeout(resolve, 10);
		});
	}

	t.fail('no zombie appeared');
});

test('names that are no identity are told apart', t => {
	for (const name of ['', 'x', '12', '12-34', '12-34-zzzzzzzz-1', `${process.pid}`]) {
		t.is(parseIdentity(name), undefined);
	}
});
