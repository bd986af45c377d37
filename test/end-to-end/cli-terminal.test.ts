/** `run -it` on a real terminal. */
import process from 'node:process';
import {spawn, type IPty} from '@lydell/node-pty';
import test, {type ExecutionContext} from 'ava';
import {tugCli, until, type Person, type TugCli} from '../helpers/tug-cli.js';

type Terminal = {
	readonly pty: IPty;
	seen(): string;
	/** Waits until the text came since the last `type`. */
	see(text: string | RegExp): Promise<void>;
	type(text: string): void;
	/** The exit code. */
	ended(): Promise<number>;
};

// busybox asks the terminal where its cursor is.
const prompt = /[#$] (\u001B\[6n)?$/;

function terminal(t: ExecutionContext, program: readonly string[], environment: NodeJS.ProcessEnv): Terminal {
	const pty = spawn(program[0]!, program.slice(1), {cols: 80, rows: 24, cwd: '/', env: environment});
	let text = '';
	let mark = 0;
	let exit: number | undefined;
	pty.onData(data => {
		text += data;
	});
	pty.onExit(({exitCode}) => {
		exit = exitCode;
	});
	t.teardown(() => {
		if (exit === undefined) {
			pty.kill('SIGKILL');
		}
	});
	return {
		pty,
		seen: () => text,
		async ended() {
			await until(() => exit !== undefined, () => `its end, after ${JSON.stringify(text.slice(mark))}`);
			return exit!;
		},
		async see(wanted) {
			await until(() => (typeof wanted === 'string' ? text.slice(mark).includes(wanted) : wanted.test(text.slice(mark))), () => `${String(wanted)} in ${JSON.stringify(text.slice(mark))}`);
		},
		type(input) {
			mark = text.length;
			pty.write(input);
		},
	};
}

const tugTerminal = (t: ExecutionContext, tug: TugCli, ...words: readonly string[]) => terminal(t, [...tug.prefix, ...words], tug.environment);

for (const person of ['caller', 'tug1', 'tug2'] as readonly Person[]) {
	test.serial(`${person}: a shell has its size, follows resizing, and ends with ctrl-d`, async t => {
		const tug = await tugCli(t, person);
		if (tug === undefined) {
			return;
		}

		const shell = tugTerminal(t, tug, 'run', '--rm', '-it', 'busybox', 'sh');
		await shell.see(prompt);
		shell.type('stty size\r');
		await shell.see('24 80');
		shell.pty.resize(100, 40);
		await until(async () => {
			shell.type('stty size\r');
			await shell.see(/\d+ \d+\r\n/);
			return shell.seen().includes('40 100');
		}, 'the new size');
		shell.type('test -t 0 && test -t 1 && tty && echo $TERM\r');
		await shell.see(/\/dev\/\S+\r\nxterm\r\n/);
		shell.type('sh -c "exit 7"\r');
		await shell.see(prompt);
		shell.type('\u0004');
		t.is(await shell.ended(), 7);
	});
}

test.serial('ctrl-c interrupts what runs, not the shell; ctrl-z and fg work', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const shell = tugTerminal(t, tug, 'run', '--rm', '-it', 'busybox', 'sh');
	await shell.see(prompt);
	shell.type('echo begun; sleep 1000\r');
	await shell.see('\nbegun\r\n');
	shell.type('\u0003');
	await shell.see(/\^C\r\n[^]*[#$] (\u001B\[6n)?$/);
	shell.type('echo $?\r');
	await shell.see('130');
	shell.type('echo begun; cat\r');
	await shell.see('\nbegun\r\n');
	shell.type('\u001A');
	await shell.see(/Stopped/);
	shell.type('jobs\r');
	await shell.see(/Stopped\W+cat/);
	shell.type('fg\r');
	await shell.see('cat\r\n');
	shell.type('line\r');
	await shell.see('line\r\nline\r\n');
	shell.type('\u0004');
	await shell.see(prompt);
	shell.type('exit 3\r');
	t.is(await shell.ended(), 3);
});

test.serial('the detach keys leave it running, and attach comes back to it', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const shell = tugTerminal(t, tug, 'run', '-it', '--name', 'kept', 'busybox', 'sh');
	await shell.see(prompt);
	shell.type('X=remembered\r');
	await shell.see(prompt);
	shell.type('\u0010\u0011');
	t.is(await shell.ended(), 0);
	t.regex(shell.seen(), /read escape sequence/);
	t.is(await tug.say('ps', '--format', '{{.Names}}'), 'kept');
	const back = tugTerminal(t, tug, 'attach', '--detach-keys', 'ctrl-a,d', 'kept');
	back.type('\recho $X\r');
	await back.see('remembered\r\n');
	back.type('\u0001d');
	t.is(await back.ended(), 0);
	const second = tugTerminal(t, tug, 'exec', '-it', 'kept', 'sh');
	await second.see(prompt);
	second.type('stty size\r');
	await second.see('24 80');
	second.type('exit 5\r');
	t.is(await second.ended(), 5);
});

test.serial('the terminal is as before, however it ends', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const shell = terminal(t, ['sh'], {...tug.environment, PS1: 'outer> ', ENV: ''});
	const quoted = tug.prefix.map(word => `'${word}'`).join(' ');
	await shell.see('outer> ');
	const mode = async () => {
		shell.type('stty -g\r');
		await shell.see(/\r\n[\da-f:]{20,}\r\nouter> $/);
		return /[\da-f]+:[\da-f:]{20,}/.exec(shell.seen().slice(-400))![0];
	};

	const before = await mode();
	for (const [words, exitCode] of [['run --rm -it busybox sh -c "exit 4"', 4], ['run --rm -it busybox nosuch', 127], ['run --rm -it nosuch', 125]] as const) {
		shell.type(`${quoted} ${words}; echo code $?\r`);
		await shell.see(`code ${exitCode}\r\n`);
		t.is(await mode(), before, words);
	}

	shell.type(`${quoted} run -it --rm --name victim busybox sleep 1000; echo code $?\r`);
	await until(async () => (await tug.run(['ps', '-q', '--filter', 'name=victim'])).output !== '', 'it to run');
	await tug.say('kill', 'victim');
	await shell.see('code 137');
	t.is(await mode(), before);
	shell.type('exit\r');
	await shell.ended();
});

test.serial('a full-screen program\'s line feeds stay where they are', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const program = tugTerminal(t, tug, 'run', '--rm', '-it', 'busybox', 'sh', '-c', 'stty raw; printf "abc\\ndef"; stty sane');
	await program.ended();
	t.true(program.seen().includes('abc\ndef'), JSON.stringify(program.seen()));
});

test.serial('a hang-up reaches the process; one that stays is left running', async t => {
	const tug = await tugCli(t);
	if (tug === undefined) {
		return;
	}

	const polite = tugTerminal(t, tug, 'run', '-it', '--rm', 'busybox', 'sh', '-c', 'trap "exit 3" HUP; echo ready; while :; do sleep 0.05; done');
	await polite.see('ready');
	process.kill(polite.pty.pid, 'SIGHUP');
	t.is(await polite.ended(), 3);
	const stubborn = tugTerminal(t, tug, 'run', '-it', '--name', 'stays', 'busybox', 'sh', '-c', 'trap "" HUP; echo ready; sleep 1000');
	await stubborn.see('ready');
	process.kill(stubborn.pty.pid, 'SIGHUP');
	t.is(await stubborn.ended(), 129);
	t.is(await tug.say('ps', '--format', '{{.Names}}'), 'stays');
});
