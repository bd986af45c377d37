/**
The kernel's lock on a path, held by `tug-runtime lock` for as long as its stdin is open: when this process dies, however it dies, the pipe closes and the lock goes.
*/
import {once} from 'node:events';
import type {Readable} from 'node:stream';
import {EngineError, isEngineError} from '../errors.js';
import type {LockTaker} from '../files/lock-file.js';
import {spawnNative, type NativeProgram} from '../runtime/native-program.js';

export function nativeLock(native: NativeProgram): LockTaker {
	return async (file, {waitMs}) => {
		const {child, report} = spawnNative(native, 'lock', [file, '--wait', String(waitMs)], {stdin: 'pipe', sandbox: false});
		child.stdin!.on('error', () => {});
		const reportStream = child.stdio[3] as Readable;
		// The report is there as soon as the lock is held; the program goes on until stdin ends.
		const first = await Promise.race([once(reportStream, 'data').then(([text]) => String(text)), report.then(() => '', () => '')]);
		if (!first.startsWith('{"ok":true')) {
			child.stdin!.end();
			await report.catch((error: unknown) => {
				throw isEngineError(error, 'conflict')
					? new EngineError('conflict', `${file} is held by another process`, {code: 'locked', cause: error, hint: 'Wait until the other tug command is done.'})
					: error;
			});
			throw new EngineError('system', `${file} could not be locked`);
		}

		return async () => {
			child.stdin!.end();
			await report.catch(() => {}); // Gone is gone: the kernel has dropped the lock.
		};
	};
}
