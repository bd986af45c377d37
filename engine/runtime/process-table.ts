/**
The columns of `ps -ef` for given processes, read from /proc (proc(5)): the host's view, as `docker top` shows it, without a `ps` on the host.
*/
import fs from 'node:fs';
import {readIfThere} from '../files/atomic-file.js';

export const processTitles: readonly string[] = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

const ticksPerSecond = 100; // USER_HZ: 100 on every Linux there is

/** One row a process, in the order of the pids; processes that ended meanwhile are left out. */
export function processRows(pids: readonly number[], now: Date = new Date()): string[][] {
	const users = readUsers();
	const uptimeSeconds = Number(fs.readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]);
	return pids.map(pid => processRow(pid, users, uptimeSeconds, now)).filter(row => row !== undefined);
}

function processRow(pid: number, users: ReadonlyMap<number, string>, uptimeSeconds: number, now: Date): string[] | undefined {
	let stat: string;
	let uid: number;
	let commandLine: string;
	try {
		stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
		uid = fs.statSync(`/proc/${pid}`).uid;
		commandLine = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
	} catch {
		return undefined;
	}

	const open = stat.indexOf('(');
	const close = stat.lastIndexOf(')');
	const fields = stat.slice(close + 2).split(' '); // From field 3, the state
	const at = (field: number) => Number(fields[field - 3]);
	const cpuSeconds = (at(14) + at(15)) / ticksPerSecond;
	const ageSeconds = Math.max(0, uptimeSeconds - at(22) / ticksPerSecond);
	const command = commandLine.replaceAll('\0', ' ').trim() || `[${stat.slice(open + 1, close)}]`;
	return [
		users.get(uid) ?? String(uid),
		String(pid),
		String(at(4)),
		String(ageSeconds === 0 ? 0 : Math.min(99, Math.floor((cpuSeconds * 100) / ageSeconds))),
		formatStart(new Date(now.getTime() - ageSeconds * 1000), now),
		formatTerminal(at(7)),
		formatCpuTime(cpuSeconds),
		command,
	];
}

/** `HH:MM` today, `Jan02` this year, else the year. */
function formatStart(start: Date, now: Date): string {
	if (start.getFullYear() !== now.getFullYear()) {
		return String(start.getFullYear());
	}

	if (start.getMonth() === now.getMonth() && start.getDate() === now.getDate()) {
		return `${two(start.getHours())}:${two(start.getMinutes())}`;
	}

	return `${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][start.getMonth()]!}${two(start.getDate())}`;
}

/** Device number as the kernel packs it: minor bits 31-20 and 7-0, major bits 15-8. */
function formatTerminal(device: number): string {
	const major = (device >> 8) & 0xFF;
	const minor = (device & 0xFF) | ((device >>> 12) & 0xF_FF_00);
	if (major >= 136 && major <= 143) {
		return `pts/${(major - 136) * 256 + minor}`;
	}

	return major === 4 ? `tty${minor}` : '?';
}

function formatCpuTime(seconds: number): string {
	const whole = Math.floor(seconds);
	const days = Math.floor(whole / 86_400);
	const time = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60].map(part => two(part)).join(':');
	return days === 0 ? time : `${days}-${time}`;
}

function two(number: number): string {
	return String(number).padStart(2, '0');
}

function readUsers(): ReadonlyMap<number, string> {
	const lines = readIfThere('/etc/passwd')?.toString('utf8').split('\n') ?? [];
	const users = new Map<number, string>();
	for (const line of lines) {
		const [name, , uid] = line.split(':');
		if (name && uid && !users.has(Number(uid))) {
			users.set(Number(uid), name);
		}
	}

	return users;
}
