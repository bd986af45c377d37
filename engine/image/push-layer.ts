/**
One layer to a registry: not at all when it is there, taken over from another repository of the same registry where that is allowed, else uploaded. A layer kept as a plain tar
is compressed on the way; one that was pulled goes out as it came.
*/
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import {readRegion} from '../archive/file-region.js';
import type {ProgressMessage} from '../engine.js';
import {EngineError, systemError} from '../errors.js';
import {readIfThere, removeIfThere, writeFileAtomic} from '../files/atomic-file.js';
import {parseDescriptor, type Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import {parseJsonObject} from '../oci/json-shape.js';
import {mediaTypes} from '../oci/media-type.js';
import type {Repository} from '../registry/repository.js';
import type {Uploader, UploadSource} from '../registry/upload.js';
import {blobSize, openBlob} from '../store/content-store.js';
import {createHashedFile} from '../store/hashed-file.js';
import type {Store} from '../store/open-store.js';
import type {Scratch} from '../store/scratch.js';
import {shortId, type ImageLayerRef} from './image.js';
import type {ReportProgress} from './progress-stream.js';

export type PushLayerContext = {
	readonly store: Store;
	readonly scratch: Scratch;
	readonly repository: Repository;
	readonly uploader: Uploader;
	/** Repositories of the same registry that may have the blob, best first. */
	readonly mountSources: (blob: Descriptor) => readonly string[];
	readonly report: ReportProgress<ProgressMessage>;
	readonly signal: AbortSignal;
};

const leastStepBytes = 512 * 1024;
/** Trying more of them takes longer than uploading. */
const maxMounts = 2;

/** Resolves to the descriptor for the manifest. */
export async function pushLayer(context: PushLayerContext, layer: ImageLayerRef): Promise<Descriptor> {
	const {store, report} = context;
	const id = shortId(layer.diffId);
	const isPlain = plainTypes.has(layer.blob.mediaType);
	const known = isPlain ? readCompressed(store, layer.diffId) : layer.blob;
	if (known !== undefined && await isThere(context, known, id)) {
		return known;
	}

	if (!isPlain) {
		await uploadBlob(context, layer.blob, fileSource(store.layout.blob(layer.blob.digest), layer.blob), id);
		report({status: 'Pushed', progressDetail: {}, id});
		return layer.blob;
	}

	const file = context.scratch.path('compressed');
	try {
		const compressed = await compress(context, layer, file);
		writeFileAtomic(store.layout.layerCompressed(layer.diffId), JSON.stringify(compressed), {temporaryFile: context.scratch.path('record'), sync: false});
		// Compressed by another zlib than the last time it may be new all the same.
		if (compressed.digest === known?.digest || !(await isThere(context, compressed, id))) {
			await uploadBlob(context, compressed, fileSource(file, compressed), id);
			report({status: 'Pushed', progressDetail: {}, id});
		}

		return compressed;
	} finally {
		removeIfThere(file);
	}
}

/** True when nothing has to be uploaded any more. */
async function isThere({repository, uploader, mountSources, report, signal}: PushLayerContext, blob: Descriptor, id: string): Promise<boolean> {
	if (await repository.hasBlob(blob.digest, signal)) {
		report({status: 'Layer already exists', progressDetail: {}, id});
		return true;
	}

	for (const from of mountSources(blob).slice(0, maxMounts)) {
		if (await uploader.mount(blob.digest, from, {signal})) {
			report({status: `Mounted from ${from}`, progressDetail: {}, id});
			return true;
		}
	}

	return false;
}

async function uploadBlob({uploader, report, signal}: PushLayerContext, blob: Descriptor, source: UploadSource, id: string): Promise<void> {
	const step = Math.max(leastStepBytes, blob.size / 100);
	let told = 0;
	report({status: 'Pushing', progressDetail: {current: 0, total: blob.size}, id});
	await uploader.upload(source, {
		signal,
		onProgress(current) {
			if (current - told >= step || current === blob.size || current < told) {
				told = current;
				report({status: 'Pushing', progressDetail: {current, total: blob.size}, id});
			}
		},
	});
}

/** A file whose content is the blob's. */
function fileSource(file: string, {digest, size}: Descriptor): UploadSource {
	return {
		digest,
		sizeBytes: size,
		async * read(start) {
			const descriptor = openFile(file);
			try {
				// Pieces stay in the connection's queue until they are sent: none may be written over.
				yield* readRegion({descriptor, offset: start, sizeBytes: size - start, subject: `blob ${digest}`}, {keep: true});
			} finally {
				fs.closeSync(descriptor);
			}
		},
	};
}

function openFile(file: string): number {
	try {
		return fs.openSync(file, 'r');
	} catch (error) {
		throw systemError(`reading ${path.basename(file)}`, error);
	}
}

const plainTypes: ReadonlySet<string> = new Set([mediaTypes.layer, mediaTypes.dockerLayer]);

/** Nearly as small as zlib's usual 6, in two thirds of its time. */
const compressionLevel = 4;

async function compress({store, signal, report}: PushLayerContext, {blob, diffId}: ImageLayerRef, file: string): Promise<Descriptor> {
	const id = shortId(diffId);
	const subject = `layer ${id}`;
	if (blobSize(store, blob.digest) !== blob.size) {
		throw new EngineError('notFound', `layer blob ${blob.digest} is not in the store`, {code: 'BLOB_UNKNOWN', hint: 'Load or pull the image again.'});
	}

	const {descriptor, sizeBytes} = openBlob(store, blob.digest);
	const target = createHashedFile(file, subject);
	const gzip = zlib.createGzip({level: compressionLevel, chunkSize: 256 * 1024});
	try {
		const feeding = (async () => {
			for await (const piece of readRegion({descriptor, offset: 0, sizeBytes, subject})) {
				signal.throwIfAborted();
				await new Promise<void>((resolve, reject) => {
					gzip.write(piece, error => {
						if (error) {
							reject(error);
						} else {
							resolve();
						}
					});
				});
			}

			gzip.end();
		})();
		feeding.catch((error: unknown) => gzip.destroy(error as Error));
		report({status: 'Compressing', progressDetail: {}, id});
		for await (const piece of gzip as AsyncIterable<Buffer>) {
			await target.write(piece);
		}

		await feeding;
		return {mediaType: mediaTypes.layerGzip, digest: target.digest(), size: target.sizeBytes};
	} finally {
		gzip.destroy();
		target.close();
		fs.closeSync(descriptor);
	}
}

/** What the layer became the last time; it goes with the layer. */
function readCompressed(store: Store, diffId: DiffId): Descriptor | undefined {
	const file = store.layout.layerCompressed(diffId);
	const data = readIfThere(file);
	try {
		return data === undefined ? undefined : parseDescriptor(parseJsonObject(data, file), file);
	} catch {
		return undefined; // Only a memory: it is made again.
	}
}
