/**
Ids that nobody can guess. The kernel's generator is read directly: node:crypto, which asks the same one, takes an eighth of Node's own start to load.
*/
import crypto from 'node:crypto';
import fs from 'node:fs';

/** So many random bytes as hexadecimal digits. `source`: the kernel's device (random(4)). */
export function randomHex(bytes: number, source = '/dev/urandom'): string {
	return (readFrom(source, bytes) ?? crypto.randomBytes(bytes)).toString('hex');
}

/** Undefined where the device is not there, or is something else (a chroot). */
function readFrom(device: string, length: number): Buffer | undefined {
	let descriptor: number | undefined;
	try {
		descriptor = fs.openSync(device, 'r');
		const data = Buffer.alloc(length);
		return fs.fstatSync(descriptor).isCharacterDevice() && fs.readSync(descriptor, data) === length ? data : undefined;
	} catch {
		return undefined;
	} finally {
		if (descriptor !== undefined) {
			fs.closeSync(descriptor);
		}
	}
}
