/**
What the monitor wrote about its container (STATE/status.json), and whether it can still be true.
*/
import fs from 'node:fs';
import {readIfThere} from '../files/atomic-file.js';
import {parseJsonObject} from '../oci/json-shape.js';

/** The monitor's record as it lies on disk. Times RFC 3339 with nanoseconds. */
export type RuntimeStatus = {
	readonly status: 'created' | 'running' | 'paused' | 'exited';
	readonly pid: number;
	readonly startTicks: number;
	readonly bootId: string;
	readonly monitorPid: number;
	readonly monitorStartTicks: number;
	readonly startedAt: string;
	readonly finishedAt: string;
	readonly exitCode: number;
	readonly signal: number;
	readonly oomKilled: boolean;
	readonly error: string;
};

/** Undefined when it never started. A file that can't be read as a record counts as none: it was being written when the power went. */
export function readRuntimeStatus(file: string): RuntimeStatus | undefined {
	const bytes = readIfThere(file);
	if (bytes === undefined) {
		return undefined;
	}

	try {
		return parseRuntimeStatus(parseJsonObject(bytes, file));
	} catch {
		return undefined;
	}
}

function parseRuntimeStatus(fields: Readonly<Record<string, unknown>>): RuntimeStatus | undefined {
	const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
	const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : 0);
	const {status} = fields;
	if (status !== 'created' && status !== 'running' && status !== 'paused' && status !== 'exited') {
		return undefined;
	}

	return {
		status,
		pid: number('pid'),
		startTicks: number('startTicks'),
		bootId: text('bootId'),
		monitorPid: number('monitorPid'),
		monitorStartTicks: number('monitorStartTicks'),
		startedAt: text('startedAt'),
		finishedAt: text('finishedAt'),
		exitCode: number('exitCode'),
		signal: number('signal'),
		oomKilled: fields['oomKilled'] === true,
		error: text('error'),
	};
}

/** True while the monitor that wrote the record lives. A pid alone is reused: its start time and the boot are compared too. */
export function isMonitorAlive(status: RuntimeStatus, currentBootId: string): boolean {
	return status.bootId === currentBootId && processStartTicks(status.monitorPid) === status.monitorStartTicks;
}

/** The boot's random name, `/proc/sys/kernel/random/boot_id`. */
export function readBootId(): string {
	return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** Field 22 of /proc/PID/stat; undefined when there is no such process, or only a zombie. */
export function processStartTicks(pid: number): number | undefined {
	let text: string;
	try {
		text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
	} catch {
		return undefined;
	}

	const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // The name in brackets may hold anything
	return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}
