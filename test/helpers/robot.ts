/** A user made of code: a program in a real terminal (a pty), what it shows kept by a terminal emulator, keys to press, and waiting for what must appear. */
import process from 'node:process';
import {setTimeout as wait} from 'node:timers/promises';
import {spawn, type IPty} from '@lydell/node-pty';
import xterm from '@xterm/headless';

export type RobotOptions = {
	readonly columns?: number;
	readonly rows?: number;
	readonly environment?: Readonly<Record<string, string | undefined>>;
	readonly cwd?: string;
};

export class Robot {
	readonly emulator: xterm.Terminal;
	/** Everything the program sent. */
	output = '';
	readonly exited: Promise<{readonly exitCode: number; readonly signal?: number | undefined}>;
	readonly #pty: IPty;
	#hasExited = false;

	constructor(command: readonly string[], {columns = 80, rows = 24, environment = {}, cwd = process.cwd()}: RobotOptions = {}) {
		const [file = '', ...args] = command;
		// Ink and others behave otherwise under continuous integration; the robot is a person.
		const {CI: _ci, CONTINUOUS_INTEGRATION: _continuous, NO_COLOR: _noColor, FORCE_COLOR: _forceColor, COLORFGBG: _background, LC_ALL: _locale, LC_CTYPE: _characters, ...inherited} = process.env;
		const env = {...inherited, TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8', ...environment};
		this.emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 0});
		this.#pty = spawn(file, args, {cols: columns, rows, env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)), cwd});
		this.#pty.onData(data => {
			this.output += data;
			this.emulator.write(data);
		});
		this.exited = new Promise(resolve => {
			this.#pty.onExit(status => {
				this.#hasExited = true;
				resolve(status);
			});
		});
	}

	get pid(): number {
		return this.#pty.pid;
	}

	press(...keys: readonly string[]): void {
		for (const key of keys) {
			this.#pty.write(key);
		}
	}

	resize(columns: number, rows: number): void {
		this.emulator.resize(columns, rows);
		this.#pty.resize(columns, rows);
	}

	get rows(): string[] {
		const {active} = this.emulator.buffer;
		return Array.from({length: this.emulator.rows}, (_, y) => active.getLine(active.baseY + y)?.translateToString(true, 0, this.emulator.cols) ?? '');
	}

	get screen(): string {
		return this.rows.join('\n');
	}

	get isAlternate(): boolean {
		return this.emulator.buffer.active.type === 'alternate';
	}

	/** Waits until the screen says so; gives how long it took. Fails with what is on the screen. */
	async until(condition: string | RegExp | ((screen: string) => boolean), timeoutMs = 15_000): Promise<number> {
		const started = performance.now();
		const holds = (screen: string) => (typeof condition === 'string' ? screen.includes(condition) : condition instanceof RegExp ? condition.test(screen) : condition(screen));
		while (!holds(this.screen)) {
			if (performance.now() - started > timeoutMs) {
				throw new Error(`waited in vain for ${String(condition)}${this.#hasExited ? ' (the program has ended)' : ''}; the screen:\n${this.screen}`);
			}

			await wait(5);
		}

		return performance.now() - started;
	}

	/** Bytes sent until nothing more came for a while. */
	async bytesAfter(action: () => void, quietMs = 150): Promise<string> {
		const before = this.output.length;
		action();
		let length = -1;
		while (length !== this.output.length) {
			({length} = this.output);
			await wait(quietMs);
		}

		return this.output.slice(before);
	}

	kill(signal: NodeJS.Signals = 'SIGKILL'): void {
		if (!this.#hasExited) {
			process.kill(this.#pty.pid, signal);
		}
	}

	/** For teardowns. */
	async end(): Promise<void> {
		this.kill();
		await this.exited;
		this.emulator.dispose();
	}
}
