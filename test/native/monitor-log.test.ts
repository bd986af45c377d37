import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {frameType} from '../../engine/runtime/monitor-protocol.js';
import {forEachSubject} from '../helpers/native-container.js';
import {create, createSession, readLogLines, until} from '../helpers/monitor-session.js';

test('a line is logged when it is whole; the last one without its newline, too', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'printf "a b"; read x; echo " c"; printf "no end"', {flags: ['openStdin', 'stdinOnce']});
		await client.command(frameType.start);
		await client.untilOutput('a b');
		t.deepEqual(readLogLines(container.plan), []);
		client.send(frameType.stdin, Buffer.from('\n'));
		await client.exit();
		t.deepEqual(readLogLines(container.plan).map(({log, stream}) => [log, stream]), [['a b c\n', 'stdout'], ['no end', 'stdout']]);
		t.is(fs.statSync(container.plan.log!.path).mode & 0o777, 0o640);
	});
});

test('two hundred thousand lines are all there, in order, at rising times', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {container, client} = await createSession(t, subject, rootfs, 'seq 200000');
		await client.command(frameType.start);
		t.is((await client.exit()).exitCode, 0);
		const lines = readLogLines(container.plan);
		t.is(lines.length, 200_000);
		t.true(lines.every(({log}, index) => log === `${String(index + 1)}\n`));
		t.true(lines.every(({time}, index) => index === 0 || time > lines[index - 1]!.time));
	});
});

test('rotation while the container writes loses no line', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const folder = path.join(path.dirname(rootfs), 'logs');
		fs.mkdirSync(folder);
		fs.chmodSync(folder, 0o777);
		const file = path.join(folder, 'json.log');
		const {container, client} = await createSession(t, subject, rootfs, 'seq 20000', {log: {path: file, maxSizeBytes: 300_000n, maxFiles: 10}});
		await client.command(frameType.start);
		await client.exit();
		const names = fs.readdirSync(folder).sort((a, b) => Number(a.split('.')[2] ?? 0) - Number(b.split('.')[2] ?? 0)).toReversed();
		const lines = names.flatMap(name => readLogLines({log: {...container.plan.log!, path: path.join(folder, name)}}));
		t.deepEqual(lines.map(({log}) => log), Array.from({length: 20_000}, (_, index) => `${String(index + 1)}\n`));
		t.true(names.length > 3 && names.every(name => fs.statSync(path.join(folder, name)).size <= 300_000), names.join(' '));
	});
});

test('a log that cannot be made is an error, not a container without a log', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {report, plan} = create(t, subject, rootfs, 'true', {log: {path: path.join(path.dirname(rootfs), 'nowhere', 'json.log')}, command: 'run'});
		t.like(report, {ok: false, kind: 'system', errno: 2});
		t.false(fs.existsSync(plan.socket));
	});
});

test('a full disk stops neither container nor clients; the log says what it lacks', async t => {
	if (process.getuid!() !== 0) {
		t.log('skipped: only root can mount a small disk');
		t.pass();
		return;
	}

	await forEachSubject(t, async (subject, rootfs) => {
		const disk = path.join(path.dirname(rootfs), 'disk');
		fs.mkdirSync(disk);
		const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=777', 'tmpfs', disk], {encoding: 'utf8'});
		if (mounted.status !== 0) {
			t.log(`skipped: ${mounted.stderr}`);
			t.pass();
			return;
		}

		t.teardown(() => {
			spawnSync('umount', [disk]);
		});
		fs.writeFileSync(path.join(disk, 'filler'), Buffer.alloc(128 * 1024));
		const changes = {flags: ['openStdin', 'stdinOnce'], log: {path: path.join(disk, 'json.log')}} as const;
		const {container, client} = await createSession(t, subject, rootfs, 'seq 20000; read x; seq 20001 20010', changes);
		await client.command(frameType.start);
		await client.untilOutput('20000\n');
		fs.rmSync(path.join(disk, 'filler'));
		client.send(frameType.stdin, Buffer.from('\n'));
		t.is((await client.exit()).exitCode, 0);
		t.is(String(client.output()), Array.from({length: 20_010}, (_, index) => `${String(index + 1)}\n`).join(''));
		const lines = readLogLines(container.plan).map(({log}) => log);
		const notes = lines.map(line => /^tug: (\d+) lines? not logged: no space left on device\n$/.exec(line)).filter(match => match !== null);
		t.true(notes.length > 0);
		const logged = lines.filter(line => /^\d+\n$/.test(line));
		t.is(logged.length + notes.reduce((sum, match) => sum + Number(match[1]), 0), 20_010);
		t.deepEqual(logged.slice(-10), Array.from({length: 10}, (_, index) => `${String(20_001 + index)}\n`));
		t.true(Number(logged[0]) === 1);
	});
});

test('on a full disk the exit is still recorded', async t => {
	if (process.getuid!() !== 0) {
		t.log('skipped: only root can mount a small disk');
		t.pass();
		return;
	}

	await forEachSubject(t, async (subject, rootfs) => {
		const disk = path.join(path.dirname(rootfs), 'state-disk');
		fs.mkdirSync(disk);
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', disk]).status !== 0) {
			t.log('skipped: tmpfs cannot be mounted');
			t.pass();
			return;
		}

		t.teardown(() => {
			spawnSync('umount', [disk]);
		});
		const {container, client} = await createSession(t, subject, rootfs, 'read x; exit 8', {flags: ['openStdin', 'stdinOnce'], stateDir: disk});
		await client.command(frameType.start);
		spawnSync('dd', ['if=/dev/zero', `of=${disk}/filler`, 'bs=4096'], {stdio: 'ignore'});
		client.send(frameType.stdin, Buffer.from('\n'));
		t.is((await client.exit()).exitCode, 8);
		await until(() => fs.readFileSync(`${container.plan.stateDir}/status.json`, 'utf8').includes('"status":"exited"'), 'the exit is recorded');
		t.is((JSON.parse(fs.readFileSync(`${container.plan.stateDir}/status.json`, 'utf8')) as {exitCode: number}).exitCode, 8);
	});
});
