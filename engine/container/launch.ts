/**
Starting the monitor of a container: everything between the record and tug-runtime.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, isEngineError} from '../errors.js';
import {runNativeSync} from '../runtime/native-program.js';
import {encodePlan} from '../runtime/plan.js';
import {makeContainerCgroups, removeContainerCgroups} from './container-cgroups.js';
import {requireNative, type ContainerContext} from './container-context.js';
import {containerPlaces, lowerFolders, noSuchContainer} from './container-store.js';
import type {ContainerRecord, MountPoint} from './container.js';
import type {DeviceGuard} from './device-guard.js';
import {writeHostFiles} from './host-files.js';
import {launchPlan} from './runtime-config.js';
import {prepareVolumes} from './volume-source.js';

export type LaunchOptions = {
	/** `run`: it runs when this resolves. `create`: it is built and waits for the start command. */
	readonly command: 'create' | 'run';
	readonly size?: {readonly rows: number; readonly columns: number};
};

/**
Builds the container in a process of its own, which outlives this one. False when another process was quicker. Throws with an exit code (126, 127) when the program can't be run,
`notFound` when the container was removed meanwhile.
*/
export async function launch(context: ContainerContext, record: ContainerRecord, options: LaunchOptions): Promise<boolean> {
	const {store} = context;
	const native = requireNative(context);
	const start = async (guard: DeviceGuard, attempt = 1): Promise<void> => {
		const groups = makeContainerCgroups(context, record, guard);
		const plan = await launchPlan(context, record, {...groups, autoStart: options.command === 'run', ...(options.size === undefined ? {} : {size: options.size})});
		try {
			runNativeSync(native, options.command, [], {input: encodePlan(plan)});
		} catch (error) {
			// Who has just seen its last run end tidies up after that one, also what is made for this one.
			if (attempt < 10 && groups.cgroups.length > 0 && isEngineError(error) && error.code === 'ENOENT' && !isProgramFailure(error) && fs.existsSync(store.layout.container(record.id))) {
				return start(guard, attempt + 1);
			}

			throw error;
		}
	};

	try {
		await prepareVolumes(context.volumes, unfilledMounts(context, record), {lowers: lowerFolders(store, record), upper: containerPlaces(store, record.id).upper});
		writeHostFiles(store, record);
		allowRemount(context, record);
		try {
			await start('filter');
		} catch (error) {
			if (!isEngineError(error, 'notImplemented')) {
				throw error;
			}

			await start('controller'); // The kernel takes no device filter
		}

		return true;
	} catch (error) {
		if (isEngineError(error, 'conflict')) {
			return false; // Another monitor holds the container
		}

		removeContainerCgroups(store, record.id);
		throw fs.existsSync(store.layout.container(record.id)) ? asStartFailure(error) : noSuchContainer(record.name);
	}
}

/** Volumes are filled when a container is made; at its first start once more, as its maker may have been killed before that. */
function unfilledMounts({store}: ContainerContext, {id, mounts}: ContainerRecord): readonly MountPoint[] {
	return fs.existsSync(containerPlaces(store, id).status) ? mounts.map(mount => ({...mount, isCopied: false})) : mounts;
}

/**
A volatile overlay, which `--rm` containers have, refuses to be mounted a second time, as a power cut may have come between (kernel overlayfs.rst, Volatile mount). None has: the container would
have been removed after it.
*/
function allowRemount(context: ContainerContext, record: ContainerRecord): void {
	const places = containerPlaces(context.store, record.id);
	if (record.hostConfig.AutoRemove && fs.existsSync(places.status)) {
		runNativeSync(requireNative(context), 'rm-tree', [path.join(places.work, 'work')]);
	}
}

function isProgramFailure({exitCode}: EngineError): boolean {
	return exitCode === 126 || exitCode === 127;
}

/** A program that can't be run is the caller's mistake, as in docker (400), whatever the system called it. */
export function asStartFailure(error: unknown): unknown {
	if (!isEngineError(error) || !isProgramFailure(error)) {
		return error;
	}

	return new EngineError('invalidParameter', error.message, {
		...(error.exitCode === undefined ? {} : {exitCode: error.exitCode}),
		cause: error,
		...(error.code === undefined ? {} : {code: error.code}),
		...(error.hint === undefined ? {} : {hint: error.hint}),
	});
}
