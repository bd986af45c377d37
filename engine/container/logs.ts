/**
Logs of a container.
*/
import {EngineError} from '../errors.js';
import {logEnd, readLogFile, type LogPosition} from '../runtime/log-file.js';
import {logTime, type LogPiece} from '../runtime/log-decoder.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import type {Store} from '../store/open-store.js';
import type {ContainerContext} from './container-context.js';
import {isActive} from './container-state.js';
import {containerPlaces, findContainer} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {readState} from './read-state.js';

export type LogsOptions = {
	readonly stdout?: boolean; // default true
	readonly stderr?: boolean; // default true
	readonly follow?: boolean;
	readonly since?: number; // unix seconds, inclusive
	readonly until?: number; // unix seconds, exclusive
	readonly tail?: number | 'all';
	readonly timestamps?: boolean;
	readonly signal?: AbortSignal;
};

/** The log, oldest first. Following ends with the container. Throws `notImplemented` when it keeps none. */
export async function* containerLogs(context: ContainerContext, unsafeName: string, options: LogsOptions = {}): AsyncGenerator<LogPiece> {
	const record = findContainer(context.store, unsafeName);
	if (options.stdout === false && options.stderr === false) {
		throw new EngineError('invalidParameter', 'Bad parameters: you must choose at least one stream');
	}

	if (record.hostConfig.LogConfig.Type === 'none') {
		throw new EngineError('notImplemented', 'configured logging driver does not support reading');
	}

	const {socket, log} = containerPlaces(context.store, record.id);
	const connection = options.follow === true && isActive(readState(context.store, record.id)) ? await connectMonitor(socket) : undefined;
	connection?.wait().catch(() => {});
	const deadline = options.until === undefined || connection === undefined ? undefined : setTimeout(() => {
		connection.close();
	}, Math.max(0, Math.min(options.until * 1000 - Date.now(), 2 ** 31 - 1)));
	try {
		yield* readLogFile(log, {
			stdout: options.stdout ?? true,
			stderr: options.stderr ?? true,
			timestamps: options.timestamps ?? false,
			...(options.since === undefined ? {} : {since: logTime(options.since)}),
			...(options.until === undefined ? {} : {until: logTime(options.until)}),
			...(typeof options.tail === 'number' && options.tail >= 0 ? {tail: options.tail} : {}),
			...(connection === undefined ? {} : {follow: {until: connection.exit}}),
			...(options.signal === undefined ? {} : {signal: options.signal}),
		});
	} finally {
		clearTimeout(deadline);
		connection?.close();
	}
}

/** Where the log ends now. */
export function logSizeNow(store: Store, record: ContainerRecord): LogPosition {
	return logEnd(containerPlaces(store, record.id).log);
}

/** The log up to a position. */
export function readLog(store: Store, record: ContainerRecord, {endAt}: {readonly endAt: LogPosition}): AsyncIterable<LogPiece> {
	return readLogFile(containerPlaces(store, record.id).log, {stdout: true, stderr: true, timestamps: false, endAt});
}
