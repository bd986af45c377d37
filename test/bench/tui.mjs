/**
`node test/bench/tui.mjs`: what the dashboard costs on a terminal: first frame, bytes and delay of an arrow key, bytes and CPU when nothing happens.
Peers by TUG_BENCH_TUI_PEERS="lazydocker=lazydocker; ctop=ctop".

    --size=120x40    columns and rows (default: 80x24 and 120x40)
    --keys=N         arrow keys (default 20)
    --idle=SECONDS   of watching without a key (default 10)
    --containers=N   made in tug's store beside the demo's (default 20)
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import pty from '@lydell/node-pty';
import {demoArchive} from './images.mjs';
import {median, timeAtOnce} from './measure.mjs';
import {findSubjects, machine, must, run} from './subjects.mjs';

const {values: options} = parseArgs({
	options: {
		size: {type: 'string', multiple: true, default: ['80x24', '120x40']},
		keys: {type: 'string', default: '20'},
		idle: {type: 'string', default: '10'},
		containers: {type: 'string', default: '20'},
	},
});
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-bench-tui-'));
const [tug] = findSubjects(scratch);
const peers = (process.env.TUG_BENCH_TUI_PEERS ?? '').split(';').map(text => text.trim()).filter(Boolean).map(text => ({
	name: text.slice(0, text.indexOf('=')),
	command: text.slice(text.indexOf('=') + 1).trim().split(/\s+/),
	environment: {},
}));
const ticksPerSecond = 100; // USER_HZ is 100 wherever Linux runs
const rows = [];

try {
	const image = await demoArchive(scratch);
	must(tug, ['load', '-i', image.file]);
	const names = Array.from({length: Number(options.containers)}, (_, index) => `bench-tui-${index}`);
	await timeAtOnce(tug, names.map(name => ['create', '--network', 'none', '--name', name, image.name, 'true']), 4);
	must(tug, ['run', '-d', '--network', 'none', '--name', 'bench-quiet', image.name, ...image.sleep]);
	for (const size of options.size) {
		for (const subject of [tug, ...peers]) {
			const result = await measure(subject, size);
			rows.push({name: subject.name, size, ...result});
			console.error(`${subject.name} ${size}: ${JSON.stringify(result)}`);
		}
	}
} finally {
	const ids = String(run(tug, ['ps', '-aq']).stdout ?? '').split('\n').filter(Boolean);
	run(tug, ['rm', '-f', ...ids]);
	run(tug, ['rmi', '-f', 'tug/demo:latest']);
	fs.rmSync(scratch, {recursive: true, force: true});
}

console.log(`\n${machine()}\n`);
console.log('| | size | first frame | bytes of it | bytes a key (max) | key to last byte | idle bytes/s | idle CPU | RSS |');
console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|');
for (const row of rows) {
	console.log(`| ${row.name} | ${row.size} | ${row.firstFrameMs} ms | ${row.startBytes} | **${row.keyBytes}** (${row.keyBytesMax}) | ${row.keyMs} ms | ${row.idleBytes} | ${row.idleCpu} % | ${row.rssMiB} MiB |`);
}

/**
The first frame is over when more than the switch to the alternate screen has come, and then nothing for 300 ms; its time is that of its last byte. Keys go down and up again in turn, so that every one has
somewhere to go.
*/
async function measure(subject, size) {
	const [columns, lines] = size.split('x').map(Number);
	const [program, ...args] = subject.command;
	const environment = {...process.env, ...subject.environment, TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8', NO_COLOR: undefined, CI: undefined};
	const started = performance.now();
	const terminal = pty.spawn(program, args, {name: 'xterm-256color', cols: columns, rows: lines, env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined))});
	const chunks = [];
	let exited = false;
	terminal.onExit(() => {
		exited = true;
	});
	terminal.onData(data => {
		chunks.push({at: performance.now(), bytes: Buffer.byteLength(data)});
		answerQueries(terminal, data);
	});
	const bytesSince = from => chunks.slice(from).reduce((sum, {bytes}) => sum + bytes, 0);
	const quiet = async (ms, longest, least = 1) => {
		const begin = performance.now();
		while (performance.now() - begin < longest && (bytesSince(0) < least || performance.now() - chunks.at(-1).at < ms)) {
			await sleep(10);
		}
	};

	try {
		await quiet(300, 8000, 500);
		if (exited || chunks.length === 0) {
			throw new Error(`${subject.name} showed nothing`);
		}

		const firstFrameMs = Math.round(chunks.at(-1).at - started);
		const startBytes = bytesSince(0);
		await quiet(1000, 5000);
		const keys = [];
		for (let index = 0; index < Number(options.keys); index++) {
			const from = chunks.length;
			const pressed = performance.now();
			terminal.write(index % 10 < 5 ? '\u001B[B' : '\u001B[A');
			await sleep(400);
			const answer = chunks.slice(from).filter(({at}) => at - pressed < 200);
			keys.push({bytes: bytesSince(from), ms: answer.length > 0 ? answer.at(-1).at - pressed : Number.NaN});
		}

		const from = chunks.length;
		const cpu = cpuTicks(terminal.pid);
		await sleep(Number(options.idle) * 1000);
		return {
			firstFrameMs,
			startBytes,
			keyBytes: Math.round(median(keys.map(({bytes}) => bytes))),
			keyBytesMax: Math.max(...keys.map(({bytes}) => bytes)),
			keyMs: median(keys.map(({ms}) => ms).filter(ms => !Number.isNaN(ms))).toFixed(1),
			idleBytes: Math.round(bytesSince(from) / Number(options.idle)),
			idleCpu: ((cpuTicks(terminal.pid) - cpu) / ticksPerSecond / Number(options.idle) * 100).toFixed(1),
			rssMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${terminal.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024),
		};
	} finally {
		if (!exited) {
			terminal.write('q');
			await sleep(500);
			terminal.kill('SIGKILL');
		}
	}
}

/** What a real terminal would say to the usual questions. */
function answerQueries(terminal, data) {
	if (data.includes('\u001B[6n')) {
		terminal.write('\u001B[1;1R');
	}

	if (/\u001B\[0?c/.test(data)) {
		terminal.write('\u001B[?62;c');
	}
}

function cpuTicks(pid) {
	const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
	return Number(fields[11]) + Number(fields[12]);
}
