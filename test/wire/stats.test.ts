import test from 'ava';
import type {StatsReading, StatsSample} from '../../engine/container/stats.js';
import {statsInfo} from '../../engine/wire/stats.js';

const sample: StatsSample = {
	time: '2026-01-01T00:00:01Z', cpu: {totalNs: 300, userNs: 200, systemNs: 100}, memory: {usageBytes: 5000, inactiveFileBytes: 1000, limitBytes: 9000}, pids: {current: 3, limit: 10},
	networks: {eth0: {rxBytes: 1, rxPackets: 2, rxErrors: 3, rxDropped: 4, txBytes: 5, txPackets: 6, txErrors: 7, txDropped: 8}}, blkio: {readBytes: 11, writeBytes: 12}, hostNs: 4000,
};
const reading: StatsReading = {id: 'i', name: 'n', sample, previous: undefined, onlineCpus: 2, hostMemoryBytes: 100_000};

test('a container that does not run gives docker\'s empty answer', t => {
	t.deepEqual(statsInfo({...reading, sample: undefined}) as unknown, {
		name: '/n', id: 'i', num_procs: 0, storage_stats: {}, read: '0001-01-01T00:00:00Z', preread: '0001-01-01T00:00:00Z', pids_stats: {}, memory_stats: {},
		blkio_stats: {
			io_service_bytes_recursive: null, io_serviced_recursive: null, io_queue_recursive: null, io_service_time_recursive: null, io_wait_time_recursive: null, io_merged_recursive: null, io_time_recursive: null, sectors_recursive: null,
		},
		cpu_stats: {cpu_usage: {total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0}, throttling_data: {periods: 0, throttled_periods: 0, throttled_time: 0}},
		precpu_stats: {cpu_usage: {total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0}, throttling_data: {periods: 0, throttled_periods: 0, throttled_time: 0}},
	});
});

test('a first sample has nothing before it', t => {
	const info = statsInfo(reading);
	t.like(info, {name: '/n', id: 'i', read: sample.time, preread: '0001-01-01T00:00:00Z'});
	t.like(info.cpu_stats, {cpu_usage: {total_usage: 300, usage_in_usermode: 200, usage_in_kernelmode: 100}, system_cpu_usage: 4000, online_cpus: 2});
	t.is(info.precpu_stats.cpu_usage.total_usage, 0);
	t.is(info.precpu_stats.system_cpu_usage, undefined as never);
	t.deepEqual(info.pids_stats, {current: 3, limit: 10});
	t.like(info.memory_stats, {usage: 5000, limit: 9000, stats: {inactive_file: 1000, total_inactive_file: 1000}});
	t.deepEqual(info.networks as unknown, {eth0: {rx_bytes: 1, rx_packets: 2, rx_errors: 3, rx_dropped: 4, tx_bytes: 5, tx_packets: 6, tx_errors: 7, tx_dropped: 8}});
	t.deepEqual(info.blkio_stats!.io_service_bytes_recursive as unknown, [{major: 0, minor: 0, op: 'read', value: 11}, {major: 0, minor: 0, op: 'write', value: 12}]);
});

test('docker\'s clients calculate the same processor share from two samples', t => {
	const later = {...sample, time: '2026-01-01T00:00:02Z', cpu: {totalNs: 500, userNs: 300, systemNs: 200}, hostNs: 4800};
	const {cpu_stats: now, precpu_stats: before, preread} = statsInfo({...reading, sample: later, previous: sample});
	t.is(preread, sample.time);
	// docker/cli calculateCPUPercentUnix
	const percent = ((now.cpu_usage.total_usage - before.cpu_usage.total_usage) / (now.system_cpu_usage - before.system_cpu_usage)) * now.online_cpus * 100;
	t.is(percent, 50);
});

test('without limits the host\'s memory is the limit, and processes have none', t => {
	const info = statsInfo({...reading, sample: {...sample, memory: {usageBytes: 1}, pids: {current: 1}, networks: {}}});
	t.like(info.memory_stats, {limit: 100_000, usage: 1, stats: {inactive_file: 0}});
	t.deepEqual(info.pids_stats, {current: 1});
	t.deepEqual(info.networks as unknown, {});
});
