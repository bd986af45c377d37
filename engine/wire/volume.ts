/**
Volumes in docker's JSON.
*/
import type {VolumeInfo} from '../engine.js';
import type {ListedVolume} from '../volume/volume-service.js';

/** As lists and inspect show it. `Labels` and `Options` are null where there are none, as docker writes them. */
export function volumeInfo({name, created, labels, options, data, usage}: ListedVolume): VolumeInfo {
	return {
		CreatedAt: created.replace(/\.\d+Z$/, 'Z'),
		Driver: 'local',
		Labels: sorted(labels),
		Mountpoint: data,
		Name: name,
		Options: sorted(options),
		Scope: 'local',
		...(usage === undefined ? {} : {UsageData: {Size: usage.sizeBytes, RefCount: usage.users}}),
	};
}

/** As Go's JSON has maps. */
function sorted(map: Readonly<Record<string, string>> | null): Readonly<Record<string, string>> | null {
	return map === null ? null : Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
