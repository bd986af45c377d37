/**
What docker 28 hides, protects and creates in every container that is not privileged (moby daemon/pkg/oci/defaults.go).
*/
import fs from 'node:fs';

const alwaysMasked = [
	'/proc/acpi',
	'/proc/asound',
	'/proc/interrupts', // GHSA-6fw5-f8r9-fgfm: keystroke timing
	'/proc/kcore',
	'/proc/keys',
	'/proc/latency_stats',
	'/proc/sched_debug',
	'/proc/scsi',
	'/proc/timer_list',
	'/proc/timer_stats',
	'/sys/devices/virtual/powercap', // GHSA-jq35-85cj-fj4p: power side channel
	'/sys/firmware',
];

export const readonlyPaths: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/**
Paths to mask: a directory under an empty read-only tmpfs, a file under /dev/null, a missing one left alone. The thermal counters
(GHSA-6fw5-f8r9-fgfm) are listed a CPU each, and only where `sysfs` has them.
*/
export function maskedPaths(sysfs = '/sys'): string[] {
	const folder = `${sysfs}/devices/system/cpu`;
	// Either every CPU has the counters or none has; a virtual machine usually has none.
	if (!fs.existsSync(`${folder}/cpu0/thermal_throttle`)) {
		return [...alwaysMasked];
	}

	const cpus = fs.readdirSync(folder).filter(name => /^cpu\d+$/.test(name) && fs.existsSync(`${folder}/${name}/thermal_throttle`));
	const numbers = cpus.map(name => Number(name.slice(3))).sort((a, b) => a - b);
	return [...alwaysMasked, ...numbers.map(number => `/sys/devices/system/cpu/cpu${number}/thermal_throttle`)];
}

export type DeviceNode = {
	readonly path: string;
	readonly type: 'c' | 'b' | 'p';
	readonly major: number;
	readonly minor: number;
	readonly mode: number; // permission bits
	readonly uid: number;
	readonly gid: number;
};

/** The nodes of the OCI runtime specification, "Default Devices"; /dev/console and /dev/ptmx come with the terminal and devpts. */
export const defaultDevices: readonly DeviceNode[] = [
	device('/dev/null', 1, 3),
	device('/dev/zero', 1, 5),
	device('/dev/full', 1, 7),
	device('/dev/random', 1, 8),
	device('/dev/urandom', 1, 9),
	device('/dev/tty', 5, 0),
];

/** Link → target, as runc makes them. */
export const defaultSymlinks: Readonly<Record<string, string>> = {
	'/dev/fd': '/proc/self/fd',
	'/dev/stdin': '/proc/self/fd/0',
	'/dev/stdout': '/proc/self/fd/1',
	'/dev/stderr': '/proc/self/fd/2',
	'/dev/ptmx': 'pts/ptmx',
	'/dev/core': '/proc/kcore',
};

function device(path: string, major: number, minor: number): DeviceNode {
	return {path, type: 'c', major, minor, mode: 0o666, uid: 0, gid: 0};
}
