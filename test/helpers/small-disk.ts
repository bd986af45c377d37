import {spawnSync} from 'node:child_process';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {temporaryFolder} from './temporary-folder.js';

/** A file system of that size; undefined, with the reason logged, where none can be mounted. */
export function mountTmpfs(t: ExecutionContext, sizeBytes: number): string | undefined {
	const folder = temporaryFolder(t);
	const {status, stderr} = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder], {encoding: 'utf8'});
	if (status !== 0 || process.getuid?.() !== 0) {
		t.log(`skipped: a small file system can't be mounted: ${stderr.trim()}`);
		t.pass();
		return undefined;
	}

	t.teardown(() => {
		spawnSync('umount', ['-l', folder]);
	});
	return folder;
}
