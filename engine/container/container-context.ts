/**
What all verbs on containers work with. Made once, by `embedded`.
*/
import type {EventJournal} from '../events.js';
import {EngineError} from '../errors.js';
import type {CgroupHost} from '../runtime/cgroup.js';
import type {MonitorConnection} from '../runtime/monitor-client.js';
import type {NativeProgram} from '../runtime/native-program.js';
import type {Store} from '../store/open-store.js';
import type {ContainerId, ContainerRecord} from './container.js';
import type {ImageSource} from './image-source.js';
import type {SummaryCache} from './summary.js';
import type {VolumeSource} from './volume-source.js';

export type ContainerContext = {
	readonly store: Store;
	readonly images: ImageSource;
	readonly volumes: VolumeSource;
	readonly journal: EventJournal;
	/** Effective user id of this process; 0 is root. */
	readonly uid: number;
	/** What control groups this host offers to this user; looked at once. */
	readonly cgroupHost: () => CgroupHost;
	/** Containers that are being removed by this process. */
	readonly removals: Map<ContainerId, Promise<void>>;
	/** Containers attached to before they were started: their start goes over the same connection. */
	readonly prepared: Map<ContainerId, PreparedStart>;
	/** `--rm` containers made here and not started yet; closing the engine leaves them to others. */
	readonly unstarted: Set<ContainerId>;
	/** What lists have read before. */
	readonly summaries: SummaryCache;
	/** Connections that wait for the end of `--rm` containers started here; closed with the engine. */
	readonly watches: Set<MonitorConnection>;
};

/** A container that is built, or could not be, and waits for its start. */
export type PreparedStart = Pick<MonitorConnection, 'start' | 'resize' | 'close'>;

/** The program that runs containers. Throws `unavailable` when it could not be built. */
export function requireNative(context: ContainerContext): NativeProgram {
	if (context.store.native === undefined) {
		throw new EngineError('unavailable', 'tug-runtime is not there, so no container can be run', {
			hint: 'Run `npm rebuild tug` (it needs a C compiler: apt install gcc libc6-dev).',
		});
	}

	return context.store.native;
}

/** Appends a container's event with docker's attributes: image, name, labels and what is special to it. */
export function tellEvent(context: ContainerContext, record: ContainerRecord, action: string, more: Readonly<Record<string, string>> = {}): void {
	context.journal.append({type: 'container', action, id: record.id, attributes: {...eventAttributes(record), ...more}});
}

export function eventAttributes(record: ContainerRecord): Readonly<Record<string, string>> {
	return {...record.config.Labels, image: record.config.Image, name: record.name};
}
