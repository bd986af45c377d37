/**
What containers need of volumes. The volume service has it; `embedded` brings the two together.
*/
import type {MountPoint} from './container.js';

export type VolumeSource = {
	/** Where a volume's data lies. */
	dataFolder(name: string): string;
	/** Makes it when it is not there, and waits while somebody removes it. Rejects with `invalidParameter` or `notImplemented` for names and options that can't be. */
	ensure(request: {readonly name: string; readonly labels?: Readonly<Record<string, string>> | null; readonly options?: Readonly<Record<string, string>> | null; readonly sync?: boolean}): Promise<void>;
	/** Copies what the image has at `destination` into those that are empty; whole or not at all. `lowers`: layer trees, top first. */
	fill(requests: ReadonlyArray<{readonly name: string; readonly destination: string}>, source: {readonly lowers: readonly string[]; readonly upper: string}): Promise<void>;
	/** What is mounted where the volume is: its folder, a folder of the host's, or a new tmpfs. */
	mountOf(name: string):
		| {readonly kind: 'folder'}
		| {readonly kind: 'bind'; readonly source: string; readonly isRecursive: boolean; readonly isReadonly: boolean}
		| {readonly kind: 'tmpfs'; readonly options: string};
	/** Removes those that no other container uses. */
	removeOf(names: readonly string[], containerId: string): void;
};

/** docker's mark of a volume that nobody named. */
const anonymousLabels = {'com.docker.volume.anonymous': ''};

/** The volumes among the mounts, as they are asked for. */
export function volumeRequests(mounts: readonly MountPoint[]) {
	return mounts.filter(mount => mount.type === 'volume').map(mount => {
		const labels = {...mount.driver?.labels, ...(mount.isAnonymous === true ? anonymousLabels : {})};
		return {
			name: mount.name!,
			labels: Object.keys(labels).length === 0 ? null : labels,
			options: mount.driver?.options ?? null,
			sync: mount.isAnonymous !== true,
		};
	});
}

/** Makes and fills what a container mounts. Idempotent. */
export async function prepareVolumes(volumes: VolumeSource, mounts: readonly MountPoint[], source: {readonly lowers: readonly string[]; readonly upper: string}): Promise<void> {
	for (const request of volumeRequests(mounts)) {
		await volumes.ensure(request);
	}

	const empty = mounts.filter(mount => mount.type === 'volume' && mount.isCopied !== false && mount.subpath === undefined && volumes.mountOf(mount.name!).kind === 'folder');
	if (empty.length > 0) {
		await volumes.fill(empty.map(({name, destination}) => ({name: name!, destination})), source);
	}
}
