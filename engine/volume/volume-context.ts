/**
What the verbs on volumes work with. Made once, by `embedded`.
*/
import type {Store} from '../store/open-store.js';

export type VolumeContext = {
	readonly store: Store;
	/** Ids of the containers that use each volume, by its name; running or not. */
	readonly users: () => ReadonlyMap<string, readonly string[]>;
	readonly emit: (event: {readonly action: 'create' | 'destroy' | 'prune'; readonly id: string; readonly attributes: Readonly<Record<string, string>>}) => void;
};

/** The one driver there is. */
export const localDriver = 'local';
