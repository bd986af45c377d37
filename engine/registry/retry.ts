/**
When to try again, and how long to wait before.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {EngineError, errorCode} from '../errors.js';

export type RetryPolicy = {
	/** Failures in a row, without a byte of progress, that are borne. */
	readonly attempts: number;
	/** Before the second attempt; doubles from then on. */
	readonly firstPauseMs: number;
	readonly maxPauseMs: number;
	/** A registry that asks for a longer pause than this is not waited for. */
	readonly maxAskedPauseMs: number;
};

export const defaultRetryPolicy: RetryPolicy = {attempts: 5, firstPauseMs: 500, maxPauseMs: 10_000, maxAskedPauseMs: 60_000};

/** Answers that may be different the next time. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

const passingCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ESOCKETTIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNREFUSED', 'ERR_STREAM_PREMATURE_CLOSE', 'ESHORT']);

export function isPassingStatus(status: number): boolean {
	return passingStatuses.has(status);
}

/** True for a failure of the connection that may not happen again. */
export function isPassingFailure(error: unknown): boolean {
	return passingCodes.has(errorCode(error) ?? '');
}

/** A failure that carries what the registry said about when to come back. */
export class AskedPauseError extends EngineError {
	readonly pauseMs: number;

	constructor(error: EngineError, pauseMs: number) {
		super(error.kind, error.message, {...(error.hint === undefined ? {} : {hint: error.hint}), ...(error.code === undefined ? {} : {code: error.code}), cause: error});
		this.pauseMs = pauseMs;
	}
}

/** Milliseconds to wait before attempt number `failures` + 1 (1 after the first failure), or undefined when it is enough. */
export function pauseBefore(failures: number, policy: RetryPolicy, askedMs?: number): number | undefined {
	if (failures >= policy.attempts || (askedMs !== undefined && askedMs > policy.maxAskedPauseMs)) {
		return undefined;
	}

	const own = Math.min(policy.firstPauseMs * 2 ** (failures - 1), policy.maxPauseMs);
	// Many clients that failed at the same moment must not come back at the same moment.
	return askedMs ?? own * (0.75 + (Math.random() / 2));
}

/** Retry-After: seconds, or a date. Undefined when it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
	if (header === undefined || header.trim() === '') {
		return undefined;
	}

	if (/^\s*\d{1,9}\s*$/.test(header)) {
		return Number(header) * 1000;
	}

	const at = Date.parse(header);
	return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** Waits; rejects with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
	try {
		await delay(ms, undefined, signal === undefined ? {} : {signal});
	} catch {
		signal?.throwIfAborted();
	}
}
