/** A small file system of its own for a script, so that it can be filled. */
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {hasProgram, temporaryFolder} from './image-lab.js';

/** Runs the module with the folder of a tmpfs of `size` as its argument; gives what it printed, as JSON. Undefined (the reason is logged) where none can be mounted. */
export async function onSmallDisk(t: ExecutionContext, size: string, code: string): Promise<unknown> {
	if (process.getuid!() !== 0 || !hasProgram('unshare')) {
		t.log('skipped: making a small file system needs root and unshare');
		t.pass();
		return undefined;
	}

	const disk = path.join(temporaryFolder(t), 'disk');
	fs.mkdirSync(disk);
	const script = `mount -t tmpfs -o size=${size} none "$1" && exec "$2" --input-type=module -e "$3" "$1"`;
	const child = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', disk, process.execPath, code], {stdio: ['ignore', 'pipe', 'inherit']});
	const output = (await child.stdout.toArray()).join('');
	if (output === '') {
		t.log('skipped: no tmpfs can be mounted here');
		t.pass();
		return undefined;
	}

	return JSON.parse(output);
}

/** The URL of a module of the engine, for an import in the script. */
export function moduleUrl(file: string): string {
	return JSON.stringify(new URL(`../../engine/${file}`, import.meta.url).href);
}
