/**
Delivering events to webhooks: each endpoint has a queue of files, so that nothing is lost by a restart; one server of the store at a time sends, in order, in envelopes of several events,
again and again with growing pauses until the endpoint takes them. The queue is bounded: an endpoint that never answers must not fill the disk.
*/
import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {isEngineError} from '../errors.js';
import {listIfThere, readIfThere, removeIfThere} from '../files/atomic-file.js';
import {withLock} from '../files/lock-file.js';
import {sha256Hex} from '../files/sha256.js';
import {eventsMediaType, type RegistryEvent} from './notification.js';

export type NotificationQueue = {
	/** Takes an event for delivery; false when the queue is full. Never throws. */
	push(event: RegistryEvent): boolean;
	/** Events not delivered yet, by any server. */
	waiting(): number;
	/** Stops sending; what is left is sent by whoever comes next. */
	close(): Promise<void>;
};

export type QueueOptions = {
	readonly url: string;
	/** Folder of all queues. */
	readonly folder: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly maxEvents?: number; // default 10,000
	readonly timeoutMs?: number; // default 10 s
	readonly firstPauseMs?: number; // default 1 s; doubles up to a minute
	/** Told of every failure. */
	readonly onFailure?: (message: string) => void;
};

const envelopeEvents = 50;
const maxPauseMs = 60_000;
/** How often to look whether a server that sends for this one has stopped. */
const otherSenderMs = 5000;

export function notificationQueue(options: QueueOptions): NotificationQueue {
	const {url, maxEvents = 10_000, firstPauseMs = 1000} = options;
	const folder = path.join(options.folder, sha256Hex(url).slice(0, 16));
	fs.mkdirSync(folder, {recursive: true, mode: 0o700});
	const closing = new AbortController();
	let count = names().length;
	let sequence = 0;
	let wake: (() => void) | undefined;
	let isRung = count > 0;

	function names(): readonly string[] {
		return listIfThere(folder).filter(name => name.endsWith('.json')).sort();
	}

	function push(event: RegistryEvent): boolean {
		if (count >= maxEvents) {
			count = names().length; // Another server may have sent some
		}

		if (count >= maxEvents) {
			return false;
		}

		const name = `${String(Date.now()).padStart(15, '0')}-${String(++sequence % 1e9).padStart(9, '0')}-${randomUUID()}`;
		try {
			fs.writeFileSync(path.join(folder, name), JSON.stringify(event), {mode: 0o600});
			fs.renameSync(path.join(folder, name), path.join(folder, `${name}.json`));
		} catch (error) {
			options.onFailure?.(`an event is lost: ${(error as Error).message}`);
			return false;
		}

		count++;
		isRung = true;
		wake?.();
		return true;
	}

	async function run(): Promise<void> {
		while (!closing.signal.aborted) {
			if (!isRung) {
				await pause(undefined);
				continue;
			}

			isRung = false;
			try {
				await withLock(path.join(folder, 'sender'), {waitMs: 0}, sendAll);
			} catch (error) {
				// Another server sends, or this one could not even look.
				isRung = true;
				await pause(isEngineError(error) && error.code === 'locked' ? otherSenderMs : maxPauseMs);
			}
		}
	}

	async function sendAll(): Promise<void> {
		let pauseMs = firstPauseMs;
		while (!closing.signal.aborted) {
			const batch = names().slice(0, envelopeEvents);
			if (batch.length === 0) {
				count = 0;
				return;
			}

			const problem = await sendBatch(batch);
			if (problem === undefined) {
				pauseMs = firstPauseMs;
				continue;
			}

			options.onFailure?.(problem);
			await pause(pauseMs, {ignoreBell: true});
			pauseMs = Math.min(pauseMs * 2, maxPauseMs);
		}
	}

	/** What went wrong, if anything. */
	async function sendBatch(batch: readonly string[]): Promise<string | undefined> {
		const texts = batch.map(name => readIfThere(path.join(folder, name))?.toString('utf8')).filter(text => text !== undefined);
		try {
			const reply = await fetch(url, {
				method: 'POST',
				headers: {...options.headers, 'content-type': eventsMediaType},
				body: `{"events":[${texts.join(',')}]}`,
				redirect: 'error',
				signal: AbortSignal.any([closing.signal, AbortSignal.timeout(options.timeoutMs ?? 10_000)]),
			});
			await reply.body?.cancel();
			if (!reply.ok) {
				return `${url} answered ${reply.status}`;
			}
		} catch (error) {
			const cause = (error as Error).cause instanceof Error ? `: ${((error as Error).cause as Error).message}` : '';
			return `${url} could not be reached: ${(error as Error).message}${cause}`;
		}

		batch.forEach(name => removeIfThere(path.join(folder, name)));
		count = Math.max(0, count - batch.length);
		return undefined;
	}

	/** Until the bell, the time, or the end. */
	async function pause(milliseconds: number | undefined, {ignoreBell = false} = {}): Promise<void> {
		await new Promise<void>(resolve => {
			const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
			timer?.unref();
			closing.signal.addEventListener('abort', () => {
				resolve();
			}, {once: true});
			wake = () => {
				if (!ignoreBell) {
					clearTimeout(timer);
					resolve();
				}
			};

			if (isRung && !ignoreBell && milliseconds === undefined) {
				resolve();
			}
		});
		wake = undefined;
	}

	const running = run();
	return {
		push,
		waiting: () => count,
		async close() {
			closing.abort();
			await running;
		},
	};
}
