/** docker's arithmetic over one sample of a container's use. */
import type {ContainerStats} from '../../engine/index.js';
import type {Columns} from '../format/list-format.js';
import {formatBytes, formatMemory} from '../presentation/format-bytes.js';
import {shortId} from '../presentation/format-identifier.js';

export type StatsRow = {
	readonly id: string;
	readonly name: string;
	readonly cpuPercent: number;
	readonly memoryBytes: number;
	readonly memoryLimitBytes: number;
	readonly receivedBytes: number;
	readonly sentBytes: number;
	readonly readBytes: number;
	readonly writtenBytes: number;
	readonly processes: number;
};

/** The fields docker sends, any of which may be absent for a container that does not run. */
type Sample = {
	readonly id?: string;
	readonly name?: string;
	readonly cpu_stats?: CpuSample;
	readonly precpu_stats?: CpuSample;
	readonly memory_stats?: {readonly usage?: number; readonly limit?: number; readonly stats?: Readonly<Record<string, number>>};
	readonly networks?: Readonly<Record<string, {readonly rx_bytes: number; readonly tx_bytes: number}>>;
	readonly blkio_stats?: {readonly io_service_bytes_recursive?: ReadonlyArray<{readonly op: string; readonly value: number}> | null};
	readonly pids_stats?: {readonly current?: number};
};

type CpuSample = {readonly cpu_usage?: {readonly total_usage?: number; readonly percpu_usage?: readonly number[]}; readonly system_cpu_usage?: number; readonly online_cpus?: number};

export function statsRow(stats: ContainerStats): StatsRow {
	const sample = stats as unknown as Sample;
	const networks = Object.values(sample.networks ?? {});
	const blocks = sample.blkio_stats?.io_service_bytes_recursive ?? [];
	const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
	return {
		id: sample.id ?? '',
		name: (sample.name ?? '').replace(/^\//, ''),
		cpuPercent: cpuPercent(sample.precpu_stats, sample.cpu_stats),
		memoryBytes: usedMemory(sample.memory_stats),
		memoryLimitBytes: sample.memory_stats?.limit ?? 0,
		receivedBytes: sum(networks.map(network => network.rx_bytes)),
		sentBytes: sum(networks.map(network => network.tx_bytes)),
		readBytes: sum(blocks.filter(block => block.op.toLowerCase() === 'read').map(block => block.value)),
		writtenBytes: sum(blocks.filter(block => block.op.toLowerCase() === 'write').map(block => block.value)),
		processes: sample.pids_stats?.current ?? 0,
	};
}

export function statsColumns(isWhole: boolean): Columns<StatsRow> {
	return {
		Container: {header: 'CONTAINER', value: row => row.id},
		ID: {header: 'CONTAINER ID', value: row => (isWhole ? row.id : shortId(row.id))},
		Name: {header: 'NAME', value: row => row.name},
		CPUPerc: {header: 'CPU %', value: row => `${row.cpuPercent.toFixed(2)}%`},
		MemUsage: {header: 'MEM USAGE / LIMIT', value: row => `${formatMemory(row.memoryBytes)} / ${formatMemory(row.memoryLimitBytes)}`},
		MemPerc: {header: 'MEM %', value: row => `${(row.memoryLimitBytes === 0 ? 0 : (row.memoryBytes / row.memoryLimitBytes) * 100).toFixed(2)}%`},
		NetIO: {header: 'NET I/O', value: row => `${formatBytes(row.receivedBytes)} / ${formatBytes(row.sentBytes)}`},
		BlockIO: {header: 'BLOCK I/O', value: row => `${formatBytes(row.readBytes)} / ${formatBytes(row.writtenBytes)}`},
		PIDs: {header: 'PIDS', value: row => String(row.processes)},
	};
}

// The share of all CPUs' time between two samples, times their number.
function cpuPercent(before: CpuSample | undefined, now: CpuSample | undefined): number {
	const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
	const system = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
	const cpus = now?.online_cpus ?? now?.cpu_usage?.percpu_usage?.length ?? 1;
	return system > 0 && used > 0 ? (used / system) * cpus * 100 : 0;
}

// The page cache that could be dropped at once is not counted; its name differs between cgroup versions.
function usedMemory(memory: Sample['memory_stats']): number {
	const usage = memory?.usage ?? 0;
	const cache = memory?.stats?.['total_inactive_file'] ?? memory?.stats?.['inactive_file'] ?? 0;
	return cache < usage ? usage - cache : usage;
}
