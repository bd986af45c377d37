/** The dashboard as it is shipped, with real containers of the demo, played by a robot. */
import {execFile} from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {repositoryRoot} from '../helpers/repository-root.js';
import {Robot} from '../helpers/robot.js';

const tug = path.join(repositoryRoot, 'dist', 'cli.cjs');
const run = promisify(execFile);

type Place = {readonly environment: Readonly<Record<string, string>>; readonly tug: (...words: readonly string[]) => Promise<string>};

async function place(t: ExecutionContext): Promise<Place> {
	const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'tug-dash-'));
	const environment = {TUG_ROOT: path.join(folder, 'store'), HOME: folder, XDG_CONFIG_HOME: path.join(folder, 'config')};
	const command = async (...words: readonly string[]) => {
		const {stdout} = await run(process.execPath, [tug, ...words], {env: {...process.env, ...environment}});
		return stdout.trim();
	};

	t.teardown(async () => {
		const ids = await command('ps', '-aq').catch(() => '');
		if (ids !== '') {
			await command('rm', '-f', ...ids.split('\n')).catch(() => undefined);
		}

		await fs.rm(folder, {recursive: true, force: true, maxRetries: 5});
	});
	return {environment, tug: command};
}

async function open(t: ExecutionContext, {environment}: Place): Promise<Robot> {
	const robot = new Robot([process.execPath, tug], {columns: 120, rows: 40, environment});
	t.teardown(async () => robot.end());
	await robot.until('1 Containers');
	return robot;
}

/** Why containers cannot run here, or undefined. */
async function whyNoContainers({tug}: Place): Promise<string | undefined> {
	try {
		await tug('demo');
		return undefined;
	} catch (error) {
		const reason = (error as {readonly stderr?: string}).stderr?.trim().split('\n').at(-1) ?? String(error);
		if (/namespace|not permitted|permission|compiler|native program/i.test(reason)) {
			return reason;
		}

		throw new Error(reason, {cause: error});
	}
}

test.serial('from nothing: the empty state offers a demo, and its key starts containers', async t => {
	const here = await place(t);
	const robot = await open(t, here);
	await robot.until('No containers yet');
	robot.press('D');
	await robot.until(/starting the demo…|demo-web/);
	await robot.until(screen => /● running +demo-web/.test(screen) || screen.includes('× demo:'), 60_000);
	if (robot.screen.includes('× demo:')) {
		t.log(`skipped: ${/× demo:.*/.exec(robot.screen)![0]}`);
		t.pass();
		return;
	}

	await robot.until('✓ the demo is running', 60_000);
	await robot.until('tug/demo:latest');
	t.regex(robot.screen, /‖ paused +demo-queue/);
	robot.press('/', ...'worker', '\r');
	await robot.until(/Logs demo-worker/);
	await robot.until(/\[\d{6}\]/);
});

test.serial('a whole session with real containers', async t => {
	const here = await place(t);
	const reason = await whyNoContainers(here);
	if (reason !== undefined) {
		t.log(`skipped: ${reason}`);
		t.pass();
		return;
	}

	const robot = await open(t, here);
	robot.press('/', ...'demo-api', '\r');
	await robot.until(/▌ ● running +demo-api/);

	// The log follows.
	await robot.until(/Logs demo-api/);
	const before = robot.screen;
	await robot.until(screen => screen !== before && screen.includes('following'));

	robot.press('s');
	await robot.until(/○ exited \d+ +demo-api|× exited \d+ +demo-api/, 20_000);
	t.regex(await here.tug('ps', '-a', '--format', '{{.Names}} {{.State}}'), /demo-api exited/);
	robot.press('S');
	await robot.until(/● running +demo-api/);
	robot.press('p');
	await robot.until(/‖ paused +demo-api/);
	t.regex(await here.tug('ps', '-a', '--format', '{{.Names}} {{.State}}'), /demo-api paused/);
	robot.press('p');
	await robot.until(/● running +demo-api/);
	robot.press('r');
	await robot.until('✓ demo-api restarted', 20_000);

	// Changes made by another process, from the moment its command has ended.
	const seen: number[] = [];
	for (let turn = 0; turn < 3; turn++) {
		await here.tug('stop', '-t', '1', 'demo-api');
		seen.push(await robot.until(/exited \d+ +demo-api/, 5000));
		await here.tug('start', 'demo-api');
		seen.push(await robot.until(/● running +demo-api/, 5000));
	}

	t.log(`on the screen ${seen.map(time => Math.round(time)).join(', ')} ms after another process's command ended`);
	t.true(Math.min(...seen) < 200);

	// A shell.
	robot.press('e');
	await robot.until('tug: a shell in demo-api');
	// Typed before the shell is there: it is not lost.
	robot.press('echo in-$TERM-here\r');
	await robot.until('in-xterm-256color-here');
	robot.press('exit\r');
	await robot.until(/▌ ● running +demo-api/);

	robot.press('d');
	await robot.until('demo-api is running. Stop it at once and remove it?');
	robot.press('y');
	await robot.until('✓ demo-api removed', 20_000);
	t.notRegex(await here.tug('ps', '-a', '--format', '{{.Names}}'), /demo-api/);

	robot.press('q');
	t.is((await robot.exited).exitCode, 0);
	await robot.until(() => !robot.isAlternate);
});

test.serial('killed by a signal it gives the terminal back, and containers go on', async t => {
	const here = await place(t);
	const reason = await whyNoContainers(here);
	const robot = await open(t, here);
	robot.kill('SIGTERM');
	await robot.exited;
	await robot.until(() => !robot.isAlternate);
	if (reason !== undefined) {
		t.log(`skipped: ${reason}`);
		t.pass();
		return;
	}

	t.regex(await here.tug('ps', '--format', '{{.Names}}'), /demo-web/);
});
