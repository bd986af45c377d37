/**
Naming a process so that the name never fits another one: pid, start time, boot and pid namespace. A pid alone is reused.
*/
import fs from 'node:fs';
import process from 'node:process';

export type ProcessIdentity = {
	readonly pid: number;
	/** Clock ticks after boot: field 22 of /proc/PID/stat. */
	readonly startTicks: string;
	/** First 8 characters of the boot id. */
	readonly boot: string;
	/** Inode of the pid namespace the pid belongs to. */
	readonly namespace: string;
};

let own: ProcessIdentity | undefined; // Never changes while the process lives.

/** The running process. */
export function ownIdentity(): ProcessIdentity {
	own ??= {
		pid: process.pid,
		startTicks: startTicks(process.pid) ?? '0',
		boot: bootId(),
		namespace: pidNamespace(),
	};
	return own;
}

/** As a file name: `PID-TICKS-BOOT-NAMESPACE`. */
export function formatIdentity({pid, startTicks: ticks, boot, namespace}: ProcessIdentity): string {
	return `${pid}-${ticks}-${boot}-${namespace}`;
}

/** Reads a name that begins so; undefined when it does not. */
export function parseIdentity(name: string): ProcessIdentity | undefined {
	const match = /^(\d+)-(\d+)-([\da-f]{8})-(\d+)/.exec(name);
	return match === null ? undefined : {pid: Number(match[1]), startTicks: match[2]!, boot: match[3]!, namespace: match[4]!};
}

/**
`gone`: surely not running. `unknown`: it belongs to another pid namespace of this boot (tug inside a container that shares the folder), where it can't be
looked up.
*/
export function processState(identity: ProcessIdentity): 'alive' | 'gone' | 'unknown' {
	const self = ownIdentity();
	if (identity.boot !== self.boot) {
		return 'gone';
	}

	if (identity.namespace !== self.namespace) {
		return 'unknown';
	}

	return startTicks(identity.pid) === identity.startTicks ? 'alive' : 'gone';
}

/** Undefined when there is no such process, or it is a zombie. */
function startTicks(pid: number): string | undefined {
	try {
		const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // The name in brackets may hold anything.
		return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
	} catch {
		return undefined;
	}
}

function bootId(): string {
	try {
		return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
	} catch {
		return '00000000';
	}
}

function pidNamespace(): string {
	try {
		return /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
	} catch {
		return '0';
	}
}
