/**
One layer: from the registry through its file, inflated and unpacked while it comes.
*/
import fs from 'node:fs';
import {sniffBytes} from '../archive/compression.js';
import {isEngineError} from '../errors.js';
import type {ProgressMessage} from '../engine.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import type {FileDownload} from '../registry/file-download.js';
import type {Store} from '../store/open-store.js';
import type {Scratch} from '../store/scratch.js';
import {blobSubject, downloadBlob, dropDownload, withDownloadLock, type BlobOrigin, type DownloadSettings} from './blob-download.js';
import {shortId} from './image.js';
import type {ArchiveMember} from './image-archive.js';
import {findKnown, ingestLayer} from './ingest-layer.js';
import {memberOfBlob} from './layer-blob.js';
import type {ReportProgress} from './progress-stream.js';

export type PullLayerContext = {
	readonly store: Store;
	readonly scratch: Scratch;
	readonly origin: BlobOrigin;
	/** For messages. */
	readonly repository: string;
	readonly settings: DownloadSettings;
	readonly report: ReportProgress<ProgressMessage>;
	readonly signal: AbortSignal;
};

export type LayerToPull = {readonly blob: Descriptor; readonly diffId: DiffId};

/** Bytes between two progress messages; a bar of 50 characters shows no more. */
const leastStepBytes = 512 * 1024;

/** True when blob and tree are there. Leases come first, so that they stay. */
export function isLayerThere({store, scratch}: Pick<PullLayerContext, 'store' | 'scratch'>, {blob, diffId}: LayerToPull): boolean {
	return findKnown({store, scratch}, {member: noMember(blob), diffId, expected: blob}) !== undefined;
}

/** Throws `invalidParameter` (code `EINTEGRITY`) when it is not what was announced. */
export async function pullLayer(context: PullLayerContext, layer: LayerToPull): Promise<void> {
	const {store, report, signal} = context;
	const {blob} = layer;
	const id = shortId(blob.digest);
	await withDownloadLock(store, blob.digest, signal, async () => {
		if (isLayerThere(context, layer)) {
			report({status: 'Pull complete', progressDetail: {}, id}); // Another process was quicker.
			return;
		}

		const own = memberOfBlob(store, blob);
		if (own !== undefined) {
			try {
				await ingest(context, layer, own.member);
			} finally {
				own.close();
			}

			return;
		}

		await fetchLayer(context, layer);
	});
}

async function fetchLayer(context: PullLayerContext, layer: LayerToPull): Promise<void> {
	const {store, report} = context;
	const {blob} = layer;
	const id = shortId(blob.digest);
	for (;;) {
		const controller = new AbortController();
		const download = downloadBlob(store, context.origin, blob, {
			...context.settings,
			subject: blobSubject(blob.digest, context.repository),
			signal: AbortSignal.any([context.signal, controller.signal]),
			onProgress: stepwise(blob.size, current => {
				report({status: 'Downloading', progressDetail: {current, total: blob.size}, id});
			}),
		});
		try {
			await ingest(context, layer, await downloadMember(store, blob, download, context));
			dropDownload(store, blob.digest);
			return;
		} catch (error) {
			controller.abort();
			await download.done.catch(() => {});
			const isDamaged = isEngineError(error, 'invalidParameter'); // A wrong digest, or no tar at all
			if (isDamaged) {
				dropDownload(store, blob.digest);
			}

			// What an earlier attempt left may have been damaged by a power cut: then the registry is not to blame.
			if (!isDamaged || !download.wasResumed) {
				throw error;
			}
		}
	}
}

async function ingest({store, scratch, signal, report}: PullLayerContext, {blob, diffId}: LayerToPull, member: ArchiveMember): Promise<void> {
	const id = shortId(blob.digest);
	await ingestLayer({
		store,
		scratch,
		signal,
		onProgress: stepwise(blob.size, current => {
			report({status: 'Extracting', progressDetail: {current, total: blob.size}, id});
		}),
	}, {member, diffId, expected: blob});
	report({status: 'Pull complete', progressDetail: {}, id});
}

/** Its bytes can be read as soon as the first ones are there. */
async function downloadMember(store: Store, blob: Descriptor, download: FileDownload, {report, repository}: PullLayerContext): Promise<ArchiveMember> {
	await download.available(sniffBytes);
	const file = store.layout.download(blob.digest);
	async function* read() {
		yield* download.read();
		await download.done;
		report({status: 'Download complete', progressDetail: {}, id: shortId(blob.digest)});
	}

	return {
		key: blob.digest,
		subject: blobSubject(blob.digest, repository),
		sizeBytes: blob.size,
		landing: file,
		read,
		start: length => readStart(file, Math.min(length, blob.size)),
	};
}

function readStart(file: string, length: number): Buffer {
	const descriptor = fs.openSync(file, 'r');
	try {
		const buffer = Buffer.alloc(length);
		return buffer.subarray(0, fs.readSync(descriptor, buffer, 0, length, 0));
	} finally {
		fs.closeSync(descriptor);
	}
}

/** Only for looking whether a layer is there: nothing is read of it. */
function noMember(blob: Descriptor): ArchiveMember {
	return {
		key: blob.digest,
		subject: blob.digest,
		sizeBytes: blob.size,
		read() {
			throw new Error('nothing to read');
		},
		start: () => Buffer.alloc(0),
	};
}

function stepwise(total: number, tell: (current: number) => void): (current: number) => void {
	const step = Math.max(leastStepBytes, total / 100);
	let told = 0;
	return current => {
		if (current - told >= step || (current === total && told < total)) {
			told = current;
			tell(current);
		}
	};
}
