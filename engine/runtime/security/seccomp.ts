/**
Seccomp filters for containers. The filter of docker's default profile with docker's default capabilities was compiled when tug was built;
the compiler and its tables are loaded only for other capability sets and for profiles people bring.
*/
import process from 'node:process';
import {EngineError} from '../../errors.js';
import {defaultCapabilitiesMask} from './capabilities.js';
import {builtFilters} from './built-filters.js';

/** Machines there are system call tables for, in node's words (`process.arch`). */
export type SeccompArchitecture = 'x64' | 'arm64';

/**
The filter of docker's default profile: an array of `struct sock_filter` as seccomp(2) takes it. `bounding`: the container's bounding set, which
opens more system calls (CAP_SYS_ADMIN: mount …), as in docker. Rejects with `notImplemented` for a machine without a table.
A privileged container has no filter: ask for none.
*/
export async function defaultSeccompFilter(bounding: bigint = defaultCapabilitiesMask, architecture: string = process.arch): Promise<Buffer> {
	const known = knownArchitecture(architecture);
	if (bounding === defaultCapabilitiesMask) {
		return Buffer.from(builtFilters[known], 'base64');
	}

	const [{compileSeccomp}, {defaultProfile}] = await Promise.all([import('./seccomp-compile.js'), import('./seccomp-profile.js')]);
	return compileSeccomp(defaultProfile, {bounding, architecture: known});
}

/**
A filter from a profile in docker's or OCI's JSON form (`--security-opt seccomp=FILE`). Undefined when the profile asks for no filtering
(no default action and no system calls). Rejects with `invalidParameter` when it can't be read or asks for something seccomp has not.
*/
export async function compileSeccompProfile(json: string, bounding: bigint, architecture: string = process.arch): Promise<Buffer | undefined> {
	const [{compileSeccomp}, {parseProfile}] = await Promise.all([import('./seccomp-compile.js'), import('./seccomp-parse.js')]);
	const profile = parseProfile(json);
	return profile && compileSeccomp(profile, {bounding, architecture: knownArchitecture(architecture)});
}

function knownArchitecture(architecture: string): SeccompArchitecture {
	if (architecture !== 'x64' && architecture !== 'arm64') {
		throw new EngineError('notImplemented', `no system call table for ${architecture}`, {
			hint: 'Run the container with --security-opt seccomp=unconfined.',
		});
	}

	return architecture;
}
