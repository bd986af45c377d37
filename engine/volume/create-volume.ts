/**
Making volumes: by name, or because a container names one.
*/
import {setTimeout as sleep} from 'node:timers/promises';
import {EngineError} from '../errors.js';
import {randomHex} from '../files/random.js';
import {asObject, asString, asStringMap, optional} from '../oci/json-shape.js';
import {volumeMount} from './driver-options.js';
import {anonymousLabel, type VolumeRecord} from './volume.js';
import {localDriver, type VolumeContext} from './volume-context.js';
import {checkVolumeName} from './volume-name.js';
import {isBeingRemoved, makeVolume, readVolume} from './volume-store.js';

export type VolumeRequest = {
	readonly name: string;
	readonly labels?: Readonly<Record<string, string>> | null;
	readonly options?: Readonly<Record<string, string>> | null;
	/** False: it need not survive a power cut. */
	readonly sync?: boolean;
};

/** How often whoever waits for a removal looks again, and how long he does. */
const pollMs = 5;
const removalTimeoutMs = 10_000;

/** Reads docker's create request. Throws `invalidParameter`, `notFound` for another driver. */
export function parseVolumeRequest(unsafe: unknown): VolumeRequest {
	const fields = optional(unsafe, 'volume', asObject) ?? {};
	const asked = optional(fields['Name'], 'Name', asString) ?? '';
	const driver = optional(fields['Driver'], 'Driver', asString) || localDriver;
	const labels = optional(fields['Labels'], 'Labels', asStringMap) ?? {};
	const options = optional(fields['DriverOpts'], 'DriverOpts', asStringMap) ?? {};
	const name = asked || randomHex(32);
	if (driver !== localDriver) {
		throw new EngineError('notFound', `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`, {hint: 'The only driver is `local`.'});
	}

	const all = asked === '' ? {...labels, [anonymousLabel]: ''} : labels;
	return {name, labels: Object.keys(all).length === 0 ? null : all, options: Object.keys(options).length === 0 ? null : options};
}

/** Makes it, or gives the one that is there, as docker does. Atomic. Throws `invalidParameter` for names and options, `notImplemented` for options that can't be done here, `conflict` when a removal does not end. */
export async function ensureVolume(context: VolumeContext, request: VolumeRequest): Promise<VolumeRecord> {
	checkVolumeName(request.name);
	volumeMount(request.name, request.options ?? null);
	const deadlineMs = Date.now() + removalTimeoutMs;
	for (;;) {
		if (isBeingRemoved(context.store, request.name)) {
			if (Date.now() > deadlineMs) {
				throw new EngineError('conflict', `create ${request.name}: volume is being removed by another process`);
			}

			await sleep(pollMs);
			continue;
		}

		const found = readVolume(context.store, request.name) ?? make(context, request);
		if (found !== undefined) {
			return found;
		}
	}
}

function make(context: VolumeContext, {name, labels = null, options = null, sync = true}: VolumeRequest): VolumeRecord | undefined {
	const record: VolumeRecord = {version: 1, name, created: new Date().toISOString(), labels, options};
	if (!makeVolume(context.store, record, {sync})) {
		return undefined; // Another process was quicker
	}

	context.emit({action: 'create', id: name, attributes: {driver: localDriver}});
	return record;
}
