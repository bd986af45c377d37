/**
`--security-opt`, `--ulimit` and `--sysctl`, checked.
*/
import {EngineError} from '../errors.js';
import type {PlanRlimit} from '../runtime/plan.js';
import {rlimitNumber} from '../runtime/plan-tags.js';
import type {HostSettings, Ulimit} from './host-settings.js';

export type SecurityOptions = {
	readonly noNewPrivileges: boolean;
	/** `default`, `unconfined`, or a profile's JSON text. */
	readonly seccomp: string;
};

/** Reads docker's list, `key=value` or `key:value`. Throws `invalidParameter` with docker's texts. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
	let noNewPrivileges = false;
	let seccomp = 'default';
	for (const option of options) {
		if (option === 'no-new-privileges') {
			noNewPrivileges = true;
			continue;
		}

		const separator = /[=:]/.exec(option)?.index;
		if (separator === undefined) {
			throw invalid(option);
		}

		const [key, value] = [option.slice(0, separator), option.slice(separator + 1)];
		switch (key) {
			case 'no-new-privileges': {
				if (value !== 'true' && value !== 'false') {
					throw invalid(option);
				}

				noNewPrivileges = value === 'true';
				break;
			}

			case 'seccomp': {
				seccomp = parseSeccomp(value);
				break;
			}

			case 'apparmor':
			case 'label': {
				if (!['unconfined', 'disable'].includes(value)) {
					throw new EngineError('notImplemented', `security option ${option}: AppArmor profiles and SELinux labels are not set by this engine`, {code: 'notSupported'});
				}

				break;
			}

			default: {
				throw invalid(option);
			}
		}
	}

	return {noNewPrivileges, seccomp};
}

function parseSeccomp(value: string): string {
	if (value === 'unconfined') {
		return value;
	}

	if (value === 'builtin' || value === '') {
		return 'default';
	}

	try {
		if (typeof JSON.parse(value) === 'object') {
			return value;
		}
	} catch {}

	throw new EngineError('invalidParameter', 'Decoding seccomp profile failed: it is not JSON', {hint: 'The command line reads the profile\'s file; over the API the option holds the profile itself.'});
}

function invalid(option: string): EngineError {
	return new EngineError('invalidParameter', `invalid --security-opt: ${JSON.stringify(option)}`);
}

/** docker's ulimits as resource limits; -1 is unlimited. Throws `invalidParameter` for an unknown name. */
export function parseRlimits(limits: readonly Ulimit[]): PlanRlimit[] {
	return limits.map(({Name: name, Soft: soft, Hard: hard}) => {
		if (!Object.hasOwn(rlimitNumber, name)) {
			throw new EngineError('invalidParameter', `invalid ulimit type: ${name}`);
		}

		return {resource: name as PlanRlimit['resource'], soft: rlimit(soft), hard: rlimit(hard)};
	});
}

const infinity = (1n << 64n) - 1n; // RLIM_INFINITY

function rlimit(value: number): bigint {
	return value < 0 ? infinity : BigInt(value);
}

const ipcSysctls = new Set(['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(name => `kernel.${name}`));

/** Only what belongs to the container's own namespaces may be set (runc libcontainer validate). Throws `invalidParameter`. */
export function checkSysctls(settings: HostSettings): void {
	for (const [rawName, value] of Object.entries(settings.Sysctls ?? {})) {
		const name = rawName.replaceAll('/', '.');
		const isIpc = ipcSysctls.has(name) || name.startsWith('fs.mqueue.');
		const isNetwork = name.startsWith('net.');
		if (!/^[\w.-]+$/.test(name) || name.includes('..') || !(isIpc || isNetwork || name === 'kernel.domainname') || value.includes('\0')) {
			throw new EngineError('invalidParameter', `sysctl "${rawName}" is not in a separate kernel namespace`);
		}

		if (isIpc && settings.IpcMode === 'host') {
			throw new EngineError('invalidParameter', `sysctl "${rawName}" is not allowed when running in the host's IPC namespace`);
		}

		if (isNetwork && settings.NetworkMode === 'host') {
			throw new EngineError('invalidParameter', `sysctl "${rawName}" is not allowed when running in the host's network namespace`);
		}
	}
}
