/**
Telling a container's terminal its size.
*/
import {EngineError} from '../errors.js';
import {connectMonitor} from '../runtime/monitor-client.js';
import type {ContainerContext} from './container-context.js';
import {checkActive, notRunning} from './container-state.js';
import {containerPlaces, findContainer} from './container-store.js';
import {readState} from './read-state.js';

/** Throws `conflict` when it is not running, `invalidParameter` for an impossible size. */
export async function resizeContainer(context: ContainerContext, unsafeName: string, size: {readonly rows: number; readonly columns: number}): Promise<void> {
	checkSize(size);
	const {id} = findContainer(context.store, unsafeName);
	const prepared = context.prepared.get(id);
	if (prepared !== undefined) {
		await prepared.resize(size);
		return;
	}

	checkActive(readState(context.store, id), id);
	const connection = await connectMonitor(containerPlaces(context.store, id).socket);
	if (connection === undefined) {
		throw notRunning(id);
	}

	try {
		await connection.resize(size);
	} finally {
		connection.close();
	}
}

export function checkSize({rows, columns}: {readonly rows: number; readonly columns: number}): void {
	if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 0 || columns < 0 || rows > 0xFF_FF || columns > 0xFF_FF) {
		throw new EngineError('invalidParameter', `invalid terminal size: ${rows} rows, ${columns} columns`);
	}
}
