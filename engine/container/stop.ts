/**
Ending a container's program: stop, kill, restart.
*/
import {EngineError, isEngineError} from '../errors.js';
import type {MonitorConnection} from '../runtime/monitor-client.js';
import {frameType} from '../runtime/monitor-protocol.js';
import {parseSignal, sigkill} from '../runtime/signals.js';
import {tellEvent, type ContainerContext} from './container-context.js';
import {isActive} from './container-state.js';
import {findContainer} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {settleExit} from './exit.js';
import {markLeaving, readLeaving, unmarkLeaving} from './leaving.js';
import {killStranded, reachMonitor} from './reach-monitor.js';
import {readState} from './read-state.js';
import {startContainer} from './start.js';

export type StopOptions = {
	/** -1 waits for ever. Default: the container's own, else 10. */
	readonly timeoutSeconds?: number;
	/** Default: the container's own, else SIGTERM. */
	readonly signal?: string;
};

const defaultTimeoutSeconds = 10;
const killTimeoutMs = 10_000;

/** Sends its stop signal, then SIGKILL when it takes too long. False when it was not running. Several callers at once are fine. */
export async function stopContainer(context: ContainerContext, unsafeName: string, options: StopOptions = {}): Promise<boolean> {
	const record = findContainer(context.store, unsafeName);
	const signal = askedSignal(options.signal || record.config.StopSignal || 'SIGTERM', `cannot stop container: ${unsafeName}`);
	if (!isActive(readState(context.store, record.id))) {
		return false;
	}

	const connection = await reachMonitor(context, record.id);
	if (connection === undefined) {
		return false; // It ended by itself a moment ago
	}

	try {
		connection.wait().catch(() => {});
		await sendSignal(context, record, connection, signal);
		const timeoutSeconds = options.timeoutSeconds ?? record.config.StopTimeout ?? defaultTimeoutSeconds;
		if (signal === sigkill || !(await endsWithin(connection, timeoutSeconds < 0 ? Number.POSITIVE_INFINITY : timeoutSeconds * 1000))) {
			await killNow(context, record, connection);
		}
	} finally {
		connection.close();
	}

	tellEvent(context, record, 'stop');
	await settleExit(context, record);
	return true;
}

/** Stops it if it runs, then starts it. A `--rm` container stays. */
export async function restartContainer(context: ContainerContext, unsafeName: string, options: StopOptions = {}): Promise<void> {
	const record = findContainer(context.store, unsafeName);
	const leaving = readLeaving(context.store, record.id);
	if (leaving?.phase === 'whenStopped') {
		unmarkLeaving(context.store, record.id);
	}

	try {
		await stopContainer(context, record.id, options);
		await startContainer(context, record.id);
	} finally {
		if (leaving?.phase === 'whenStopped') {
			markLeaving(context.store, record.id, leaving);
		}
	}

	tellEvent(context, record, 'restart');
}

/**
Sends a signal (a name or number, default SIGKILL). SIGKILL resolves when the container has ended. Throws `conflict` when it is not running, `invalidParameter` for an
unknown signal.
*/
export async function killContainer(context: ContainerContext, unsafeName: string, signalName = 'SIGKILL'): Promise<void> {
	const record = findContainer(context.store, unsafeName);
	const signal = askedSignal(signalName || 'SIGKILL', `cannot kill container: ${unsafeName}`);
	const notRunning = () => new EngineError('conflict', `cannot kill container: ${unsafeName}: container ${record.id} is not running`, {code: 'notRunning'});
	if (!isActive(readState(context.store, record.id))) {
		throw notRunning();
	}

	const connection = await reachMonitor(context, record.id).catch(async (error: unknown) => {
		if (signal !== sigkill || !isEngineError(error) || error.code !== 'monitorUnreachable') {
			throw error;
		}
	});
	if (connection === undefined) {
		if (signal === sigkill && (await killStranded(context, record.id))) {
			tellEvent(context, record, 'kill', {signal: String(signal)});
			await settleExit(context, record);
			return;
		}

		throw notRunning();
	}

	try {
		if (signal === sigkill) {
			connection.wait().catch(() => {});
			await killNow(context, record, connection);
			await settleExit(context, record);
		} else {
			await sendSignal(context, record, connection, signal);
		}
	} finally {
		connection.close();
	}
}

function askedSignal(name: string, subject: string): number {
	try {
		return parseSignal(name);
	} catch (error) {
		throw new EngineError('invalidParameter', `${subject}: ${(error as Error).message}`, {cause: error});
	}
}

async function killNow(context: ContainerContext, record: ContainerRecord, connection: MonitorConnection): Promise<void> {
	await sendSignal(context, record, connection, sigkill);
	if (!(await endsWithin(connection, killTimeoutMs))) {
		throw new EngineError('system', `container ${record.id} did not end ${killTimeoutMs / 1000} s after it was killed`, {hint: 'A process of it may hang in the kernel (state D in ps).'});
	}
}

/** A paused container gets its end, too: it goes on, with the signal waiting (moby daemon/kill.go). */
async function sendSignal(context: ContainerContext, record: ContainerRecord, connection: MonitorConnection, signal: number): Promise<void> {
	tellEvent(context, record, 'kill', {signal: String(signal)});
	const isPaused = readState(context.store, record.id).status === 'paused';
	// It may end at any moment, before the signal or between the two: that is told by its exit.
	await connection.signal(signal).catch(() => {});
	const isEnd = signal === sigkill || record.config.StopSignal === undefined || parseSignal(record.config.StopSignal) === signal;
	if (isPaused && isEnd) {
		await connection.command(frameType.unpause).catch(() => {});
	}
}

async function endsWithin(connection: MonitorConnection, timeoutMs: number): Promise<boolean> {
	let timer: NodeJS.Timeout | undefined;
	const timeout = new Promise<false>(resolve => {
		if (Number.isFinite(timeoutMs)) {
			timer = setTimeout(resolve, Math.min(timeoutMs, 2 ** 31 - 1), false);
		}
	});
	try {
		return await Promise.race([connection.exit.then(() => true), timeout]);
	} finally {
		clearTimeout(timer);
	}
}
