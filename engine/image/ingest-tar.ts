/**
Making a layer of a plain tar whose digest nobody knows yet: kept as an uncompressed blob and unpacked, in one pass.
*/
import {looksLikeTar} from '../archive/compression.js';
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import {layerMediaType} from '../oci/media-type.js';
import {createBlobWriter} from '../store/content-store.js';
import type {IngestContext} from './ingest-layer.js';
import {peek} from './image-archive.js';
import {startUnpacker} from './layer-unpacker.js';

/** Stores the layer. Throws `invalidParameter` when it is no tar. */
export async function ingestTar({store, scratch, signal}: IngestContext, source: AsyncIterable<Buffer>, subject: string): Promise<{readonly diffId: DiffId; readonly blob: Descriptor}> {
	const {start, all} = await peek(source);
	if (!looksLikeTar(start)) {
		throw new EngineError('invalidParameter', start.length === 0 ? `${subject} is empty` : `${subject} is not a tar archive`, {code: 'EBADTAR', hint: 'The tar of a root filesystem is expected, plain or compressed.'});
	}

	const writer = createBlobWriter(store, scratch, subject);
	try {
		const unpacker = startUnpacker({store, scratch, subject, signal});
		try {
			for await (const piece of all) {
				signal?.throwIfAborted();
				const writing = writer.write(piece);
				writing.catch(() => {});
				await unpacker.write(piece);
				await writing;
			}

			const found = await writer.commit();
			const blob = {mediaType: layerMediaType('none'), ...found};
			const diffId = found.digest as string as DiffId;
			scratch.leaseLayer(diffId);
			await unpacker.commit(diffId, blob);
			return {diffId, blob};
		} catch (error) {
			await unpacker.abort();
			throw error;
		}
	} finally {
		writer.abort();
	}
}
