/**
What a volume is on disk: `volumes/<name>/volume.json`. Settled when it is made.
*/
import {EngineError} from '../errors.js';
import {asObject, asString, asStringMap, optional} from '../oci/json-shape.js';
import {checkVolumeName} from './volume-name.js';

export type VolumeRecord = {
	readonly version: 1;
	readonly name: string;
	readonly created: string; // RFC 3339
	readonly labels: Readonly<Record<string, string>> | null;
	/** Of the local driver: `type`, `o` and `device`. */
	readonly options: Readonly<Record<string, string>> | null;
};

/** docker's mark of a volume that nobody named. */
export const anonymousLabel = 'com.docker.volume.anonymous';

export function isAnonymous({labels}: Pick<VolumeRecord, 'labels'>): boolean {
	return labels !== null && Object.hasOwn(labels, anonymousLabel);
}

/** Throws `invalidParameter` when it is no record. Earlier ones have `anonymous` instead of the label. */
export function parseVolumeRecord(unsafe: unknown, subject: string): VolumeRecord {
	const fields = asObject(unsafe, subject);
	if (fields['version'] !== 1) {
		throw new EngineError('invalidParameter', `${subject}: version ${String(fields['version'])} is not known`);
	}

	const name = asString(fields['name'], `${subject}: name`);
	checkVolumeName(name);
	const labels = optional(fields['labels'], `${subject}: labels`, asStringMap) ?? null;
	return {
		version: 1,
		name,
		created: asString(fields['created'], `${subject}: created`),
		labels: fields['anonymous'] === true ? {...labels, [anonymousLabel]: ''} : labels,
		options: optional(fields['options'], `${subject}: options`, asStringMap) ?? null,
	};
}
