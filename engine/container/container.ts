/**
What a container is on disk: `containers/<id>/config.json`. Everything but the name is settled when it is created.
*/
import type {DiffId, Digest} from '../oci/digest.js';
import type {Healthcheck} from '../oci/image-config.js';
import type {HostSettings} from './host-settings.js';

/** 64 hex characters: safe as a file name, by construction. */
export type ContainerId = string & {readonly __brand: 'ContainerId'};

/** docker's `Config`, the image's defaults merged in. */
export type ContainerConfig = {
	readonly Hostname: string;
	readonly Domainname: string;
	readonly User: string;
	readonly AttachStdin: boolean;
	readonly AttachStdout: boolean;
	readonly AttachStderr: boolean;
	readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>;
	readonly Tty: boolean;
	readonly OpenStdin: boolean;
	readonly StdinOnce: boolean;
	readonly Env: readonly string[];
	readonly Cmd: readonly string[] | null;
	readonly Healthcheck?: Healthcheck;
	readonly Image: string; // As it was asked for
	readonly Volumes: Readonly<Record<string, Readonly<Record<string, never>>>> | null;
	readonly WorkingDir: string;
	readonly Entrypoint: readonly string[] | null;
	readonly NetworkDisabled?: boolean;
	readonly OnBuild: readonly string[] | null;
	readonly Labels: Readonly<Record<string, string>>;
	readonly StopSignal?: string;
	readonly StopTimeout?: number; // seconds
	readonly Shell?: readonly string[];
};

export type MountPoint = {
	readonly type: 'bind' | 'volume' | 'tmpfs';
	/** Volumes: their name. */
	readonly name?: string;
	/** An anonymous volume: removed with the container when asked. */
	readonly isAnonymous?: boolean;
	/** Volumes: what they are made with when they are not there. */
	readonly driver?: {readonly labels?: Readonly<Record<string, string>>; readonly options?: Readonly<Record<string, string>>};
	/** Volumes: what of them is mounted. */
	readonly subpath?: string;
	/** False: an empty volume is not filled from the image. */
	readonly isCopied?: boolean;
	/** Host path; '' for a tmpfs. */
	readonly source: string;
	readonly destination: string;
	/** Options as docker shows them (`z`, `ro,rslave`); a tmpfs: its options. */
	readonly mode: string;
	readonly isWritable: boolean;
	readonly propagation: Propagation;
	readonly isRecursive: boolean;
	/** Read-only at the top; what is mounted below stays as it is. */
	readonly isTopReadonly?: boolean;
	/** Made on the host when it is not there (`-v`, not `--mount`). */
	readonly createsSource?: boolean;
};

export const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const;
export type Propagation = (typeof propagations)[number];

export type ContainerRecord = {
	readonly version: 1;
	readonly id: ContainerId;
	readonly name: string; // Without docker's leading slash
	readonly created: string; // RFC 3339
	readonly imageId: Digest;
	readonly layers: readonly DiffId[]; // base first
	readonly platform: string; // `linux`
	readonly path: string; // argv[0]
	readonly args: readonly string[];
	readonly config: ContainerConfig;
	readonly hostConfig: HostSettings;
	readonly mounts: readonly MountPoint[];
};

/** The value as a container id, or undefined. */
export function parseContainerId(unsafe: string): ContainerId | undefined {
	return /^[\da-f]{64}$/.test(unsafe) ? (unsafe as ContainerId) : undefined;
}

/** The first 12 characters, as people see it. */
export function shortId(id: string): string {
	return id.slice(0, 12);
}
