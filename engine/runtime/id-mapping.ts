/**
Which host ids an unprivileged user's containers get: its own as root, then its subordinate ids (subuid(5)). Without those, or without newuidmap and newgidmap, only its own: one id.
*/
import fs from 'node:fs';
import path from 'node:path';
import {readIfThere} from '../files/atomic-file.js';
import {sha256Hex} from '../files/sha256.js';

export type IdMapping = {
	/** `inside outside count`, comma separated. */
	readonly uidMap: string;
	readonly gidMap: string;
	/** Only one id: files of other owners can't be made, programs can't become another user. */
	readonly single: boolean;
	/** What is missing for more, as advice; only when `single`. */
	readonly advice?: string;
};

export type MappingSources = {
	readonly uid: number;
	readonly gid: number;
	readonly user: string;
	readonly subuid?: string; // Text of /etc/subuid
	readonly subgid?: string;
	/** Whether newuidmap and newgidmap are there. */
	readonly hasHelpers?: boolean;
};

/** Reads the user's ranges. Never throws: what is not there gives the one id. */
export function idMapping(sources: MappingSources): IdMapping {
	const {uid, gid, user} = sources;
	const uids = ranges(sources.subuid ?? textOf('/etc/subuid'), user, uid);
	const gids = ranges(sources.subgid ?? textOf('/etc/subgid'), user, uid);
	const hasHelpers = sources.hasHelpers ?? ['newuidmap', 'newgidmap'].every(name => isInPath(name));
	if (uids.length === 0 || gids.length === 0 || !hasHelpers) {
		const advice = hasHelpers
			? `add a line such as ${user}:100000:65536 to /etc/subuid and /etc/subgid`
			: 'install newuidmap and newgidmap (apt install uidmap)';
		return {uidMap: `0 ${uid} 1`, gidMap: `0 ${gid} 1`, single: true, advice};
	}

	return {uidMap: mapOf(uid, uids), gidMap: mapOf(gid, gids), single: false};
}

/**
The options by which a native command enters the sandbox of this mapping; `folders`: what the names of sandboxes' folders begin with. There is a sandbox for each
mapping: once somebody has got subordinate ids, new containers must not end up in the one without, which lasts as long as its containers.
*/
export function sandboxArguments({uidMap, gidMap}: IdMapping, folders: string): string[] {
	return ['--sandbox', `${folders}-${sha256Hex(`${uidMap}/${gidMap}`).slice(0, 8)}`, '--uid-map', uidMap, '--gid-map', gidMap];
}

type Range = readonly [start: number, count: number];

function mapOf(own: number, subordinate: readonly Range[]): string {
	let inside = 1;
	const parts = [`0 ${own} 1`];
	for (const [start, count] of subordinate) {
		parts.push(`${inside} ${start} ${count}`);
		inside += count;
	}

	return parts.join(',');
}

/** Lines `name-or-uid:start:count`. */
function ranges(text: string, user: string, uid: number): Range[] {
	return text.split('\n')
		.map(line => line.trim().split(':'))
		.filter(([owner]) => owner === user || owner === String(uid))
		.map(([, start, count]) => [Number(start), Number(count)] as const)
		.filter(([start, count]) => Number.isSafeInteger(start) && Number.isSafeInteger(count) && start > 0 && count > 0);
}

function textOf(file: string): string {
	try {
		return readIfThere(file)?.toString('utf8') ?? '';
	} catch {
		return '';
	}
}

function isInPath(name: string): boolean {
	const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/sbin', '/bin'];
	return folders.some(folder => folder !== '' && fs.existsSync(path.join(folder, name)));
}
