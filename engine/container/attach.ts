/**
Attaching to a container's standard streams: of a running one at once, of another one to its next run.
*/
import {EngineError, isEngineError} from '../errors.js';
import type {MonitorConnection} from '../runtime/monitor-client.js';
import {runNative} from '../runtime/native-program.js';
import {readRuntimeStatus} from '../runtime/status-file.js';
import {failedAttachment, makeAttachment, type Attachment} from './attachment.js';
import {tellEvent, type ContainerContext} from './container-context.js';
import {isActive} from './container-state.js';
import {containerPlaces, findContainer} from './container-store.js';
import type {ContainerRecord} from './container.js';
import {settleExit} from './exit.js';
import {launch} from './launch.js';
import {logSizeNow, readLog} from './logs.js';
import {reachMonitor} from './reach-monitor.js';
import {readState} from './read-state.js';
import {exitStatus} from './wait.js';

export type AttachOptions = {
	readonly stdin?: boolean;
	readonly stdout?: boolean; // default true
	readonly stderr?: boolean; // default true
	/** Replays what was output before. What is output in the very moment of attaching comes once or not at all. */
	readonly logs?: boolean;
	readonly size?: {readonly rows: number; readonly columns: number};
};

/**
Attaches. A container that does not run is built and waits for `startContainer` (in any process): no output is lost, and the program sees its terminal's size from the start. Throws
`conflict` for a paused one. The caller closes.
*/
export async function attachContainer(context: ContainerContext, unsafeName: string, options: AttachOptions = {}): Promise<Attachment> {
	const record = findContainer(context.store, unsafeName);
	let found: {connection: MonitorConnection; isNew: boolean};
	try {
		found = await connect(context, record, options);
	} catch (error) {
		if (!isEngineError(error) || error.exitCode === undefined) {
			throw error;
		}

		const {attachment, prepared} = failedAttachment(error, record.config.Tty);
		context.prepared.set(record.id, prepared);
		return attachment;
	}

	const {connection, isNew} = found;
	const hasStdin = options.stdin === true && record.config.OpenStdin;
	const logSize = options.logs === true && !isNew ? logSizeNow(context.store, record) : undefined;
	try {
		await connection.attach({stdin: hasStdin, stdout: options.stdout ?? true, stderr: options.stderr ?? true});
		if (options.size !== undefined && !isNew && record.config.Tty) {
			await connection.resize(options.size).catch(() => {});
		}
	} catch (error) {
		connection.close();
		throw error;
	}

	tellEvent(context, record, 'attach');
	return makeAttachment(connection, {
		tty: record.config.Tty,
		hasStdin,
		...(logSize === undefined ? {} : {replay: readLog(context.store, record, {endAt: logSize})}),
		onExit() {
			context.prepared.delete(record.id);
			settleExit(context, record).catch(() => {}); // `close` waits for it
		},
		lostExitCode: () => exitStatus(readState(context.store, record.id)).exitCode,
		onDetach() {
			if (context.prepared.get(record.id) === connection) {
				context.prepared.delete(record.id);
				giveUp(context, record);
			}
		},
	});
}

async function connect(context: ContainerContext, record: ContainerRecord, options: AttachOptions): Promise<{connection: MonitorConnection; isNew: boolean}> {
	for (let attempt = 0; attempt < 3; attempt++) {
		const state = readState(context.store, record.id);
		if (state.status === 'paused') {
			throw new EngineError('conflict', `container ${record.id} is paused, unpause the container before attach`);
		}

		if (state.status === 'removing' || state.status === 'dead') {
			throw new EngineError('conflict', `container ${record.id} is marked for removal and cannot be attached to`);
		}

		const isNew = !isActive(state) && (await launch(context, record, {command: 'create', ...(options.size === undefined ? {} : {size: options.size})}));
		const connection = await reachMonitor(context, record.id);
		if (connection !== undefined) {
			if (isNew) {
				context.prepared.set(record.id, connection);
			}

			return {connection, isNew};
		}
	}

	throw new EngineError('conflict', `container ${record.id} is not running`, {code: 'notRunning'});
}

/** Built, but whoever wanted to start it has left. Somebody else may have started it. */
function giveUp(context: ContainerContext, record: ContainerRecord): void {
	const places = containerPlaces(context.store, record.id);
	if (context.store.native !== undefined && readRuntimeStatus(places.status)?.status === 'created') {
		runNative(context.store.native, 'delete', ['--state', places.folder, '--socket', places.socket, '--force']).catch(() => {});
	}
}
