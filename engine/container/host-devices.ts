/**
Device nodes of the host for `--device` and `--privileged`.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode} from '../errors.js';
import type {DeviceNode} from '../runtime/security/default-paths.js';
import type {DeviceRequest} from './device-request.js';

/** A node as it is to be in the container, and where the host has it. */
export type HostDevice = DeviceNode & {readonly hostPath: string};

/** The node, or all nodes in a folder. Throws `invalidParameter` with docker's text. */
export function hostDevices({PathOnHost: host, PathInContainer: inside}: DeviceRequest): HostDevice[] {
	let found: HostDevice[];
	try {
		found = collect(fs.realpathSync(host), inside);
	} catch (error) {
		const reason = errorCode(error) === 'ENOENT' ? 'no such file or directory' : (error as Error).message;
		throw new EngineError('invalidParameter', `error gathering device information while adding custom device "${host}": ${reason}`, {cause: error});
	}

	if (found.length === 0) {
		throw new EngineError('invalidParameter', `error gathering device information while adding custom device "${host}": not a device node`);
	}

	return found;
}

/** What `--privileged` gives: all of /dev but what each container has of its own. */
export function allHostDevices(): HostDevice[] {
	const own = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console', 'ptmx']);
	return fs.readdirSync('/dev').filter(name => !own.has(name)).flatMap(name => {
		try {
			return collect(path.join('/dev', name), path.join('/dev', name));
		} catch {
			return []; // Gone meanwhile, or not for us to see
		}
	});
}

function collect(host: string, inside: string): HostDevice[] {
	const stat = fs.lstatSync(host);
	if (stat.isDirectory()) {
		return fs.readdirSync(host).flatMap(name => collect(path.join(host, name), path.posix.join(inside, name)));
	}

	if (!stat.isCharacterDevice() && !stat.isBlockDevice()) {
		return [];
	}

	// glibc's dev_t: minor bits 0-7 and 20-31, major bits 8-19
	return [{
		hostPath: host,
		path: inside,
		type: stat.isCharacterDevice() ? 'c' : 'b',
		major: (stat.rdev >>> 8) & 0xF_FF,
		minor: (stat.rdev & 0xFF) | ((stat.rdev >>> 12) & 0xF_FF_00),
		mode: stat.mode & 0o777,
		uid: stat.uid,
		gid: stat.gid,
	}];
}
