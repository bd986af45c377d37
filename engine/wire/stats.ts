/**
Statistics in docker's JSON, with what its clients calculate from.
*/
import type {ContainerStats} from '../engine.js';
import type {StatsReading, StatsSample} from '../container/stats.js';

const zeroTime = '0001-01-01T00:00:00Z';

export function statsInfo({id, name, sample, previous, onlineCpus, hostMemoryBytes}: StatsReading): ContainerStats {
	const base = {name: `/${name}`, id, num_procs: 0, storage_stats: {}};
	if (sample === undefined) {
		const info = {...base, read: zeroTime, preread: zeroTime, pids_stats: {}, blkio_stats: blkio(0, 0, false), cpu_stats: emptyCpu, precpu_stats: emptyCpu, memory_stats: {}};
		return info as unknown as ContainerStats;
	}

	const info = {
		...base,
		read: sample.time,
		preread: previous?.time ?? zeroTime,
		pids_stats: {current: sample.pids.current, ...(sample.pids.limit === undefined ? {} : {limit: sample.pids.limit})},
		blkio_stats: blkio(sample.blkio.readBytes, sample.blkio.writeBytes, true),
		cpu_stats: cpu(sample, onlineCpus),
		precpu_stats: previous === undefined ? emptyCpu : cpu(previous, onlineCpus),
		memory_stats: {
			usage: sample.memory.usageBytes,
			// Both names: clients look for the one of cgroup v1, then for that of v2, and take it off the usage.
			stats: {inactive_file: sample.memory.inactiveFileBytes ?? 0, total_inactive_file: sample.memory.inactiveFileBytes ?? 0},
			limit: sample.memory.limitBytes ?? hostMemoryBytes,
		},
		networks: Object.fromEntries(Object.entries(sample.networks).map(([device, counters]) => [device, {
			rx_bytes: counters.rxBytes,
			rx_packets: counters.rxPackets,
			rx_errors: counters.rxErrors,
			rx_dropped: counters.rxDropped,
			tx_bytes: counters.txBytes,
			tx_packets: counters.txPackets,
			tx_errors: counters.txErrors,
			tx_dropped: counters.txDropped,
		}])),
	};
	// @types/dockerode wants every counter of cgroup v1.
	return info as unknown as ContainerStats;
}

const emptyCpu = {
	cpu_usage: {total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0},
	throttling_data: {periods: 0, throttled_periods: 0, throttled_time: 0},
};

function cpu(sample: StatsSample, onlineCpus: number) {
	return {
		...emptyCpu,
		cpu_usage: {total_usage: sample.cpu.totalNs, usage_in_kernelmode: sample.cpu.systemNs, usage_in_usermode: sample.cpu.userNs},
		system_cpu_usage: sample.hostNs,
		online_cpus: onlineCpus,
	};
}

function blkio(readBytes: number, writtenBytes: number, isKnown: boolean) {
	const bytes = isKnown ? [{major: 0, minor: 0, op: 'read', value: readBytes}, {major: 0, minor: 0, op: 'write', value: writtenBytes}] : null;
	return {
		io_service_bytes_recursive: bytes,
		io_serviced_recursive: null,
		io_queue_recursive: null,
		io_service_time_recursive: null,
		io_wait_time_recursive: null,
		io_merged_recursive: null,
		io_time_recursive: null,
		sectors_recursive: null,
	};
}
