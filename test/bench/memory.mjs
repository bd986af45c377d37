/**
Memory per running container: what appears beside the containers' own programs when some are started, by /proc. (Processes of others that happen to start in that moment
are left out when their program was running before.)
*/
import fs from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {must, removeArguments} from './subjects.mjs';

const containers = 20;

/** MiB a container: resident and proportional; and of helpers that are there once, whatever the number. */
export async function memoryPerContainer(subject, image) {
	const names = Array.from({length: containers}, (_, index) => `bench-memory-${index}`);
	const before = new Set(processes().map(({pid}) => pid));
	try {
		for (const name of names) {
			must(subject, ['run', '-d', '--network', 'none', '--name', name, image.name, ...image.sleep]);
		}

		await sleep(1500);
		const appeared = processes().filter(({pid, command}) => !before.has(pid) && !command.startsWith('sleep') && !/\/sleep\0/.test(command));
		const byProgram = groupBy(appeared);
		const parts = [...byProgram].filter(([program]) => program !== '');
		const each = parts.filter(([, list]) => list.length >= containers / 2);
		const once = parts.filter(([, list]) => list.length < containers / 2 && /tug|docker|containerd|podman|conmon|pasta|slirp/.test(list[0].program));
		const sum = (list, key) => list.flatMap(([, processesOfOne]) => processesOfOne).reduce((total, one) => total + one[key], 0);
		return {
			rss: sum(each, 'rss') / containers,
			pss: sum(each, 'pss') / containers,
			onceRss: sum(once, 'rss'),
			programs: each.map(([program]) => program),
		};
	} finally {
		must(subject, removeArguments(subject, ...names));
	}
}

function groupBy(list) {
	const groups = new Map();
	for (const item of list) {
		groups.set(item.program, [...(groups.get(item.program) ?? []), item]);
	}

	return groups;
}

function processes() {
	return fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(pid => {
		try {
			const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
			const mebibytes = key => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
			const program = fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
			return [{pid, program, command: fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'), rss: mebibytes('Rss'), pss: mebibytes('Pss')}];
		} catch {
			return []; // Ended, or a kernel thread
		}
	});
}
