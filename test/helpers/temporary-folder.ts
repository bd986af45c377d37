import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';

/** A folder of the test's own (short path: sockets lie in it), removed when the test ends. */
export function temporaryFolder(t: ExecutionContext): string {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true, force: true, maxRetries: 5});
	});
	return folder;
}
