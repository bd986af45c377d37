/** A program in a pseudo-terminal: what it sends and when, and what it costs. */
import fs from 'node:fs';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import pty from '@lydell/node-pty';

const ticksPerSecond = 100; // USER_HZ is 100 wherever Linux runs

export class PtySession {
	chunks = [];
	started = performance.now();
	hasExited = false;
	#pty;

	constructor({command: [program, ...args], environment}, size) {
		const [columns, rows] = size.split('x').map(Number);
		const {NO_COLOR: _, CI: __, CONTINUOUS_INTEGRATION: ___, ...inherited} = {...process.env, ...environment};
		this.#pty = pty.spawn(program, args, {
			name: 'xterm-256color', cols: columns, rows,
			env: {...inherited, TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8'},
		});
		this.#pty.onExit(() => {
			this.hasExited = true;
		});
		this.#pty.onData(data => {
			this.chunks.push({at: performance.now(), bytes: Buffer.byteLength(data), text: data});
			this.#answer(data);
		});
	}

	get pid() {
		return this.#pty.pid;
	}

	press(key) {
		this.#pty.write(key);
	}

	bytesSince(from) {
		return this.chunks.slice(from).reduce((sum, {bytes}) => sum + bytes, 0);
	}

	/** Until nothing came for so long, once there is at least so much; or the time is up. */
	async quiet(ms, longest, least = 1) {
		const begin = performance.now();
		while (performance.now() - begin < longest && (this.bytesSince(0) < least || performance.now() - this.chunks.at(-1).at < ms)) {
			await sleep(5);
		}
	}

	/** When the text was there, in milliseconds since the start; undefined when it never was. */
	async shows(text, longest = 15_000) {
		const begin = performance.now();
		while (performance.now() - begin < longest) {
			let seen = '';
			for (const chunk of this.chunks) {
				seen = seen.slice(-400) + chunk.text;
				if (seen.includes(text)) {
					return chunk.at - this.started;
				}
			}

			await sleep(5);
		}

		return undefined;
	}

	/** Processor time of the process so far, in milliseconds. */
	cpuMs() {
		const fields = fs.readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
		return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond * 1000;
	}

	rssMiB() {
		return Math.round(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
	}

	/** Bytes, writes and processor share over so many seconds without a key. */
	async watch(seconds) {
		const from = this.chunks.length;
		const cpu = this.cpuMs();
		const begin = performance.now();
		await sleep(seconds * 1000);
		const took = performance.now() - begin;
		return {
			bytesPerSecond: Math.round(this.bytesSince(from) / took * 1000),
			writesPerSecond: Number(((this.chunks.length - from) / took * 1000).toFixed(1)),
			cpuPercent: Number(((this.cpuMs() - cpu) / took * 100).toFixed(1)),
		};
	}

	async end() {
		if (!this.hasExited) {
			this.press('q');
			for (let waited = 0; !this.hasExited && waited < 1000; waited += 20) {
				await sleep(20);
			}

			this.#pty.kill('SIGKILL');
		}
	}

	// What a real terminal would say to the usual questions.
	#answer(data) {
		if (data.includes('\u001B[6n')) {
			this.press('\u001B[1;1R');
		}

		if (/\u001B\[0?c/.test(data)) {
			this.press('\u001B[?62;c');
		}
	}
}
