/**
The one error of the engine.

Kinds follow moby's error classes; doors translate them once (kind → HTTP status in `api/`, kind → exit code in `source/`). Decide by `kind` or
`code`, never by text.
*/
export type ErrorKind =
	| 'invalidParameter' // 400
	| 'unauthorized' // 401
	| 'forbidden' // 403
	| 'notFound' // 404
	| 'conflict' // 409
	| 'system' // 500
	| 'notImplemented' // 501
	| 'unavailable'; // 503

export type EngineErrorOptions = {
	/** A sentence telling the person what to do next. */
	readonly hint?: string;
	/** A stable word for programs, such as `ENOSPC`, `BLOB_UNKNOWN` or `nameInUse`. */
	readonly code?: string;
	/** For a container that could not be started: docker's 125, 126, 127 or 128. */
	readonly exitCode?: number;
	readonly cause?: unknown;
};

/** Message: lower case where docker's own text is not, names the subject, no full stop. */
export class EngineError extends Error {
	override readonly name = 'EngineError';
	readonly kind: ErrorKind;
	readonly hint: string | undefined;
	readonly code: string | undefined;
	readonly exitCode: number | undefined;

	constructor(kind: ErrorKind, message: string, options: EngineErrorOptions = {}) {
		super(message, 'cause' in options ? {cause: options.cause} : undefined);
		this.kind = kind;
		this.hint = options.hint;
		this.code = options.code;
		this.exitCode = options.exitCode;
	}
}

/**
True for an error of the given kind (any kind when none is given). By its name, as the class is there once in each bundle: the command line's, the dashboard's, the library's.
*/
export function isEngineError(error: unknown, kind?: ErrorKind): error is EngineError {
	return error instanceof Error && error.name === 'EngineError' && 'kind' in error && (kind === undefined || error.kind === kind);
}

/** Wraps a failed system call, keeping its code (`ENOSPC`, `EACCES` …) and adding what was being done. */
export function systemError(operation: string, cause: unknown): EngineError {
	if (isEngineError(cause)) {
		return cause;
	}

	const code = errorCode(cause);
	const detail = cause instanceof Error ? plainMessage(cause) : String(cause);
	const hint = hintFor(code);
	return new EngineError('system', `${operation}: ${detail}`, {
		cause,
		...(code === undefined ? {} : {code}),
		...(hint === undefined ? {} : {hint}),
	});
}

/** Of Node's `EACCES: permission denied, mkdir '/x'` what people know from elsewhere: `mkdir /x: permission denied`. */
function plainMessage({message}: Error): string {
	const [, reason, call, path, target] = /^[A-Z\d]+: ([^,]+), (\w+)(?: '(.*?)')?(?: -> '(.*)')?$/.exec(message) ?? [];
	if (reason === undefined) {
		return message;
	}

	return `${[call, path, target].filter(word => word !== undefined).join(' ')}: ${reason}`;
}

/** The `code` of a Node system error, if it has one. */
export function errorCode(error: unknown): string | undefined {
	if (typeof error !== 'object' || error === null || !('code' in error)) {
		return undefined;
	}

	return typeof error.code === 'string' ? error.code : undefined;
}

const hints: Readonly<Record<string, string>> = {
	ENOSPC: 'The disk is full: free some space (tug image prune, tug container prune) and try again.',
	EDQUOT: 'Your disk quota is used up: free some space (tug image prune, tug container prune) and try again.',
	EROFS: 'The file system is read-only: point TUG_ROOT at a place that can be written.',
};

/** What to do about a system error, where there is one answer. */
export function hintFor(code: string | undefined): string | undefined {
	return code === undefined ? undefined : hints[code];
}
