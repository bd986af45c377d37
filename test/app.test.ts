/** A person at a real terminal, on the engine in memory: keys in, screen out. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {cellsOf, emulator, firstDifference, play} from './helpers/replay.js';
import {Robot, type RobotOptions} from './helpers/robot.js';

const session = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fixtures', 'dashboard-session.js');
const down = '\u001B[B';

async function open(t: ExecutionContext, options: RobotOptions = {}): Promise<Robot> {
	const robot = new Robot([process.execPath, session], {columns: 100, rows: 30, ...options, environment: {HOME: '/nonexistent', XDG_CONFIG_HOME: undefined, ...options.environment}});
	t.teardown(async () => robot.end());
	await robot.until('web-0 line 39');
	return robot;
}

/** The row of a container. */
function rowOf(robot: Robot, name: string): string {
	return robot.rows.find(row => /^│[▌ ] [●○×‖·◌] /.test(row) && row.includes(` ${name} `)) ?? '';
}

test.serial('shows containers, images, layers and the log of the chosen container', async t => {
	const robot = await open(t);
	await robot.until('000064bbbbbb');
	t.regex(robot.screen, /● 15 running {2}‖ 3 paused {2}○ 6 stopped/);
	t.regex(rowOf(robot, 'web-0'), /▌ ● running +web-0 +nginx:1\.27 +3m/);
	t.regex(rowOf(robot, 'api-1'), /× exited 137 +api-1/);
	t.true(robot.isAlternate);
	robot.press(down, down);
	await robot.until('worker-0 line 39');
	t.regex(robot.screen, /Logs worker-0/);
});

test.serial('stops, starts, restarts, pauses and removes; the row says at once what is going on', async t => {
	const robot = await open(t, {environment: {LIVELY_VERB_MS: '600'}});
	robot.press('s');
	t.true(await robot.until(/stopping… +web-0/) < 600);
	await robot.until(/○ exited 0 +web-0/);
	await robot.until('✓ web-0 stopped');
	robot.press('S');
	await robot.until(/starting… +web-0/);
	await robot.until(/● running +web-0/);
	robot.press('r');
	await robot.until(/restarting… +web-0/);
	await robot.until('✓ web-0 restarted');
	robot.press('p');
	await robot.until(/‖ paused +web-0/);
	await robot.until('✓ web-0 paused');
	robot.press('p');
	await robot.until('✓ web-0 going on');
	robot.press('d');
	await robot.until('web-0 is running. Stop it at once and remove it?');
	robot.press('n');
	await robot.until(screen => !screen.includes('Stop it at once'));
	robot.press('d', 'y');
	await robot.until('✓ web-0 removed');
	t.is(rowOf(robot, 'web-0'), '');
	t.regex(rowOf(robot, 'api-0'), /▌/);
});

test.serial('a stopped container is removed with one key', async t => {
	const robot = await open(t);
	robot.press(down, down, down);
	await robot.until(/▌ ○ exited 0 +database-0/);
	robot.press('d');
	await robot.until('✓ database-0 removed');
	t.is(rowOf(robot, 'database-0'), '');
});

test.serial('a key that can do nothing says why', async t => {
	const robot = await open(t);
	robot.press('S');
	await robot.until('! start: web-0 is running');
	t.pass();
});

test.serial('filters as one types; escape clears the filter', async t => {
	const robot = await open(t);
	robot.press('/');
	await robot.until('filter containers: ▏');
	robot.press('p', 'r', 'o', 'x', 'y');
	await robot.until(screen => screen.includes('1 of 2') && !screen.includes('worker-0'));
	robot.press('\r');
	await robot.until('Containers /proxy');
	robot.press('\u001B');
	await robot.until('10 of 24');
	t.regex(rowOf(robot, 'proxy-0'), /▌/, 'what was chosen stays chosen');
});

test.serial('what another process changes is on the screen within 200 ms', async t => {
	const robot = await open(t);
	// The best of several: what is measured is the program, not what else the machine does.
	const took: number[] = [];
	for (let turn = 0; turn < 6; turn++) {
		robot.kill('SIGUSR2');
		took.push(await robot.until(turn % 2 === 0 ? /○ exited 0 +web-0/ : /● running +web-0/));
	}

	t.log(`${took.map(time => Math.round(time)).join(', ')} ms`);
	t.true(Math.min(...took) < 200);
});

test.serial('a shell takes the terminal and the dashboard comes back', async t => {
	const robot = await open(t);
	robot.press('e');
	await robot.until('tug: a shell in web-0');
	await robot.until(/^\$ /m);
	t.false(robot.isAlternate);
	robot.press('hello\r');
	await robot.until('you typed that');
	robot.resize(90, 28);
	await robot.until('size 90x28');
	robot.press('exit\r');
	await robot.until('the shell in web-0 ended');
	t.true(robot.isAlternate);
	t.regex(rowOf(robot, 'web-0'), /▌ ● running/);
});

test.serial('leaves a shell that does not end with ctrl-p ctrl-q', async t => {
	const robot = await open(t);
	robot.press('e');
	await robot.until(/^\$ /m);
	robot.press('\u0010', '\u0011');
	await robot.until(/1 Containers/);
	t.true(robot.isAlternate);
});

test.serial('zooms the log, scrolls in it and follows again', async t => {
	const robot = await open(t, {environment: {LIVELY_LOG_MS: '40'}});
	robot.press('4', '+');
	await robot.until(screen => !screen.includes('Containers') && screen.includes('following'));
	await robot.until('tick');
	robot.press('\u001B[5~');
	await robot.until('below');
	robot.press('g');
	await robot.until('web-0 line 0:');
	robot.press('G');
	await robot.until('following');
	robot.press('t');
	await robot.until(/\d\d:\d\d:\d\d\.\d{3} tick/);
	t.pass();
});

test.serial('help shows every key and closes', async t => {
	const robot = await open(t, {columns: 120, rows: 60});
	robot.press('?');
	await robot.until('quit; containers go on');
	t.regex(robot.screen, /e +open a shell in it/);
	robot.press('\u001B');
	await robot.until(screen => !screen.includes('quit; containers go on'));
});

test.serial('follows the size of the terminal, and never clears the screen for it', async t => {
	const robot = await open(t);
	robot.output = '';
	for (const [columns, rows] of [[80, 24], [40, 12], [200, 60], [120, 40], [59, 15]] as const) {
		robot.resize(columns, rows);
		await robot.until(screen => screen.split('\n')[columns < 60 ? 1 : 0]!.length <= columns && /q quit\s*$/.test(screen.trimEnd()) && /╯\s*$/.test(screen.split('\n').findLast(row => row.includes('╯')) ?? ''));
		t.regex(robot.screen, /▌ ● running +web-0/, `${columns}x${rows}`);
	}

	t.notRegex(robot.output, /\u001B\[[23]J/);
});

test.serial('the mouse chooses rows, gives panes the focus and scrolls', async t => {
	const robot = await open(t);
	robot.press('\u001B[<0;20;7M', '\u001B[<0;20;7m');
	await robot.until(/▌ ○ exited 0 +database-0/);
	robot.press('\u001B[<65;20;7M');
	await robot.until(/▌ ● running +search-0/);
	robot.press('m');
	await robot.until('mouse off');
	t.true(robot.output.includes('\u001B[?1000l'));
});

test.serial('an arrow key costs at most 120 bytes at 120x40 and 100 at 80x24; no key, no byte', async t => {
	for (const [columns, rows, limit] of [[120, 40, 120], [80, 24, 100]] as const) {
		const robot = await open(t, {columns, rows});
		await robot.bytesAfter(() => {}, 400);
		const idle = await robot.bytesAfter(() => {}, 700);
		t.is(idle, '');
		// The row and the place in the list; the other container's log comes once the key rests.
		const sizes: number[] = [];
		for (let index = 0; index < 2; index++) {
			const before = robot.output.length;
			robot.press(down);
			await robot.until(screen => screen.includes(`${index + 2} of 24`));
			sizes.push(Buffer.byteLength(robot.output.slice(before)));
			await robot.bytesAfter(() => {});
		}

		t.log(`${columns}x${rows}: ${sizes.join(', ')} bytes`);
		t.true(Math.min(...sizes) <= limit);
	}
});

test.serial('q gives the terminal back', async t => {
	const robot = await open(t);
	robot.press('q');
	t.is((await robot.exited).exitCode, 0);
	await robot.until(() => !robot.isAlternate);
	t.true(robot.output.trimEnd().endsWith('\u001B[?7h\u001B[?25h\u001B[?1049l'));
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
	test.serial(`${signal} gives the terminal back and ends the program by that signal`, async t => {
		const robot = await open(t);
		robot.kill(signal);
		const {signal: number} = await robot.exited;
		t.is(number, {SIGTERM: 15, SIGHUP: 1, SIGINT: 2}[signal]);
		await robot.until(() => !robot.isAlternate);
		t.true(robot.output.includes('\u001B[?25h'));
	});
}

test.serial('a crash gives the terminal back and shows the error', async t => {
	const robot = await open(t, {environment: {LIVELY_CRASH_MS: '2500'}});
	t.is((await robot.exited).exitCode, 1);
	await robot.until(() => !robot.isAlternate);
	t.regex(robot.output.slice(robot.output.lastIndexOf('\u001B[?1049l')), /planted crash/);
});

test.serial('ctrl-z gives the terminal back; going on draws the dashboard anew', async t => {
	// Job control needs a shell around it.
	const robot = new Robot(['/bin/bash', '--norc', '-i'], {columns: 100, rows: 30, environment: {HOME: '/nonexistent', PS1: 'prompt> '}});
	t.teardown(async () => robot.end());
	await robot.until('prompt>');
	robot.press(`exec 2>&1; ${process.execPath} ${session}\r`);
	await robot.until('web-0 line 39');
	robot.press('\u001A');
	await robot.until(/Stopped/);
	t.false(robot.isAlternate);
	robot.press('fg\r');
	await robot.until(/▌ ● running +web-0/);
	t.true(robot.isAlternate);
	robot.press('q');
	await robot.until(screen => screen.trimEnd().endsWith('prompt>'));
	robot.press('stty -a | grep -o " icanon"\r');
	await robot.until(/ icanon/);
});

test.serial('without a terminal it says so and ends with 1', async t => {
	const robot = new Robot(['/bin/sh', '-c', `${process.execPath} ${session} </dev/null; echo code $?`]);
	t.teardown(async () => robot.end());
	await robot.until('code 1');
	t.regex(robot.screen, /needs a terminal/);
	const dumb = new Robot(['/bin/sh', '-c', `${process.execPath} ${session}; echo code $?`], {environment: {TERM: 'dumb'}});
	t.teardown(async () => dumb.end());
	await dumb.until('code 1');
	t.regex(dumb.screen, /TERM=dumb/);
});

test.serial('NO_COLOR: no colour is sent, and the state and the choice can still be seen', async t => {
	const robot = await open(t, {environment: {NO_COLOR: '1'}});
	const codes = [...robot.output.matchAll(/\u001B\[([\d;]*)m/g)].flatMap(([, parameters = '']) => parameters.split(';'));
	t.deepEqual([...new Set(codes)].filter(code => Number(code) >= 30), []);
	t.regex(rowOf(robot, 'web-0'), /▌ ● running/);
});

test.serial('a terminal without UTF-8 gets ASCII, and nothing is lost by it', async t => {
	const robot = await open(t, {environment: {LANG: 'C', LIVELY_HOSTILE: '1'}});
	t.regex(robot.screen, /> \* running +web-0/);
	t.regex(robot.screen, /x exited 137 +api-1/);
	t.regex(robot.screen, /\+- 1 Containers -+\+/);
	robot.press('/', ...'hostile', '\r');
	await robot.until('after the attack');
	robot.press('4', '?');
	await robot.until('scroll cut lines');
	t.notRegex(robot.output, /[^\u0000-\u007F]/);
});

test.serial('sixteen colours are the terminal\'s own: what runs is green', async t => {
	const robot = await open(t, {environment: {TERM: 'xterm', COLORTERM: undefined}});
	t.true(robot.output.includes('\u001B[32m'));
	t.notRegex(robot.output, /[34]8;[25];/);
	await robot.until('000064bbbbbb');
	await robot.bytesAfter(() => {}, 300);
	robot.output = '';
	robot.press('\u001B]11;rgb:ffff/ffff/ffff\u0007');
	t.is(await robot.bytesAfter(() => {}), '', 'they fit a light background too');
});

test.serial('whoever is asked about a container that goes meanwhile is asked no more', async t => {
	const robot = await open(t);
	robot.press('d');
	await robot.until('web-0 is running. Stop it at once and remove it?');
	robot.kill('SIGUSR2');
	await robot.until('web-0 is stopped by now. Remove it?');
	robot.press('n');
	await robot.until(screen => !screen.includes('Remove it?'));
	t.regex(rowOf(robot, 'web-0'), /exited/);
});

test.serial('what is pasted goes into the filter, and is never taken for keys', async t => {
	const robot = await open(t);
	robot.press('\u001B[200~dq\u001B[201~');
	robot.press('/', '\u001B[200~web\n\u001B[201~');
	await robot.until('filter containers: web ▏');
	robot.press('\u007F');
	await robot.until(/1 of 3/);
	t.regex(rowOf(robot, 'web-0'), /▌ ● running/);
});

test.serial('copies an id through the terminal', async t => {
	const robot = await open(t);
	robot.press('y');
	await robot.until('✓ copied the id of web-0');
	const [, encoded = ''] = /\u001B\]52;c;([\w+/=]+)\u0007/.exec(robot.output) ?? [];
	t.regex(Buffer.from(encoded, 'base64').toString(), /^[\da-f]{64}$|^[\da-z]{64}$/);
});

test.serial('images: their layers, and removing one after asking', async t => {
	const robot = await open(t, {columns: 80, rows: 24});
	robot.press('2');
	await robot.until(/▌ nginx:1\.27/);
	await robot.until('Layers nginx:1.27');
	robot.press(down, down, down, down);
	await robot.until('Layers redis:8');
	robot.press('d');
	await robot.until('Remove the image redis:8?');
	robot.press('y');
	await robot.until('✓ image redis:8 removed');
	await robot.until(/of 5/);
	t.notRegex(robot.screen, /▌ redis:8/);
});

test.serial('themes change with a key, and a light terminal gets the light one by itself', async t => {
	const robot = await open(t);
	t.true(robot.output.includes('\u001B]11;?\u0007'), 'it asks for the background');
	robot.output = '';
	robot.press('\u001B]11;rgb:ffff/ffff/ffff\u0007');
	// The light theme's selection.
	await robot.until(() => robot.output.includes('48;5;153'));
	robot.press('T');
	await robot.until('theme high-contrast');
	await robot.until(() => robot.output.includes('48;5;226'));
	t.pass();
});

test.serial('theme and mouse from the settings; what is wrong in them is said, and the dashboard opens all the same', async t => {
	const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'tug-dash-'));
	t.teardown(async () => fs.rm(folder, {recursive: true}));
	await fs.mkdir(path.join(folder, 'tug', 'themes'), {recursive: true});
	await fs.writeFile(path.join(folder, 'tug', 'config.toml'), 'theme = "mine"\nmouse = false\n');
	await fs.writeFile(path.join(folder, 'tug', 'themes', 'mine.json'), '{"name":"mine","background":"dark","tones":{"selection":{"background":"#5f005f"}}}');
	const robot = await open(t, {environment: {XDG_CONFIG_HOME: folder}});
	t.true(robot.output.includes('48;5;53'));
	t.false(robot.output.includes('\u001B[?1000h'));
	await fs.writeFile(path.join(folder, 'tug', 'config.toml'), 'theme = "gone"\n');
	const other = await open(t, {environment: {XDG_CONFIG_HOME: folder}});
	await other.until('there is no theme called gone');
});

test.serial('a thousand containers: keys are answered and the end is one key away', async t => {
	const robot = await open(t, {environment: {LIVELY_CONTAINERS: '1000', LIVELY_LOG_LINES: '40'}});
	robot.press('G');
	await robot.until('1000 of 1000');
	await robot.until(/▌ .*proxy-99 /);
	robot.press('g');
	await robot.until('1 of 1000');
	const started = performance.now();
	robot.press(...Array.from({length: 100}, () => down));
	await robot.until('101 of 1000');
	t.regex(robot.screen, /101 of 1000/);
	t.log(`100 keys in ${Math.round(performance.now() - started)} ms`);
});

test.serial('what a container is called and what it writes cannot touch the screen around it', async t => {
	const robot = await open(t, {environment: {LIVELY_HOSTILE: '1'}});
	robot.press('/', ...'hostile', '\r');
	await robot.until(/▌ ● running +hostile/);
	await robot.until('after the attack');
	t.regex(robot.rows[0]!, /tug {2}local/);
	t.true(robot.rows.every(row => !row.includes('PWNED')));
	const borders = robot.rows.filter(row => row.startsWith('│'));
	t.true(borders.every(row => /[│╮╯]$/.test(row)), robot.screen);
	t.false(robot.output.includes('\u001B]0;'), 'no title');
	t.false(robot.output.includes('\u001B]52;'), 'no clipboard');
	t.is(robot.output.split('\u001B[2J').length, 2, 'the screen was cleared once, at the start');
});

test.serial('the stream of bytes, played anew, shows what the screen showed', async t => {
	const robot = await open(t, {columns: 120, rows: 40, environment: {LIVELY_LOG_MS: '15', LIVELY_LOG_BURST: '3'}});
	for (const key of ['4', '\u001B[5~', 'G', 'w', 't', '1', down, down, '2', '?', '?', '1', 's', '+', '+', '3']) {
		robot.press(key);
		await robot.bytesAfter(() => {}, 30).catch(() => undefined);
	}

	robot.press('q');
	await robot.exited;
	const leave = robot.output.lastIndexOf('\u001B[?1006l');
	const terminal = emulator(120, 40);
	await play(terminal, robot.output.slice(0, leave));
	const again = emulator(120, 40);
	// In pieces of any size: no sequence depends on arriving in one write.
	for (let start = 0; start < leave; start += 1013) {
		await play(again, robot.output.slice(start, Math.min(leave, start + 1013)));
	}

	t.is(firstDifference(cellsOf(again), cellsOf(terminal), 120), undefined);
	t.is(robot.output.slice(0, leave).match(/\u001B\[\?2026h/g)?.length, robot.output.slice(0, leave).match(/\u001B\[\?2026l/g)?.length);
});
