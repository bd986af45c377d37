/**
Redraws the pictures of the readme from the real program: `npm run media`. A robot opens the dashboard on an empty store, starts the demo with its key and
chooses a container; the cells of a terminal emulator become an SVG, and that a PNG.
*/
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as wait} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {spawn} from '@lydell/node-pty';
import {Resvg} from '@resvg/resvg-js';
import xterm from '@xterm/headless';
import {screenSvg} from './screen-svg.mjs';

const media = path.dirname(fileURLToPath(import.meta.url));
const tug = path.join(path.dirname(media), 'dist', 'cli.cjs');
const columns = 120;
const rows = 36;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-media-'));
const {CI: _, NO_COLOR: __, ...inherited} = process.env;
const environment = {...inherited, TERM: 'xterm-256color', COLORTERM: 'truecolor', TUG_ROOT: path.join(folder, 'store'), HOME: folder, XDG_CONFIG_HOME: folder};
const terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
const pty = spawn(process.execPath, [tug], {cols: columns, rows, env: environment, cwd: folder});
pty.onData(data => {
	terminal.write(data);
});

try {
	await until('No containers yet');
	pty.write('D');
	await until('the demo is running');
	await choose('demo-worker');
	// The message about the demo goes, and the log fills its pane.
	await until(screen => !screen.includes('the demo is running') && /\[0000[3-9]\d\]/.test(screen));
	const svg = screenSvg(terminal);
	fs.writeFileSync(path.join(media, 'dashboard.svg'), svg);
	const png = new Resvg(svg, {fitTo: {mode: 'zoom', value: 2}, font: {loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono', monospaceFamily: 'DejaVu Sans Mono'}}).render().asPng();
	fs.writeFileSync(path.join(media, 'dashboard.png'), png);
	console.log(`dashboard.svg ${svg.length} bytes, dashboard.png ${png.length} bytes`);
} finally {
	pty.write('q');
	await wait(300);
	pty.kill();
	const command = (...words) => execFileSync(process.execPath, [tug, ...words], {env: environment, encoding: 'utf8'});
	const ids = command('ps', '-aq').trim();
	if (ids !== '') {
		command('rm', '-f', ...ids.split('\n'));
	}

	fs.rmSync(folder, {recursive: true, force: true, maxRetries: 5});
}

async function choose(name) {
	for (let press = 0; press < 20 && !new RegExp(`▌ . \\S+.* ${name} `).test(screenText()); press++) {
		pty.write('\u001B[B');
		await wait(150);
	}

	await until(new RegExp(`Logs ${name}`));
}

function screenText() {
	return Array.from({length: rows}, (_, y) => terminal.buffer.active.getLine(y).translateToString(true)).join('\n');
}

async function until(condition) {
	const holds = screen => (typeof condition === 'string' ? screen.includes(condition) : condition instanceof RegExp ? condition.test(screen) : condition(screen));
	for (let waited = 0; !holds(screenText()); waited += 20) {
		if (waited > 60_000) {
			throw new Error(`waited in vain for ${condition}; the screen:\n${screenText()}`);
		}

		await wait(20);
	}
}
