/** The command line against the real engine: exit codes, streams, signals, and each verb once. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {digest, finish, tugCli, until, type Person} from '../helpers/tug-cli.js';

const persons: readonly Person[] = ['caller', 'tug1', 'tug2'];

for (const person of persons) {
	test.serial(`${person}: exit codes are docker's`, async t => {
		const tug = await tugCli(t, person);
		if (tug === undefined) {
			return;
		}

		const codes: ReadonlyArray<readonly [readonly string[], number]> = [
			[['busybox', 'true'], 0],
			[['busybox', 'false'], 1],
			[['busybox', 'sh', '-c', 'exit 42'], 42],
			[['busybox', 'nosuch'], 127],
			[['busybox', '/etc'], 126],
			[['busybox', '/etc/passwd'], 126],
			[['--nosuch', 'busybox'], 125],
			[['nosuchimage'], 125],
			[['-w', 'relative', 'busybox'], 125],
		];
		for (const [words, expected] of codes) {
			const {exitCode, errors} = await tug.run(['run', '--rm', ...words]);
			t.is(exitCode, expected, `${words.join(' ')}: ${errors}`);
			t.notRegex(errors, /\n\s+at /);
		}

		t.is(await tug.say('ps', '-aq'), '');
	});

	test.serial(`${person}: the demo starts with whatever user ids there are`, async t => {
		const tug = await tugCli(t, person);
		if (tug === undefined) {
			return;
		}

		const {exitCode, errors} = await tug.run(['demo']);
		t.is(exitCode, 0, errors);
		t.is(await tug.say('ps', '-aq', '--filter', 'label=tug.demo=true', '--format', '{{.State}}'), 'created\nexited\nexited\npaused\nrunning\nrunning\nrunning\nrunning');
		await tug.say('rm', '-f', ...(await tug.say('ps', '-aq')).split('\n'));
	});

	test.serial(`${person}: streams are apart, and input arrives`, async t => {
		const tug = await tugCli(t, person);
		if (tug === undefined) {
			return;
		}

		t.like(await tug.run(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2']), {exitCode: 0, output: 'out\n', errors: 'err\n'});
		t.like(await tug.run(['run', '--rm', '-i', 'busybox', 'cat'], 'hello'), {exitCode: 0, output: 'hello'});
		t.like(await tug.run(['run', '--rm', 'busybox', 'cat'], 'not attached'), {exitCode: 0, output: ''});
		t.like(await tug.run(['run', '--rm', '-i', 'busybox', 'head', '-c', '3'], 'x'.repeat(1_000_000)), {exitCode: 0, output: 'xxx'});
	});

	test.serial(`${person}: a container's life`, async t => {
		const tug = await tugCli(t, person);
		if (tug === undefined) {
			return;
		}

		const id = await tug.say('run', '-d', '--name', 'web', '-e', 'A=1', '-l', 'k=v', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; echo started; while :; do sleep 0.1; done');
		t.regex(id, /^[\da-f]{64}$/);
		await until(async () => (await tug.say('logs', 'web')) === 'started', 'its log');
		t.is(await tug.say('ps', '--format', '{{.Names}} {{.Image}} {{.State}} {{.Label "k"}}'), 'web busybox running v');
		t.is(await tug.say('ps', '-q', '--no-trunc'), id);
		t.is(await tug.say('exec', 'web', 'sh', '-c', 'echo $A'), '1');
		t.is((await tug.run(['exec', 'web', 'sh', '-c', 'exit 9'])).exitCode, 9);
		t.is((await tug.run(['exec', 'web', 'nosuch'])).exitCode, 127);
		t.is((await tug.run(['exec', '-i', '-w', '/tmp', '-e', 'B=2', 'web', 'sh', '-c', 'pwd; echo $B; cat'], 'in')).output, '/tmp\n2\nin');
		t.regex(await tug.say('top', 'web'), /sh -c/);
		t.is(await tug.say('inspect', '-f', '{{.Name}} {{.State.Running}} {{index .Config.Labels "k"}}', 'web'), '/web true v');
		t.is(await tug.say('pause', 'web'), 'web');
		t.is(await tug.say('ps', '--format', '{{.State}}'), 'paused');
		t.is(await tug.say('unpause', 'web'), 'web');
		t.is((await tug.run(['rm', 'web'])).exitCode, 1);
		t.is(await tug.say('rename', 'web', 'site'), '');
		t.is(await tug.say('stop', 'site'), 'site');
		t.is(await tug.say('wait', 'site'), '3');
		t.regex(await tug.say('ps', '-a', '--format', '{{.Status}}'), /^Exited \(3\) /);
		t.is(await tug.say('start', 'site'), 'site');
		t.is(await tug.say('restart', '-t', '1', 'site'), 'site');
		t.is(await tug.say('kill', 'site'), 'site');
		t.is(await tug.say('wait', 'site'), '137');
		t.is(await tug.say('rm', 'site'), 'site');
		t.is(await tug.say('ps', '-aq'), '');
	});

	test.serial(`${person}: files in and out`, async t => {
		const tug = await tugCli(t, person);
		if (tug === undefined) {
			return;
		}

		const place = path.join(tug.folder, 'files');
		fs.mkdirSync(path.join(place, 'tree/sub'), {recursive: true});
		fs.writeFileSync(path.join(place, 'tree/sub/a'), 'content');
		fs.writeFileSync(path.join(place, 'one'), '1');
		fs.mkdirSync(path.join(place, 'out'));
		fs.chmodSync(path.join(place, 'out'), 0o777);
		await tug.say('run', '-d', '--name', 'box', 'busybox', 'sleep', '1000');
		await tug.say('cp', path.join(place, 'one'), 'box:/etc/two');
		t.is(await tug.say('exec', 'box', 'cat', '/etc/two'), '1');
		await tug.say('cp', path.join(place, 'tree'), 'box:/tmp');
		t.is(await tug.say('exec', 'box', 'cat', '/tmp/tree/sub/a'), 'content');
		await tug.say('cp', path.join(place, 'tree/.'), 'box:/new');
		t.is(await tug.say('exec', 'box', 'cat', '/new/sub/a'), 'content');
		t.regex(await tug.say('diff', 'box'), /^A \/new\/sub\/a$/m);
		await tug.say('stop', '-t', '0', 'box');
		await tug.say('cp', 'box:/new', path.join(place, 'out'));
		t.is(fs.readFileSync(path.join(place, 'out/new/sub/a'), 'utf8'), 'content');
		await tug.say('cp', 'box:/new/.', path.join(place, 'out/renamed'));
		t.is(fs.readFileSync(path.join(place, 'out/renamed/sub/a'), 'utf8'), 'content');
		await tug.say('cp', 'box:/etc/two', path.join(place, 'out/three'));
		t.is(fs.readFileSync(path.join(place, 'out/three'), 'utf8'), '1');
		t.regex((await tug.run(['cp', 'box:/nosuch', place])).errors, /^tug: Could not find the file \/nosuch in container box\n/);
		t.is((await tug.run(['cp', '/nosuch', 'box:/'])).errors, 'tug: lstat /nosuch: no such file or directory\n');
		const {exitCode} = await tug.run(['cp', 'box:/new', '-']);
		t.is(exitCode, 0);
		await tug.say('commit', '-m', 'copied', '-c', 'CMD ["cat", "/new/sub/a"]', 'box', 'copied:1');
		t.is(await tug.say('run', '--rm', 'copied:1'), 'content');
		t.regex(await tug.say('history', 'copied:1'), /copied/);
		const archive = path.join(place, 'out/copied.tar');
		await tug.say('save', '-o', archive, 'copied:1');
		await tug.say('rmi', 'copied:1');
		t.regex(await tug.say('load', '-i', archive), /^Loaded image: copied:1$/);
		t.is(await tug.say('run', '--rm', 'copied:1'), 'content');
		await tug.say('export', '-o', path.join(place, 'out/c.tar'), 'box');
		t.regex(await tug.say('import', path.join(place, 'out/c.tar'), 'flat:1'), /^sha256:/);
		t.is(await tug.say('run', '--rm', 'flat:1', 'cat', '/etc/two'), '1');
	});
}

test.serial('a hundred megabytes through run -i cat arrive whole', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const block = Buffer.alloc(1_000_000);
	for (let index = 0; index < block.length; index += 4) {
		block.writeUInt32LE((index * 2_654_435_761) >>> 0, index);
	}

	const data = Buffer.concat(Array.from({length: 100}, () => block));
	const child = tug.start(['run', '--rm', '-i', '--log-driver', 'none', 'busybox', 'cat']);
	const pieces: Buffer[] = [];
	child.stdout!.on('data', (chunk: Buffer) => pieces.push(chunk));
	child.stdin!.end(data);
	const exitCode = await new Promise(resolve => {
		child.on('close', resolve);
	});
	t.is(exitCode, 0);
	const received = Buffer.concat(pieces);
	t.is(received.length, data.length);
	t.is(digest(received), digest(data));
});

test.serial('without a terminal, signals reach the process', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	for (const [signal, exitCode] of [['SIGTERM', 5], ['SIGINT', 6], ['SIGUSR1', 7]] as const) {
		const child = tug.start(['run', '--rm', 'busybox', 'sh', '-c', 'trap "exit 5" TERM; trap "exit 6" INT; trap "exit 7" USR1; echo ready; while :; do sleep 0.05; done']);
		child.stdout!.once('data', () => {
			child.kill(signal);
		});
		t.is((await finish(child)).exitCode, exitCode, signal);
	}
});

test.serial('a killed container ends with 128 and the signal', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const end = finish(tug.start(['run', '--name', 'victim', 'busybox', 'sleep', '1000'])); // Listening from the start: it may end before `kill` does
	await until(async () => (await tug.run(['ps', '-q', '--filter', 'name=victim'])).output !== '', 'it to run');
	await tug.say('kill', 'victim');
	t.is((await end).exitCode, 137);
});

test.serial('a reader that leaves is no error to talk about', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const child = tug.start(['run', '--rm', '--name', 'endless', 'busybox', 'yes']);
	child.stdout!.once('data', () => {
		child.stdout!.destroy();
	});
	let errors = '';
	child.stderr!.on('data', chunk => {
		errors += String(chunk);
	});
	const exitCode = await new Promise(resolve => {
		child.on('close', resolve);
	});
	t.is(exitCode, 141);
	t.is(errors, '');
	await tug.say('rm', '-f', 'endless');
});

test.serial('logs follow, and end with the container', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	await tug.say('run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done');
	t.is(await tug.say('logs', '-f', 'talker'), '1\n2\n3');
	t.is(await tug.say('logs', '--tail', '1', 'talker'), '3');
	t.regex(await tug.say('logs', '-t', '-n', '1', 'talker'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 3$/);
	t.is(await tug.say('logs', '--until', '1h', 'talker'), '');
});

test.serial('start -a, attach and create belong together', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	await tug.say('create', '-i', '--name', 'one', 'busybox', 'sh', '-c', 'cat; exit 4');
	t.like(await tug.run(['start', '-ai', 'one'], 'text'), {exitCode: 4, output: 'text'});
	await tug.say('run', '-d', '--name', 'two', 'busybox', 'sh', '-c', 'sleep 0.5; echo late; exit 2');
	t.like(await tug.run(['attach', 'two']), {exitCode: 2, output: 'late\n'});
	t.regex((await tug.run(['attach', 'two'])).errors, /start it first/);
});

test.serial('another engine is refused, not ignored', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const wanted = await tug.run(['-H', 'unix:///nosuch', 'ps']);
	t.is(wanted.exitCode, 1);
	t.regex(wanted.errors, /can't talk to unix:\/\/\/nosuch/);
	tug.environment['DOCKER_HOST'] = 'ssh://there';
	t.is((await tug.run(['run', 'busybox'])).exitCode, 125);
	t.is((await tug.run(['--version'])).exitCode, 0);
	delete tug.environment['DOCKER_HOST'];
});

test.serial('--root chooses the store', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	t.is(await tug.say('--root', path.join(tug.folder, 'other'), 'images', '-q'), '');
	t.not(await tug.say('images', '-q'), '');
});

test.serial('events tell what happens', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	await tug.say('run', '--rm', '--name', 'short', 'busybox', 'true');
	const events = await tug.say('events', '--since', '1m', '--until', String(Date.now() / 1000 + 0.5), '--filter', 'type=container', '--format', '{{.Action}}');
	t.deepEqual(events.split('\n').filter(action => ['create', 'start', 'die', 'destroy'].includes(action)), ['create', 'start', 'die', 'destroy']);
});

test.serial('what can be had of an image and the machine', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	t.regex(await tug.say('images'), /^REPOSITORY {3}TAG {7}IMAGE ID {7}CREATED {2,}SIZE\nbusybox {6}latest {4}[\da-f]{12} /);
	await tug.say('tag', 'busybox', 'again:2');
	t.is(await tug.say('images', '--format', '{{.Repository}}:{{.Tag}}', 'again'), 'again:2');
	t.is(await tug.say('rmi', 'again:2'), 'Untagged: again:2');
	t.regex(await tug.say('image', 'inspect', '-f', '{{.Os}} {{len .RootFS.Layers}}', 'busybox'), /^linux 1$/);
	t.regex(await tug.say('info'), /Images: 1\n/);
	t.regex(await tug.say('version'), /Server: built in/);
	t.regex(await tug.say('stats', '--no-stream'), /^CONTAINER ID {3}NAME/);
	t.regex(await tug.say('container', 'prune', '-f'), /Total reclaimed space: 0B/);
});
