/**
docker's limits (`HostConfig.Resources`), checked as moby checks them. Whether this host can enforce them is asked later (runtime/cgroup.ts).
*/
import {EngineError} from '../errors.js';
import {asString, integerField, optional, type JsonObject} from '../oci/json-shape.js';

/** Absent numbers are 0, which means not limited. */
export type ResourceLimits = {
	readonly Memory: number; // bytes
	readonly MemoryReservation: number; // bytes
	readonly MemorySwap: number; // bytes of memory and swap together; -1 unlimited
	readonly MemorySwappiness: number | null;
	readonly OomKillDisable: boolean | null;
	readonly NanoCpus: number; // 10⁹ is one processor
	readonly CpuShares: number;
	readonly CpuPeriod: number; // µs
	readonly CpuQuota: number; // µs
	readonly CpusetCpus: string;
	readonly CpusetMems: string;
	readonly PidsLimit: number | null; // 0 and -1: unlimited
};

const minMemoryBytes = 6 * 1024 * 1024;

/** Throws `invalidParameter` with docker's texts. */
export function parseLimits(fields: JsonObject): ResourceLimits {
	const swappiness = fields['MemorySwappiness'];
	const pids = fields['PidsLimit'];
	const limits: ResourceLimits = {
		Memory: integerField(fields, 'Memory'),
		MemoryReservation: integerField(fields, 'MemoryReservation'),
		MemorySwap: integerField(fields, 'MemorySwap'),
		MemorySwappiness: typeof swappiness === 'number' && swappiness !== -1 ? swappiness : null,
		OomKillDisable: fields['OomKillDisable'] === true ? true : null,
		NanoCpus: integerField(fields, 'NanoCpus'),
		CpuShares: integerField(fields, 'CpuShares'),
		CpuPeriod: integerField(fields, 'CpuPeriod'),
		CpuQuota: integerField(fields, 'CpuQuota'),
		CpusetCpus: optional(fields['CpusetCpus'], 'CpusetCpus', asString) ?? '',
		CpusetMems: optional(fields['CpusetMems'], 'CpusetMems', asString) ?? '',
		PidsLimit: typeof pids === 'number' && pids !== 0 ? pids : null,
	};
	checkLimits(limits);
	return limits;
}

/** moby daemon_unix.go, verifyPlatformContainerResources. */
function checkLimits(limits: ResourceLimits): void {
	const refuse = (message: string): never => {
		throw new EngineError('invalidParameter', message);
	};

	if (limits.Memory > 0 && limits.Memory < minMemoryBytes) {
		refuse('Minimum memory limit allowed is 6MB');
	}

	if (limits.Memory > 0 && limits.MemorySwap > 0 && limits.MemorySwap < limits.Memory) {
		refuse('Minimum memoryswap limit should be larger than memory limit, see usage');
	}

	if (limits.Memory === 0 && limits.MemorySwap > 0) {
		refuse('You should always set the Memory limit when using Memoryswap limit, see usage');
	}

	if (limits.Memory > 0 && limits.MemoryReservation > limits.Memory) {
		refuse('Minimum memory limit can not be less than memory reservation limit, see usage');
	}

	if (limits.NanoCpus > 0 && (limits.CpuPeriod > 0 || limits.CpuQuota > 0)) {
		refuse(`Conflicting options: Nano CPUs and CPU ${limits.CpuPeriod > 0 ? 'Period' : 'Quota'} cannot both be set`);
	}

	if (limits.NanoCpus < 0 || (limits.CpuPeriod !== 0 && (limits.CpuPeriod < 1000 || limits.CpuPeriod > 1_000_000))) {
		refuse(limits.NanoCpus < 0 ? 'range of CPUs is from 0.01 up' : 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
	}

	if (limits.CpuQuota > 0 && limits.CpuQuota < 1000) {
		refuse('CPU cfs quota can not be less than 1ms (i.e. 1000)');
	}

	for (const [name, list] of [['cpus', limits.CpusetCpus], ['memory nodes', limits.CpusetMems]] as const) {
		if (list !== '' && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) {
			refuse(`Invalid value ${list} for cpuset ${name}`);
		}
	}
}
