/**
`--volumes-from`: what another container has mounted (moby daemon/volumes.go, registerMountPoints).
*/
import {EngineError} from '../errors.js';
import type {Store} from '../store/open-store.js';
import {findContainer} from './container-store.js';
import type {MountPoint} from './container.js';

/** Read from `container[:ro|rw]`. Volumes and folders of the host come along, not what is in memory. Throws `notFound`, `invalidParameter` with docker's texts. */
export function volumesFrom(store: Store, specification: string): MountPoint[] {
	if (specification === '') {
		throw new EngineError('invalidParameter', 'volumes-from specification cannot be an empty string');
	}

	const colon = specification.indexOf(':');
	const name = colon === -1 ? specification : specification.slice(0, colon);
	const mode = colon === -1 ? 'rw' : specification.slice(colon + 1);
	if (!/^(ro|rw|z|Z|(ro|rw),[zZ]|[zZ],(ro|rw))$/.test(mode)) {
		throw new EngineError('invalidParameter', `invalid mode: ${mode}`);
	}

	const isReadonly = mode.split(',').includes('ro');
	return findContainer(store, name).mounts.filter(mount => mount.type !== 'tmpfs').map(mount => ({
		...mount,
		isWritable: mount.isWritable && !isReadonly,
		isCopied: false, // It was filled for the one it comes from
	}));
}
