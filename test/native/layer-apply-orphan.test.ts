import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {encodeHeader} from '../../engine/archive/tar-header.js';
import {until} from '../conformance/behaviour.js';
import {nativeProgram, temporaryFolder} from '../helpers/image-lab.js';

const applier = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'layer-applier.js');

/** Files of 7 GiB of nothing: minutes of work, no place on disk. */
function longTar(file: string, count: number): void {
	const sizeBytes = 7 * 1024 ** 3;
	const descriptor = fs.openSync(file, 'w');
	for (let index = 0; index < count; index++) {
		fs.writeSync(descriptor, encodeHeader({name: `file-${index}`, sizeBytes}), 0, 512, index * (512 + sizeBytes));
	}

	fs.ftruncateSync(descriptor, count * (512 + sizeBytes) + 1024);
	fs.closeSync(descriptor);
}

function isThere(pid: number): boolean {
	try {
		return !fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
	} catch {
		return false;
	}
}

test('unpacking from a file ends with whoever asked for it', async t => {
	if (nativeProgram(t) === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	const tar = path.join(folder, 'long.tar');
	longTar(tar, 40);
	const child = spawn(process.execPath, [applier, tar, path.join(folder, 'tree')], {stdio: ['ignore', 'pipe', 'inherit']});
	const [line] = await once(child.stdout, 'data') as [Buffer];
	const pid = Number(line.toString());
	t.teardown(() => {
		if (isThere(pid)) {
			process.kill(pid, 'SIGKILL');
		}
	});
	await until(async () => fs.existsSync(path.join(folder, 'tree', 'file-0')));
	t.true(isThere(pid));
	child.kill('SIGKILL');
	await until(async () => !isThere(pid));
	t.false(fs.existsSync(path.join(folder, 'tree', 'file-39')));
});
