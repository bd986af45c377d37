/**
What handlers work with: the parts of a registry, and one request with what the router found in it.
*/
import type {Principal} from './auth/principal.js';
import type {RegistryContent} from './content.js';
import type {RegistryRequest} from './message.js';
import type {EventAction, EventTarget} from './notification.js';
import type {Repositories} from './repository-view.js';
import type {PullThrough} from './pull-through.js';

export type RegistryLimits = {
	readonly manifestBytes: number;
	readonly blobBytes: number;
	/** Uploads that have begun and are not finished. */
	readonly openUploads: number;
	/** Requests that send bytes at the same time. */
	readonly uploadsAtOnce: number;
	/** Uploads, and blobs no manifest names, are kept so long after the last byte or question. */
	readonly keepUploadsMs: number;
};

export const defaultLimits: RegistryLimits = {
	manifestBytes: 4 * 1024 * 1024,
	blobBytes: 64 * 1024 * 1024 * 1024,
	openUploads: 10_000,
	uploadsAtOnce: 64,
	keepUploadsMs: 24 * 60 * 60 * 1000,
};

export type RegistryParts = {
	readonly content: RegistryContent;
	readonly repositories: Repositories;
	readonly limits: RegistryLimits;
	readonly isReadOnly: boolean;
	/** A place among the requests that send bytes; the result gives it back. Throws TOOMANYREQUESTS. */
	readonly takeUploadSlot: () => () => void;
	/** Something became unused. */
	readonly collectSoon: () => void;
	readonly upstream: PullThrough | undefined;
};

export type Call = RegistryParts & {
	/** Tells the listeners; never fails, never waits. */
	readonly notify: (action: EventAction, target: EventTarget) => void;
	readonly request: RegistryRequest;
	/** Path parameters, checked for form by nobody yet but for `name`. */
	readonly parameters: Readonly<Record<string, string>>;
	readonly query: URLSearchParams;
	readonly principal: Principal;
	/** As the client wrote it, and as the store knows it; empty for routes without. */
	readonly name: string;
	readonly repository: string;
};
