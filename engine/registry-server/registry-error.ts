/**
What a client is told when something can't be done: status, code and message of the distribution spec. Thrown anywhere, written in one place.
*/
import {isEngineError, type EngineError} from '../errors.js';

/** OCI distribution spec, Error Codes; the last four are docker distribution's. */
export type ErrorCode =
	| 'BLOB_UNKNOWN' | 'BLOB_UPLOAD_INVALID' | 'BLOB_UPLOAD_UNKNOWN' | 'DIGEST_INVALID' | 'MANIFEST_BLOB_UNKNOWN' | 'MANIFEST_INVALID' | 'MANIFEST_UNKNOWN'
	| 'NAME_INVALID' | 'NAME_UNKNOWN' | 'SIZE_INVALID' | 'UNAUTHORIZED' | 'DENIED' | 'UNSUPPORTED' | 'TOOMANYREQUESTS'
	| 'TAG_INVALID' | 'PAGINATION_NUMBER_INVALID' | 'UNAVAILABLE' | 'UNKNOWN';

const usualStatus: Readonly<Record<ErrorCode, number>> = {
	BLOB_UNKNOWN: 404,
	BLOB_UPLOAD_INVALID: 400,
	BLOB_UPLOAD_UNKNOWN: 404,
	DIGEST_INVALID: 400,
	MANIFEST_BLOB_UNKNOWN: 404,
	MANIFEST_INVALID: 400,
	MANIFEST_UNKNOWN: 404,
	NAME_INVALID: 400,
	NAME_UNKNOWN: 404,
	SIZE_INVALID: 400,
	UNAUTHORIZED: 401,
	DENIED: 403,
	UNSUPPORTED: 405,
	TOOMANYREQUESTS: 429,
	TAG_INVALID: 400,
	PAGINATION_NUMBER_INVALID: 400,
	UNAVAILABLE: 503,
	UNKNOWN: 500,
};

export type RegistryErrorOptions = {
	readonly status?: number;
	readonly detail?: unknown;
	readonly headers?: Readonly<Record<string, string>>;
	readonly cause?: unknown;
};

export class RegistryError extends Error {
	override readonly name = 'RegistryError';
	readonly code: ErrorCode;
	readonly status: number;
	readonly detail: unknown;
	readonly headers: Readonly<Record<string, string>>;

	constructor(code: ErrorCode, message: string, options: RegistryErrorOptions = {}) {
		super(message, 'cause' in options ? {cause: options.cause} : undefined);
		this.code = code;
		this.status = options.status ?? usualStatus[code];
		this.detail = options.detail;
		this.headers = options.headers ?? {};
	}
}

/** Anything thrown as what the client is told. Words of the engine stay inside: they may name files of this host. */
export function asRegistryError(error: unknown): RegistryError {
	if (error instanceof RegistryError) {
		return error;
	}

	if (!isEngineError(error)) {
		return new RegistryError('UNKNOWN', 'the registry failed', {cause: error});
	}

	return byCode[error.code ?? '']?.(error) ?? new RegistryError('UNKNOWN', 'the registry failed', {cause: error, status: error.kind === 'unavailable' ? 503 : 500});
}

const noSpace = (error: EngineError) => new RegistryError('UNKNOWN', 'the registry has no space left', {status: 507, cause: error});

/** Codes of the content (content.ts). */
const byCode: Readonly<Record<string, (error: EngineError) => RegistryError>> = {
	BLOB_UNKNOWN: error => new RegistryError('BLOB_UNKNOWN', 'blob unknown to registry', {cause: error}),
	UPLOAD_UNKNOWN: error => new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload: it was finished, cancelled, or left alone too long', {cause: error}),
	TOO_MANY: error => new RegistryError('TOOMANYREQUESTS', error.message, {cause: error, headers: {'retry-after': '30'}}),
	TOO_LARGE: error => new RegistryError('SIZE_INVALID', error.message, {status: 413, cause: error}),
	DIGEST: error => new RegistryError('DIGEST_INVALID', error.message, {cause: error}),
	UPLOAD_BUSY: error => new RegistryError('BLOB_UPLOAD_INVALID', error.message, {status: 409, cause: error}),
	locked: error => new RegistryError('UNAVAILABLE', 'the store is busy', {cause: error, headers: {'retry-after': '10'}}),
	ENOSPC: noSpace,
	EDQUOT: noSpace,
};
