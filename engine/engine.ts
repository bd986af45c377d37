/**
The narrow waist: everything above it (dashboard, command line, REST server) knows only this interface, in Docker's own JSON shapes (the types of
`@types/dockerode`). `embedded` implements it over the services of this package, a remote engine over HTTP.

Common rules: a container or image may be named by name, id or unambiguous id prefix. Failures are `EngineError`s; the kinds a method adds to the obvious
(`notFound` for the object, `system` for the host) are in its comment. Every stream honours the `AbortSignal`; iterating ends quietly when it fires.
*/
import type {Readable} from 'node:stream';
import type Dockerode from 'dockerode';

export type ContainerInfo = Dockerode.ContainerInfo & {SizeRw?: number; SizeRootFs?: number};
export type ContainerInspectInfo = Dockerode.ContainerInspectInfo;
export type ContainerCreateOptions = Dockerode.ContainerCreateOptions;
export type ImageInfo = Dockerode.ImageInfo;
export type ImageInspectInfo = Dockerode.ImageInspectInfo;
export type ImageRemoveInfo = Dockerode.ImageRemoveInfo;
export type ExecCreateOptions = Dockerode.ExecCreateOptions;
export type ExecInspectInfo = Dockerode.ExecInspectInfo;
export type ContainerStats = Dockerode.ContainerStats;
export type HostConfig = Dockerode.HostConfig;

/** Docker's exact set (moby api/types/container State.Status). */
export type ContainerStatus = 'created' | 'restarting' | 'running' | 'paused' | 'exited' | 'removing' | 'dead';

/** Filters as docker's API has them: key → accepted values. Unknown keys are `invalidParameter`. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export type HistoryEntry = {
	readonly Id: string; // `<missing>` for intermediate layers
	readonly Created: number; // unix seconds
	readonly CreatedBy: string;
	readonly Tags: readonly string[] | null;
	readonly Size: number; // bytes
	readonly Comment: string;
};

/** What `layers` of an image shows beyond docker's history: one entry a layer, base first. */
export type ImageLayer = {
	readonly DiffId: string;
	readonly Size: number; // bytes of file contents
	readonly CreatedBy: string;
	readonly Created: number;
	/** Other images (tag or id) holding the same layer. */
	readonly SharedWith: readonly string[];
};

/** One line of a progress stream, docker's JSON message form. */
export type ProgressMessage = {
	readonly status?: string;
	readonly stream?: string;
	readonly id?: string;
	readonly progressDetail?: {readonly current?: number; readonly total?: number};
	readonly aux?: Readonly<Record<string, unknown>>;
};

export type EventMessage = {
	readonly Type: 'container' | 'image' | 'volume' | 'network' | 'daemon' | 'builder';
	readonly Action: string; // docker's words: create, start, die, destroy, rename, pause, tag, untag, load …
	readonly Actor: {readonly ID: string; readonly Attributes: Readonly<Record<string, string>>};
	readonly scope: 'local';
	readonly time: number; // unix seconds
	readonly timeNano: number;
	/** `timeNano` with all its digits, which a number has no room for. Not enumerable: `eventJson` writes it. */
	readonly timeNanoText?: string;
};

/** A piece of output. `data` may hold many lines; it never mixes the two streams. */
export type OutputChunk = {readonly stream: 'stdout' | 'stderr'; readonly data: Buffer};

export type LogsOptions = {
	readonly stdout?: boolean; // default true
	readonly stderr?: boolean; // default true
	readonly follow?: boolean;
	/** Unix seconds, fractions allowed; inclusive since, exclusive until. */
	readonly since?: number;
	readonly until?: number;
	readonly tail?: number | 'all';
	readonly timestamps?: boolean; // RFC 3339 nanoseconds and a space before each line
	readonly signal?: AbortSignal;
};

export type ExitStatus = {readonly exitCode: number; readonly error?: string};

/** A live connection to a process's standard streams. Whoever got it closes it. */
export type Attachment = {
	readonly tty: boolean;
	/** Output until the process ends or `close`. */
	readonly output: AsyncIterable<OutputChunk>;
	/** Resolves when the bytes were taken (backpressure). A no-op when stdin is not open. */
	write(data: Uint8Array): Promise<void>;
	/** End of stdin. */
	end(): Promise<void>;
	resize(size: TerminalSize): Promise<void>;
	/** How it ended: with the process, or by `close` (detached). */
	readonly done: Promise<{readonly reason: 'exited'; readonly exitCode: number} | {readonly reason: 'detached'}>;
	close(): void;
};

export type TerminalSize = {readonly rows: number; readonly columns: number};
export type AttachOptions = {readonly stdin?: boolean; readonly stdout?: boolean; readonly stderr?: boolean; readonly logs?: boolean; readonly size?: TerminalSize};

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** st_mode as Linux has it (not Go's bits). */
export type PathStat = {readonly name: string; readonly size: number; readonly mode: number; readonly mtime: string; readonly linkTarget: string};

export type ArchiveSource = {readonly stat: PathStat; readonly tar: Readable};

export type CommitOptions = {
	readonly container: string;
	readonly reference?: string; // repo[:tag]
	readonly comment?: string;
	readonly author?: string;
	readonly pause?: boolean; // default true
	readonly changes?: readonly string[]; // Dockerfile instructions: CMD ENTRYPOINT ENV EXPOSE LABEL ONBUILD USER VOLUME WORKDIR
};

export type EngineInfo = {
	/** docker's `/info` fields this engine can fill. */
	readonly [field: string]: unknown;
	readonly Containers: number;
	readonly ContainersRunning: number;
	readonly ContainersPaused: number;
	readonly ContainersStopped: number;
	readonly Images: number;
	readonly ServerVersion: string;
	readonly Name: string;
	readonly DockerRootDir: string;
	/**
	Control group controllers whose limits are enforced here (any other limit is refused), and what keeps containers off the host's devices: the user namespace, a filter in the kernel (cgroup v2), the
	devices controller (v1), or nothing.
	*/
	readonly Enforces?: {readonly Limits: readonly string[]; readonly Devices: 'namespace' | 'filter' | 'controller' | 'none'};
	/** What this host cannot do and which package or setting mends it; shown by `tug info` and the dashboard. */
	readonly Warnings: readonly string[];
};

/** docker's AuthConfig: who one is at a registry. An empty one is nobody. */
export type RegistryAuth = {
	readonly username?: string;
	readonly password?: string;
	/** base64 of `user:password` */
	readonly auth?: string;
	readonly email?: string;
	/** `https://index.docker.io/v1/` for Docker Hub, else `host[:port]`. */
	readonly serveraddress?: string;
	readonly identitytoken?: string;
	readonly registrytoken?: string;
};

export type ImageSearchResult = {
	readonly name: string;
	readonly description: string;
	readonly star_count: number;
	readonly is_official: boolean;
	readonly is_automated: boolean;
};

export type DistributionInspect = {
	readonly Descriptor: {readonly mediaType: string; readonly digest: string; readonly size: number};
	readonly Platforms: ReadonlyArray<{readonly os: string; readonly architecture: string; readonly variant?: string}>;
};

/** docker's answer to `GET /system/df`, as far as this engine has such things. */
export type DiskUsage = {
	readonly LayersSize: number; // bytes of all layers, each counted once
	readonly Images: readonly ImageInfo[]; // with SharedSize and Containers
	readonly Containers: readonly ContainerInfo[]; // with SizeRw
	readonly Volumes: ReadonlyArray<VolumeInfo & {readonly UsageData: VolumeUsage}>;
	readonly BuildCache: ReadonlyArray<Readonly<Record<string, unknown>>>;
	/** Beyond docker: bytes on disk (blobs too), and how many of them pruning gives back. */
	readonly Disk?: Readonly<Record<'Images' | 'Containers', {readonly Size: number; readonly Reclaimable: number}>>;
};

/** Bytes of what is in it, and how many containers have it. */
export type VolumeUsage = {readonly Size: number; readonly RefCount: number};

export type VolumeInfo = {
	readonly CreatedAt: string; // RFC 3339
	readonly Driver: string;
	readonly Labels: Readonly<Record<string, string>> | null;
	readonly Mountpoint: string;
	readonly Name: string;
	readonly Options: Readonly<Record<string, string>> | null;
	readonly Scope: 'local';
	readonly UsageData?: VolumeUsage;
};

export type VolumeCreateOptions = {
	/** Without it: a random one, and the volume is anonymous. */
	readonly Name?: string;
	readonly Driver?: string; // `local`
	/** `type`, `device` and `o`: a folder of the host (`o=bind`) or a tmpfs in its place. */
	readonly DriverOpts?: Readonly<Record<string, string>>;
	readonly Labels?: Readonly<Record<string, string>>;
};

export type ContainerTop = {readonly Titles: readonly string[]; readonly Processes: ReadonlyArray<readonly string[]>};
export type FilesystemChange = {readonly Path: string; readonly Kind: 0 | 1 | 2}; // modified, added, deleted
export type PruneReport = {readonly Deleted: readonly string[]; readonly SpaceReclaimed: number};

export type Engine = {
	readonly kind: 'embedded' | 'remote';
	/** What to show as the host, such as `local` or `ssh://host`. */
	readonly label: string;

	info(): Promise<EngineInfo>;
	diskUsage(): Promise<DiskUsage>;
	version(): Promise<Readonly<Record<string, unknown>>>;
	/** Changes made by any process using the same store, from now on (or `since`), in order. */
	events(options?: {readonly since?: number; readonly until?: number; readonly filters?: Filters; readonly signal?: AbortSignal}): AsyncIterable<EventMessage>;

	listImages(options?: {readonly all?: boolean; readonly filters?: Filters}): Promise<ImageInfo[]>;
	inspectImage(name: string): Promise<ImageInspectInfo>;
	imageHistory(name: string): Promise<HistoryEntry[]>;
	imageLayers(name: string): Promise<ImageLayer[]>;
	tagImage(name: string, reference: string): Promise<void>;
	/** `conflict` when containers use it or several tags point to an id (unless force). */
	removeImage(name: string, options?: {readonly force?: boolean; readonly noPrune?: boolean}): Promise<ImageRemoveInfo[]>;
	pruneImages(options?: {readonly filters?: Filters}): Promise<PruneReport>;
	/** docker-archive or OCI archive, plain, gzip or zstd; a file path is read in place. */
	loadImages(source: Readable | {readonly path: string}, options?: {readonly signal?: AbortSignal}): AsyncIterable<ProgressMessage>;
	/** Resolves to the image id. */
	importImage(source: Readable | {readonly path: string}, options?: {readonly reference?: string; readonly message?: string; readonly changes?: readonly string[]; readonly signal?: AbortSignal}): Promise<string>;
	saveImages(names: readonly string[], options?: {readonly format?: 'docker-archive' | 'oci-archive'; readonly signal?: AbortSignal}): Promise<Readable>;
	/**
	From a registry. `auth` undefined: what docker's config.json of the engine's user has. `notFound` with docker's texts, `unauthorized`, `unavailable`. When the signal fires it ends
	quietly; what was fetched is gone on with the next time.
	*/
	pullImage(name: string, options?: {readonly platform?: string; readonly allTags?: boolean; readonly auth?: RegistryAuth; readonly signal?: AbortSignal}): AsyncIterable<ProgressMessage>;
	/** To a registry. The last message of a tag has `aux` {Tag, Digest, Size}. */
	pushImage(name: string, options?: {readonly platform?: string; readonly allTags?: boolean; readonly auth?: RegistryAuth; readonly signal?: AbortSignal}): AsyncIterable<ProgressMessage>;
	/** Docker Hub, or with `host[:port]/term` a registry of one's own. Limit 1 to 100, default 25; filters is-official, is-automated, stars. */
	searchImages(term: string, options?: {readonly limit?: number; readonly filters?: Filters; readonly auth?: RegistryAuth}): Promise<ImageSearchResult[]>;
	/** `unauthorized` when the registry does not accept them. */
	checkAuth(auth: RegistryAuth): Promise<{readonly Status: string; readonly IdentityToken: string}>;
	inspectDistribution(name: string, options?: {readonly auth?: RegistryAuth}): Promise<DistributionInspect>;
	/** Resolves to the image id. */
	commit(options: CommitOptions): Promise<string>;

	listContainers(options?: {readonly all?: boolean; readonly limit?: number; readonly size?: boolean; readonly filters?: Filters}): Promise<ContainerInfo[]>;
	inspectContainer(id: string, options?: {readonly size?: boolean}): Promise<ContainerInspectInfo>;
	/** `conflict` (code `nameInUse`) when the name is taken; `notFound` when the image is not there. */
	createContainer(options: ContainerCreateOptions): Promise<{readonly Id: string; readonly Warnings: string[]}>;
	/** False when it was running already. A program that can't be run: error with exitCode 126 or 127. */
	startContainer(id: string): Promise<boolean>;
	/** False when it was not running. Timeout in seconds, -1 waits for ever. */
	stopContainer(id: string, options?: {readonly timeoutSeconds?: number; readonly signal?: string}): Promise<boolean>;
	restartContainer(id: string, options?: {readonly timeoutSeconds?: number; readonly signal?: string}): Promise<void>;
	killContainer(id: string, signal?: string): Promise<void>;
	pauseContainer(id: string): Promise<void>;
	unpauseContainer(id: string): Promise<void>;
	renameContainer(id: string, name: string): Promise<void>;
	removeContainer(id: string, options?: {readonly force?: boolean; readonly volumes?: boolean}): Promise<void>;
	waitContainer(id: string, options?: {readonly condition?: WaitCondition; readonly signal?: AbortSignal}): Promise<ExitStatus>;
	logs(id: string, options?: LogsOptions): AsyncIterable<OutputChunk>;
	attach(id: string, options?: AttachOptions): Promise<Attachment>;
	resizeContainer(id: string, size: TerminalSize): Promise<void>;
	top(id: string, psArgs?: string): Promise<ContainerTop>;
	changes(id: string): Promise<FilesystemChange[]>;
	exportContainer(id: string): Promise<Readable>;
	statArchive(id: string, path: string): Promise<PathStat>;
	getArchive(id: string, path: string): Promise<ArchiveSource>;
	putArchive(id: string, path: string, tar: Readable, options?: {readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean}): Promise<void>;
	pruneContainers(options?: {readonly filters?: Filters}): Promise<PruneReport>;
	/** One sample a second (docker's formulas); a stopped container gives zeros once. */
	stats(id: string, options?: {readonly stream?: boolean; readonly oneShot?: boolean; readonly signal?: AbortSignal}): AsyncIterable<ContainerStats>;

	/** Sorted by name. Filters: dangling, driver, label, name. */
	listVolumes(options?: {readonly filters?: Filters; readonly size?: boolean}): Promise<VolumeInfo[]>;
	/** Gives the one of that name when there is one. `invalidParameter` for names and options, `notImplemented` for options that can't be mounted here. */
	createVolume(options?: VolumeCreateOptions): Promise<VolumeInfo>;
	/** `size`: with UsageData. */
	inspectVolume(name: string, options?: {readonly size?: boolean}): Promise<VolumeInfo>;
	/** `conflict` when containers have it, running or not. Force: one that is not there is no error. */
	removeVolume(name: string, options?: {readonly force?: boolean}): Promise<void>;
	/** Of those no container has and that were made without options, the anonymous ones, with the filter `all` every one. Filters: all, label, label!. */
	pruneVolumes(options?: {readonly filters?: Filters}): Promise<PruneReport>;
	/** A tar of its content, owners kept; the first entry is the volume's own folder (`./`). */
	exportVolume(name: string): Promise<Readable>;
	/** Unpacks a plain tar, owners kept. A volume that is not there is made, with all of it or not at all. */
	importVolume(name: string, tar: Readable): Promise<void>;

	createExec(id: string, options: ExecCreateOptions): Promise<{readonly Id: string}>;
	/** Detached: resolves to undefined once it runs. */
	startExec(execId: string, options?: {readonly detach?: boolean; readonly tty?: boolean; readonly stdin?: boolean; readonly size?: TerminalSize}): Promise<Attachment | undefined>;
	resizeExec(execId: string, size: TerminalSize): Promise<void>;
	inspectExec(execId: string): Promise<ExecInspectInfo>;

	/** Releases watchers and sockets; containers go on. */
	close(): Promise<void>;
};
