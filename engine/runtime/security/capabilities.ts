/**
Linux capabilities as docker hands them to a container (capabilities(7); moby oci/caps).
*/
import {EngineError} from '../../errors.js';

/** Every capability at its bit number, up to CAP_CHECKPOINT_RESTORE (Linux 5.9). */
export const capabilityNames = [
	'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID',
	'CAP_SETPCAP', 'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST', 'CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER',
	'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_CHROOT', 'CAP_SYS_PTRACE', 'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE',
	'CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD', 'CAP_LEASE', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL', 'CAP_SETFCAP',
	'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM', 'CAP_BLOCK_SUSPEND', 'CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF',
	'CAP_CHECKPOINT_RESTORE',
] as const;

export type CapabilityName = (typeof capabilityNames)[number];

/** The 14 that docker grants when nothing is asked for. */
export const defaultCapabilities: readonly CapabilityName[] = [
	'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FSETID', 'CAP_FOWNER', 'CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SETGID',
	'CAP_SETUID', 'CAP_SETFCAP', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT', 'CAP_KILL', 'CAP_AUDIT_WRITE',
];

/** One bit a capability, bit n = capability number n; the five sets of /proc/PID/status and of the launch plan. */
export type CapabilitySets = {
	readonly bounding: bigint;
	readonly effective: bigint;
	readonly permitted: bigint;
	readonly inheritable: bigint;
	readonly ambient: bigint;
};

export type CapabilityRequest = {
	readonly add?: readonly string[] | null;
	readonly drop?: readonly string[] | null;
	readonly privileged?: boolean;
};

export const allCapabilitiesMask = (1n << BigInt(capabilityNames.length)) - 1n;
export const defaultCapabilitiesMask = capabilityMask(defaultCapabilities);

/**
What docker grants for `--cap-add`, `--cap-drop` and `--privileged`: bounding, effective and permitted alike; inheritable empty (CVE-2022-24769),
ambient empty. Names in any case, with or without `CAP_`, or `ALL`; adding wins over dropping. Throws `invalidParameter` for a name that is none.
*/
export function resolveCapabilities(request: CapabilityRequest = {}): CapabilitySets {
	const added = parseNames('CapAdd', request.add ?? []);
	const dropped = parseNames('CapDrop', request.drop ?? []);
	const mask = request.privileged === true ? allCapabilitiesMask : tweak(added, dropped);
	return {bounding: mask, effective: mask, permitted: mask, inheritable: 0n, ambient: 0n};
}

/** The names in a mask, lowest number first. */
export function capabilitiesOf(mask: bigint): CapabilityName[] {
	return capabilityNames.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

export function capabilityMask(names: readonly CapabilityName[]): bigint {
	let mask = 0n;
	for (const name of names) {
		mask |= 1n << BigInt(capabilityNames.indexOf(name));
	}

	return mask;
}

type NamedSet = {readonly all: boolean; readonly mask: bigint};

function tweak(added: NamedSet, dropped: NamedSet): bigint {
	if (added.all) {
		return allCapabilitiesMask & ~dropped.mask;
	}

	return dropped.all ? added.mask : (defaultCapabilitiesMask & ~dropped.mask) | added.mask;
}

function parseNames(field: 'CapAdd' | 'CapDrop', names: readonly string[]): NamedSet {
	const upper = names.map(name => name.toUpperCase());
	const known = upper.filter(name => name !== 'ALL').map(name => (name.startsWith('CAP_') ? name : `CAP_${name}`));
	const unknown = known.find(name => !(capabilityNames as readonly string[]).includes(name));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid ${field}: unknown capability: ${JSON.stringify(unknown)}`);
	}

	return {all: upper.includes('ALL'), mask: capabilityMask(known as CapabilityName[])};
}
