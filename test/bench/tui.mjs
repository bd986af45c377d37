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
import {demoArchive} from './images.mjs';
import {median, timeAtOnce} from './measure.mjs';
import {PtySession} from './pty-session.mjs';
import {findSubjects, machine, must, run} from './subjects.mjs';

const {values: options} = parseArgs({
	options: {
		size: {type: 'string', multiple: true, default: ['80x24', '120x40']},
		keys: {type: 'string', default: '20'},
		idle: {type: 'string', default: '10'},
		containers: {type: 'string', default: '20'},
	},
});
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-b-'));
const [tug] = findSubjects(scratch);
const peers = (process.env.TUG_BENCH_TUI_PEERS ?? '').split(';').map(text => text.trim()).filter(Boolean).map(text => ({
	name: text.slice(0, text.indexOf('=')),
	command: text.slice(text.indexOf('=') + 1).trim().split(/\s+/),
	environment: {},
}));
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
	const session = new PtySession(subject, size);
	try {
		await session.quiet(300, 8000, 500);
		if (session.hasExited || session.chunks.length === 0) {
			throw new Error(`${subject.name} showed nothing`);
		}

		const firstFrameMs = Math.round(session.chunks.at(-1).at - session.started);
		const startBytes = session.bytesSince(0);
		await session.quiet(1000, 5000);
		const keys = [];
		for (let index = 0; index < Number(options.keys); index++) {
			const from = session.chunks.length;
			const pressed = performance.now();
			session.press(index % 10 < 5 ? '\u001B[B' : '\u001B[A');
			await sleep(400);
			const answer = session.chunks.slice(from).filter(({at}) => at - pressed < 200);
			keys.push({bytes: session.bytesSince(from), ms: answer.length > 0 ? answer.at(-1).at - pressed : Number.NaN});
		}

		const {bytesPerSecond, cpuPercent} = await session.watch(Number(options.idle));
		return {
			firstFrameMs,
			startBytes,
			keyBytes: Math.round(median(keys.map(({bytes}) => bytes))),
			keyBytesMax: Math.max(...keys.map(({bytes}) => bytes)),
			keyMs: median(keys.map(({ms}) => ms).filter(ms => !Number.isNaN(ms))).toFixed(1),
			idleBytes: bytesPerSecond,
			idleCpu: cpuPercent.toFixed(1),
			rssMiB: session.rssMiB(),
		};
	} finally {
		await session.end();
	}
}
