/**
`node test/bench/tui-goals.mjs`: the dashboard against its goals, on a store of its own: start, delay and bytes of a key, idle bytes and CPU, memory, and a
container that floods its log. The delay of a key stands beside that of `cat` in the same kind of terminal, which is what the machine itself adds.

    --containers=N   of which ten run and write a line a second (default 1000)
    --keys=N         at ten a second (default 60)
    --idle=SECONDS   default 20
    --rate=LINES     a second of the flood (default 50000)
    --rounds=N       starts (default 7)
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {demoArchive} from './images.mjs';
import {median, timeCommand} from './measure.mjs';
import {PtySession} from './pty-session.mjs';
import {findSubjects, machine, must, root, run} from './subjects.mjs';

const {values} = parseArgs({
	options: {
		containers: {type: 'string', default: '1000'},
		keys: {type: 'string', default: '60'},
		idle: {type: 'string', default: '20'},
		rate: {type: 'string', default: '50000'},
		rounds: {type: 'string', default: '7'},
	},
});
const [containers, keyCount, idleSeconds, rate, rounds] = ['containers', 'keys', 'idle', 'rate', 'rounds'].map(name => Number(values[name]));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-b-'));
const [tug] = findSubjects(scratch);
const down = '\u001B[B';
const up = '\u001B[A';
const rows = [];
const note = (what, figure, goal) => {
	rows.push([what, figure, goal]);
	console.error(`${what}: ${figure}`);
};

try {
	const image = await demoArchive(scratch);
	must(tug, ['load', '-i', image.file]);
	for (let index = 0; index < 10; index++) {
		must(tug, ['run', '-d', '--network', 'none', '--name', `live-${index}`, image.name, 'logs', '--rate', '1']);
	}

	await starts(10, 250);
	await createMany(containers - 10, image.name);
	await starts(containers, 400);
	await idle('120x40');
	await keys('120x40', 120);
	await keys('80x24', 100);
	must(tug, ['run', '-d', '--network', 'none', '--name', 'flood', image.name, 'logs', '--rate', String(rate)]);
	await flood('120x40');
} finally {
	const ids = String(run(tug, ['ps', '-aq']).stdout ?? '').split('\n').filter(Boolean);
	run(tug, ['rm', '-f', ...ids]);
	fs.rmSync(scratch, {recursive: true, force: true, maxRetries: 5});
}

console.log(`\n${machine()}\n\n| | measured | goal |\n|---|---|---|`);
for (const row of rows) {
	console.log(`| ${row.join(' | ')} |`);
}

/** Through the library: a thousand processes would take longer than all the rest. */
async function createMany(count, image) {
	Object.assign(process.env, tug.environment);
	const {createEngine} = await import(path.join(root, 'dist', 'engine.mjs'));
	const engine = await createEngine();
	for (let index = 0; index < count; index++) {
		await engine.createContainer({name: `idle-${String(index).padStart(4, '0')}`, Image: image, Cmd: ['exit', '0'], HostConfig: {NetworkMode: 'none'}});
	}

	await engine.close();
}

async function starts(count, goal) {
	const times = {node: [], skeleton: [], rows: [], cpu: []};
	for (let round = 0; round < rounds; round++) {
		times.node.push(timeCommand({command: [process.execPath], environment: {}}, ['-e', '0']));
		const session = new PtySession(tug, '120x40');
		times.rows.push(await session.shows(`of ${count}`) ?? Number.NaN);
		times.cpu.push(session.cpuMs());
		times.skeleton.push(session.chunks[0].at - session.started);
		await session.end();
	}

	const [node, skeleton, shown, cpu] = [times.node, times.skeleton, times.rows, times.cpu].map(list => Math.round(median(list)));
	note(`start to rows, ${count} containers`, `${shown} ms, ${cpu} of them CPU (terminal taken over at ${skeleton}; \`node -e 0\` ${node})`, `${goal} ms`);
}

async function idle(size) {
	const session = new PtySession(tug, size);
	await session.shows(`of ${containers}`);
	await session.quiet(1000, 5000);
	// One that never ran: nothing on the screen changes.
	session.press('/');
	session.press('idle-0000');
	session.press('\r');
	await session.quiet(1500, 8000);
	const still = await session.watch(idleSeconds);
	note(`nothing changes, ${size}`, `${still.bytesPerSecond} bytes/s, ${still.cpuPercent} % CPU`, '0 bytes/s, 1.5 %');
	session.press('\u001B');
	await sleep(200);
	session.press('/');
	session.press('live-3');
	session.press('\r');
	await sleep(3000);
	const log = await session.watch(idleSeconds);
	note(`a log of one line a second on the screen, ${size}`, `${log.bytesPerSecond} bytes/s, ${log.cpuPercent} % CPU`, '300 bytes/s');
	note(`memory with ${containers} containers`, `${session.rssMiB()} MiB`, '110 MiB');
	await session.end();
}

async function keys(size, goal) {
	const session = new PtySession(tug, size);
	await session.shows(`of ${containers}`);
	await session.quiet(1000, 5000);
	const cpu = session.cpuMs();
	const pressed = await press(session, index => (index % 20 < 10 ? down : up));
	const cost = (session.cpuMs() - cpu) / keyCount;
	await session.end();
	const echo = new PtySession({command: ['cat'], environment: {}}, size);
	await sleep(200);
	const control = await press(echo, () => 'x');
	await echo.end();
	note(`key to its frame at 10 keys/s, ${size}, ${containers} containers`, `p50 ${quantile(pressed, 0.5)}, p99 ${quantile(pressed, 0.99)} ms (\`cat\`: ${quantile(control, 0.5)}, ${quantile(control, 0.99)}), ${cost.toFixed(1)} ms CPU`, 'p50 16, p99 33 ms');
	note(`bytes of an arrow key, ${size}`, String(median(pressed.map(({bytes}) => bytes))), String(goal));
}

/** What came within 60 ms of each key: its own frame; the log of the next container comes when the keys rest. */
async function press(session, keyOf) {
	const answers = [];
	for (let index = 0; index < keyCount; index++) {
		const from = session.chunks.length;
		const at = performance.now();
		session.press(keyOf(index));
		await sleep(100);
		const frame = session.chunks.slice(from).filter(chunk => chunk.at - at < 60);
		answers.push({ms: frame.length === 0 ? 100 : frame[0].at - at, bytes: frame.length === 0 ? 0 : frame[0].bytes});
	}

	return answers;
}

function quantile(answers, share) {
	const sorted = answers.map(({ms}) => ms).sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
}

async function flood(size) {
	const session = new PtySession(tug, size);
	await session.shows('flood');
	session.press('g');
	await sleep(2000);
	const before = session.rssMiB();
	const seen = await session.watch(idleSeconds);
	const after = session.rssMiB();
	// The help opens and closes: a key that draws, whatever the log does meanwhile.
	const delays = [];
	for (let index = 0; index < 20; index++) {
		const from = session.chunks.length;
		const at = performance.now();
		session.press('?');
		while (performance.now() - at < 1000 && !session.chunks.slice(from).some(({text}) => text.includes(index % 2 === 0 ? 'Moving' : '?'))) {
			await sleep(1);
		}

		delays.push({ms: performance.now() - at});
		await sleep(150);
	}

	note(`a log of ${rate} lines a second, ${size}`, `${Math.round(seen.bytesPerSecond / 1024)} KiB/s, ${seen.writesPerSecond} writes/s, ${seen.cpuPercent} % CPU`, '64 KiB/s, 30 frames/s, 40 %');
	note('memory during it', `${before} to ${after} MiB in ${idleSeconds} s`, 'flat');
	note('help opened during it', `p50 ${quantile(delays.filter((_, index) => index % 2 === 0), 0.5)}, p99 ${quantile(delays.filter((_, index) => index % 2 === 0), 0.99)} ms`, 'p99 50 ms');
	await session.end();
}
