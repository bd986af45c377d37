/** What the program in the demo image does, run here without a container. */
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {locateNative} from '../../engine/runtime/locate-native.js';

const program = locate();

function locate(): string | undefined {
	try {
		return locateNative('tug-demo');
	} catch {
		return undefined;
	}
}

function run(...args: string[]) {
	return spawnSync(program!, args, {encoding: 'utf8', env: {HOME: '/tmp', GREETING: 'ahoy'}, cwd: '/'});
}

/** A test of the program; passes with a reason where it could not be built. */
function demoTest(title: string, body: (t: ExecutionContext) => void | Promise<void>): void {
	test(title, async t => {
		if (program === undefined) {
			t.log('skipped: tug-demo was not built (no C compiler)');
			t.pass();
			return;
		}

		await body(t);
	});
}

/** Starts the program and resolves once it has printed something. */
async function startProgram(t: ExecutionContext, ...args: string[]): Promise<{child: ChildProcess; output: () => string}> {
	const child = spawn(program!, args, {stdio: ['ignore', 'pipe', 'pipe']});
	t.teardown(() => {
		child.kill('SIGKILL');
	});
	let text = '';
	child.stdout.on('data', (chunk: Buffer) => {
		text += String(chunk);
	});
	await once(child.stdout, 'data');
	return {child, output: () => text};
}

demoTest('logs: whole lines at a rate, warnings and errors on stderr', t => {
	const {stdout, stderr, status} = run('logs', '--rate', '0', '--lines=2000');
	t.is(status, 0);
	const out = stdout.trim().split('\n');
	const error = stderr.trim().split('\n');
	t.is(out.length + error.length, 2000);
	const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:INFO |WARN |ERROR) \[\d{6}\] .+$/;
	t.deepEqual([...out, ...error].filter(line => !form.test(line)), []);
	t.true(out.every(line => line.includes(' INFO ')));
	t.true(error.length > 50 && error.some(line => line.includes('ERROR')) && error.some(line => line.includes('WARN')));
	// The clock is right, to the minute.
	t.true(Math.abs(Date.parse(out[0]!.split(' ')[0]!) - Date.now()) < 60_000);
});

demoTest('logs: JSON is JSON, colour is colour', t => {
	const json = run('logs', '--json', '--rate', '0', '--lines', '50').stdout.trim().split('\n');
	t.true(json.every(line => (JSON.parse(line) as {level: string}).level === 'INFO'));
	t.true(run('logs', '--color', '--rate', '0', '--lines', '50').stdout.includes('\u001B[32mINFO \u001B[0m'));
});

demoTest('logs ends at SIGTERM with a word', async t => {
	const {child, output} = await startProgram(t, 'logs', '--rate', '50');
	child.kill('SIGTERM');
	t.deepEqual(await once(child, 'close'), [0, null]);
	t.true(output().endsWith('stopping\n'));
});

demoTest('flood writes just as many lines', t => {
	const {stdout, status} = run('flood', '1500');
	t.is(status, 0);
	const lines = stdout.split('\n');
	t.is(lines.pop(), '');
	t.is(lines.length, 1500);
	t.is(new Set(lines).size, 1);
});

demoTest('http says who it is and counts', async t => {
	const port = 20_000 + (process.pid % 20_000);
	const {child, output} = await startProgram(t, 'http', '--port', String(port));
	const get = async (target: string) => {
		const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
			http.get({port, host: '127.0.0.1', path: target}, resolve).on('error', reject);
		});
		return {status: response.statusCode, body: (await response.toArray()).join('')};
	};

	t.deepEqual(await get('/one?x=1'), {status: 200, body: `hello from ${os.hostname()}\npath: /one?x=1\nrequests so far: 1\n`});
	t.regex((await get('/two')).body, /requests so far: 2/);
	t.is((await get(`/${'x'.repeat(300)}`)).status, 400);
	child.kill('SIGTERM');
	t.deepEqual(await once(child, 'close'), [0, null]);
	t.regex(output(), /GET \/one\?x=1 200 \d+\n/);
});

demoTest('exit: code, delay, and bad usage', t => {
	t.is(run('exit', '7').status, 7);
	const before = performance.now();
	t.is(run('exit', '3', '--after', '150').status, 3);
	t.true(performance.now() - before >= 150);
	t.is(run('exit').status, 2);
	t.is(run('exit', '256').status, 2);
	t.is(run('exit', '1', '2').status, 2);
});

demoTest('sleep ends at SIGTERM at once, stubborn does not', async t => {
	const sleeper = spawn(program!, ['sleep', '1000']);
	await once(sleeper, 'spawn');
	setTimeout(() => sleeper.kill('SIGTERM'), 50);
	const [code, signal] = await once(sleeper, 'close') as [number | null, string | null];
	t.true(code === 143 || signal === 'SIGTERM'); // The signal may come before the handler is there
	t.is(run('sleep', '0').status, 0);

	const {child, output} = await startProgram(t, 'stubborn');
	child.kill('SIGTERM');
	await once(child.stdout!, 'data');
	t.true(output().includes('ignoring SIGTERM'));
	t.is(child.exitCode, null);
	child.kill('SIGKILL');
	t.deepEqual(await once(child, 'close'), [null, 'SIGKILL']);
});

demoTest('memory holds what it is asked to', async t => {
	const {child} = await startProgram(t, 'memory', '20m');
	const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
	t.true(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) > 20 * 1024);
	child.kill('SIGTERM');
	t.deepEqual(await once(child, 'close'), [0, null]);
	t.is(run('memory', '99999999999g').status, 2);
	t.is(run('memory', '10x').status, 2);
});

demoTest('burn uses about the share it is given', async t => {
	const child = spawn(program!, ['burn', '--percent', '30']);
	await new Promise(resolve => {
		setTimeout(resolve, 1500);
	});
	const fields = fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
	child.kill('SIGTERM');
	await once(child, 'close');
	const seconds = (Number(fields[11]) + Number(fields[12])) / 100;
	// On a busy machine it gets less than its share, never more.
	t.true(seconds > 0 && seconds < 0.75, `${seconds} s of CPU in 1.5 s`);
});

demoTest('the tools', t => {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-demo-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	const file = path.join(folder, 'file');
	t.is(run('write', file, '70k').status, 0);
	t.is(fs.statSync(file).size, 70 * 1024);
	t.is(run('cat', file).stdout, fs.readFileSync(file, 'utf8'));
	t.is(run('cat', file, path.join(folder, 'none')).status, 1);
	t.is(spawnSync(program!, ['cat'], {input: 'through'}).stdout.toString(), 'through');
	t.is(run('echo', 'a b', 'c').stdout, 'a b c\n');
	t.is(run('echo', '-n', 'x').stdout, 'x');
	t.is(run('env').stdout, 'HOME=/tmp\nGREETING=ahoy\n');
	t.regex(run('id').stdout, /^uid=\d+(?:\(\w+\))? gid=\d+(?:\([\w-]+\))? groups=.+\n$/);
	t.is(run('pwd').stdout, '/\n');
	t.is(run('true').status, 0);
	t.is(run('false').status, 1);
	fs.symlinkSync('file', path.join(folder, 'link'));
	t.is(run('ls', folder).stdout, 'file\nlink\n');
	t.regex(run('ls', '-al', folder).stdout, /^-rw-r--r-- +1 +\d+ +\d+ +71680 file\nlrwxrwxrwx .* link -> file$/m);
	t.is(run('ls', path.join(folder, 'none')).status, 1);
	t.is(run('nonsense').status, 127);
	t.true(run('help').stdout.includes('--rate'));
});

const lines: ReadonlyArray<readonly [string, string, string, number]> = [
	['words and quotes', 'echo one \'two  three\' "four \'five\'" six\\ seven', 'one two  three four \'five\' six seven\n', 0],
	['several commands, the last decides', 'false; echo $?; exit 4; echo never', '1\n', 4],
	// eslint-disable-next-line @stylistic/quotes -- a plain string with this in it is taken for a template
	['variables, but not in single quotes', `echo $GREETING \${GREETING}s '$GREETING' "$GREETING" $NONE.`, 'ahoy ahoys $GREETING ahoy .\n', 0],
	['cd', 'cd /tmp; pwd; cd; pwd', '/tmp\n/tmp\n', 0],
	['comments and empty commands', ' ;; echo a # b; echo c', 'a\n', 0],
	['a program that is not there', 'no-such-program; echo $?', '127\n', 0],
	['a program by path', '/bin/sh -c "exit 9"', '', 9],
	['an open quote', 'echo "a', '', 2],
	['killed by a signal', 'sh -c "exit 130"; echo $?', '130\n', 0],
];
for (const [title, line, output, status] of lines) {
	demoTest(`sh -c: ${title}`, t => {
		const result = run('sh', '-c', line);
		t.is(result.stdout, output);
		t.is(result.status, status);
	});
}

demoTest('the shell reads its lines only: the rest is for what it starts', t => {
	const {stdout, status} = spawnSync(program!, ['sh'], {input: 'echo first\ncat\nfor cat\nand more', encoding: 'utf8'});
	t.is(stdout, 'first\nfor cat\nand more');
	t.is(status, 0);
});

demoTest('the shell on a terminal prompts, and survives ctrl-c', async t => {
	const {spawn: spawnPty} = await import('@lydell/node-pty');
	const pty = spawnPty(program!, ['shell'], {cols: 80, rows: 24, cwd: '/'});
	let screen = '';
	const exited = new Promise<number>(resolve => {
		pty.onExit(({exitCode}) => {
			resolve(exitCode);
		});
	});
	const seen = async (text: string) => {
		while (!screen.includes(text)) {
			await new Promise(resolve => {
				setTimeout(resolve, 10);
			});
		}
	};

	pty.onData(data => {
		screen += data;
	});
	await seen(':/');
	pty.write('sleep 1000\r');
	await seen('sleep 1000');
	await new Promise(resolve => {
		setTimeout(resolve, 200);
	});
	pty.write('\u0003');
	pty.write('echo status $?\r');
	await seen('status 130');
	pty.write('exit 5\r');
	t.is(await exited, 5);
});
