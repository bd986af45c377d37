/**
Memory per running container: what appears beside the containers' own programs when some are started, by /proc. (Processes of others that happen to start in that moment
are left out when their program was running before.) What is shared is counted in parts, where the kernel tells; of processes in a user namespace it does not tell their own user, so the pages of
the program's file are divided by the number of processes that run it.
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
		const sum = (list, value) => list.flatMap(([, same]) => same.map(one => value(one, same.length))).reduce((total, each) => total + each, 0);
		return {
			rss: sum(each, one => one.rss) / containers,
			pss: sum(each, (one, count) => one.pss ?? one.ownRss + one.fileRss / count) / containers,
			onceRss: sum(once, one => one.rss),
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
			const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
			const program = fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
			const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
			if (command === '') {
				return []; // A kernel thread, or a process that has ended
			}

			const ownRss = mebibytes(status, 'RssAnon') + mebibytes(status, 'RssShmem');
			return [{pid, program, command, rss: mebibytes(status, 'VmRSS'), ownRss, fileRss: mebibytes(status, 'RssFile'), pss: proportional(pid)}];
		} catch {
			return []; // Ended meanwhile
		}
	});
}

/** Undefined where the kernel does not let us look. */
function proportional(pid) {
	try {
		return mebibytes(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
	} catch {
		return undefined;
	}
}

function mebibytes(text, key) {
	return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
}
