/** Everything the dashboard knows. Changed only by the reducer; drawn by views; nothing in here is a promise, a stream or a class. */
import type {ContainerStatus, ImageLayer} from '../../engine/index.js';

/** What comes from the engine: not here yet, here, or why not. */
export type Remote<Value> =
	| {readonly status: 'loading'}
	| {readonly status: 'ready'; readonly value: Value}
	| {readonly status: 'failed'; readonly problem: Problem};

export type Problem = {readonly message: string; readonly hint?: string};

export type Health = 'healthy' | 'unhealthy' | 'starting';

/** A container as the list shows it: taken from docker's JSON once, when it arrives. All texts are safe to show. */
export type Container = {
	readonly id: string;
	readonly name: string;
	readonly image: string;
	readonly imageId: string;
	readonly command: string;
	readonly state: ContainerStatus;
	readonly exitCode: number | undefined;
	readonly health: Health | undefined;
	readonly ports: string;
	readonly createdMs: number;
	/** When it came into this state, as near as docker's words tell; undefined when they don't. */
	readonly sinceMs: number | undefined;
};

export type Image = {
	readonly id: string;
	/** `repository:tag`, or `<none>`. */
	readonly name: string;
	readonly otherTags: number;
	readonly sizeBytes: number;
	readonly createdMs: number;
};

export type Layer = Readonly<ImageLayer>;

export type Verb = 'stop' | 'start' | 'restart' | 'pause' | 'unpause' | 'remove';

export type PaneId = 'containers' | 'images' | 'layers' | 'logs';

export const paneIds: readonly PaneId[] = ['containers', 'images', 'layers', 'logs'];

/** A list: what is chosen is known by id, so that it stays chosen when the list changes its order. */
export type ListPosition = {
	readonly selectedId: string | undefined;
	/** Where the chosen one was last: what is there is chosen next when it goes. */
	readonly selectedIndex: number;
	/** The first row shown. */
	readonly offset: number;
	readonly filter: string;
};

export type LogLine = {readonly stream: 'stdout' | 'stderr'; /** RFC 3339, or empty. */ readonly time: string; /** As the container wrote it. */ readonly text: string};

export type LogChunk = {readonly lines: readonly LogLine[]; readonly bytes: number};

export type LogsState = {
	readonly containerId: string | undefined;
	readonly status: 'none' | 'loading' | 'following' | 'ended' | 'failed';
	readonly problem: Problem | undefined;
	readonly chunks: readonly LogChunk[];
	readonly lineCount: number;
	readonly bytes: number;
	/** Lines let go because the buffer was full. The first line kept has this number. */
	readonly dropped: number;
	readonly follow: boolean;
	/** Number of the last line shown when not following. */
	readonly lastShown: number;
	readonly wrap: boolean;
	readonly timestamps: boolean;
	/** Columns scrolled to the right. */
	readonly left: number;
	readonly filter: string;
};

export type Overlay =
	| {readonly kind: 'help'; readonly offset: number}
	| {readonly kind: 'confirm'; readonly verb: 'remove'; readonly target: 'container' | 'image'; readonly id: string; readonly name: string}
	| {readonly kind: 'filter'; readonly pane: PaneId; readonly before: string}
	| {readonly kind: 'notices'};

export type Message = {readonly tone: 'info' | 'good' | 'warning' | 'bad'; readonly text: string; readonly hint?: string; readonly number: number};

export type EngineSummary = {readonly label: string; readonly version: string; readonly warnings: readonly string[]};

export type Size = {readonly columns: number; readonly rows: number};

export type AppState = {
	readonly size: Size;
	readonly nowMs: number;
	readonly engine: EngineSummary;
	readonly containers: ListPosition & {readonly items: Remote<readonly Container[]>; readonly busy: Readonly<Record<string, Verb>>};
	readonly images: ListPosition & {readonly items: Remote<readonly Image[]>};
	readonly layers: ListPosition & {readonly imageId: string | undefined; readonly items: Remote<readonly Layer[]>};
	readonly logs: LogsState;
	readonly focus: PaneId;
	readonly isZoomed: boolean;
	readonly overlay: Overlay | undefined;
	readonly message: Message | undefined;
	readonly demo: 'none' | 'offered' | 'running';
	readonly registry: RegistryState;
	readonly themeName: string;
	readonly mouse: boolean;
};

/** Whether this machine's images are served to others from here. */
export type RegistryState = {readonly status: 'none' | 'off' | 'changing'} | {readonly status: 'on'; readonly url: string};

const topOfList: ListPosition = {selectedId: undefined, selectedIndex: 0, offset: 0, filter: ''};

export type InitialOptions = {readonly size: Size; readonly nowMs: number; readonly label: string; readonly themeName: string; readonly mouse: boolean; readonly hasDemo: boolean; readonly hasRegistry?: boolean};

export function initialState({size, nowMs, label, themeName, mouse, hasDemo, hasRegistry = false}: InitialOptions): AppState {
	return {
		size,
		nowMs,
		engine: {label, version: '', warnings: []},
		containers: {...topOfList, items: {status: 'loading'}, busy: {}},
		images: {...topOfList, items: {status: 'loading'}},
		layers: {...topOfList, imageId: undefined, items: {status: 'loading'}},
		logs: {
			containerId: undefined, status: 'none', problem: undefined, chunks: [], lineCount: 0, bytes: 0, dropped: 0,
			follow: true, lastShown: 0, wrap: false, timestamps: false, left: 0, filter: '',
		},
		focus: 'containers',
		isZoomed: false,
		overlay: undefined,
		message: undefined,
		demo: hasDemo ? 'offered' : 'none',
		registry: {status: hasRegistry ? 'off' : 'none'},
		themeName,
		mouse,
	};
}
