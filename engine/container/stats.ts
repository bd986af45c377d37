/**
What a container uses, one sample a second.
*/
import fs from 'node:fs';
import os from 'node:os';
import {setTimeout as delay} from 'node:timers/promises';
import {isEngineError} from '../errors.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import {frameType} from '../runtime/monitor-protocol.js';
import type {ContainerContext} from './container-context.js';
import {isActive} from './container-state.js';
import {containerPlaces, findContainer} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {readState} from './read-state.js';

export type StatsOptions = {
	/** Default true: a sample a second until the container ends or the signal fires. */
	readonly stream?: boolean;
	/** With `stream: false`: do not wait a second for a difference. */
	readonly oneShot?: boolean;
	readonly signal?: AbortSignal;
};

/** What the monitor measured (engine/native/stats.h). Bytes and nanoseconds. */
export type StatsSample = {
	readonly time: string; // RFC 3339
	readonly cpu: {readonly totalNs: number; readonly userNs: number; readonly systemNs: number};
	readonly memory: {readonly usageBytes: number; readonly inactiveFileBytes?: number; readonly limitBytes?: number};
	readonly pids: {readonly current: number; readonly limit?: number};
	readonly networks: Readonly<Record<string, Readonly<Record<'rxBytes' | 'rxPackets' | 'rxErrors' | 'rxDropped' | 'txBytes' | 'txPackets' | 'txErrors' | 'txDropped', number>>>>;
	readonly blkio: {readonly readBytes: number; readonly writeBytes: number};
	/** Processor time of the whole host. */
	readonly hostNs: number;
};

export type StatsReading = {
	readonly id: string;
	readonly name: string;
	/** Undefined: not running. */
	readonly sample: StatsSample | undefined;
	readonly previous: StatsSample | undefined;
	readonly onlineCpus: number;
	readonly hostMemoryBytes: number;
};

const intervalMs = 1000;

/** A container that does not run gives one empty reading. */
export async function* containerStats(context: ContainerContext, unsafeName: string, options: StatsOptions = {}): AsyncGenerator<StatsReading> {
	const record = findContainer(context.store, unsafeName);
	const connection = isActive(readState(context.store, record.id)) ? await connectMonitor(containerPlaces(context.store, record.id).socket) : undefined;
	if (connection === undefined) {
		yield reading(record, undefined, undefined);
		return;
	}

	try {
		let previous: StatsSample | undefined;
		for (;;) {
			const startedMs = performance.now();
			const sample = parseSample(await connection.command(frameType.stats));
			const isFirstOfTwo = options.stream === false && options.oneShot !== true && previous === undefined;
			if (!isFirstOfTwo) {
				yield reading(record, sample, previous);
			}

			if (options.signal?.aborted || (options.stream === false && !isFirstOfTwo)) {
				return;
			}

			previous = sample;
			await delay(Math.max(0, intervalMs - (performance.now() - startedMs)), undefined, options.signal === undefined ? {} : {signal: options.signal});
		}
	} catch (error) {
		// It ended, or nobody wants to know any more.
		if (!(isEngineError(error) && (error.code === 'monitorGone' || error.kind === 'conflict')) && !options.signal?.aborted) {
			throw error;
		}
	} finally {
		connection.close();
	}
}

function reading(record: ContainerRecord, sample: StatsSample | undefined, previous: StatsSample | undefined): StatsReading {
	return {id: record.id, name: record.name, sample, previous, onlineCpus: os.availableParallelism(), hostMemoryBytes: os.totalmem()};
}

function parseSample(reply: Readonly<Record<string, unknown>>): StatsSample {
	const sample = reply as unknown as StatsSample; // From our own monitor
	return {...sample, networks: sample.networks ?? {}, hostNs: hostCpuNs()};
}

/** The first line of /proc/stat, in ticks of 10 ms; guest time is in user time already. */
function hostCpuNs(): number {
	const [line = ''] = fs.readFileSync('/proc/stat', 'latin1').split('\n', 1);
	const ticks = line.trim().split(/\s+/).slice(1, 9).reduce((sum, word) => sum + Number(word), 0);
	return ticks * 10_000_000;
}
