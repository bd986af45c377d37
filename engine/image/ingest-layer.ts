/**
Bringing a layer into the store in one pass: read → sha256 of the blob, blob to disk → inflate → sha256 of the tar → tug-runtime writes the tree. Blob and tree get their names only
after both digests were found right.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import {detectCompression, sniffBytes} from '../archive/compression.js';
import {inflate} from '../archive/inflate.js';
import {EngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId, Digest} from '../oci/digest.js';
import {layerMediaType, type LayerCompression} from '../oci/media-type.js';
import {adoptBlob, blobSize, checkExpected, createBlobWriter, integrityError, openBlob, type BlobWriter} from '../store/content-store.js';
import {createBlobAdopter} from '../store/blob-adopter.js';
import {hasLayer, readLayer} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import type {Scratch} from '../store/scratch.js';
import type {ArchiveMember} from './image-archive.js';
import {startUnpacker, type LayerUnpacker} from './layer-unpacker.js';

export type IngestContext = {
	readonly store: Store;
	readonly scratch: Scratch;
	readonly signal?: AbortSignal | undefined;
	/** Bytes of the member read so far. */
	readonly onProgress?: ((currentBytes: number) => void) | undefined;
};

export type LayerToIngest = {
	readonly member: ArchiveMember;
	readonly diffId: DiffId;
	/** What the manifest says about the blob, where there is a manifest. */
	readonly expected?: Descriptor;
	/** Unpack it even though there is a tree, which this one replaces. */
	readonly replacesTree?: boolean;
};

/** Stores and unpacks a layer, or finds that it is there. Returns its blob. Throws `invalidParameter` (code `EINTEGRITY`) on a wrong digest. */
export async function ingestLayer(context: IngestContext, layer: LayerToIngest): Promise<Descriptor> {
	const known = layer.replacesTree ? undefined : findKnown(context, layer);
	if (known !== undefined) {
		return known;
	}

	const compression = layerCompression(layer.member);
	return layer.member.spooled !== undefined && compression === 'none'
		? ingestSpooledTar(context, layer, layer.member.spooled)
		: ingestStream(context, layer, compression);
}

/** Leases come before looking, so that what is found stays. */
export function findKnown({store, scratch}: IngestContext, {member, diffId, expected}: LayerToIngest): Descriptor | undefined {
	scratch.leaseLayer(diffId);
	const candidates = [expected, readLayer(store, diffId)?.blob, tarBlob(member, diffId)].filter(candidate => candidate !== undefined);
	const blob = (expected === undefined ? candidates : [expected]).find(candidate => {
		scratch.leaseBlob(candidate.digest);
		return blobSize(store, candidate.digest) === candidate.size;
	});
	return blob !== undefined && hasLayer(store, diffId) ? blob : undefined;
}

/** An uncompressed layer's blob has the diff id for a digest. */
function tarBlob(member: ArchiveMember, diffId: DiffId): Descriptor {
	return {mediaType: layerMediaType('none'), digest: diffId as string as Digest, size: member.sizeBytes};
}

function layerCompression(member: ArchiveMember): LayerCompression {
	const compression = detectCompression(member.start(sniffBytes));
	if (compression === 'xz' || compression === 'bzip2') {
		throw new EngineError('invalidParameter', `${member.subject} is compressed with ${compression}, which no image format allows`);
	}

	return compression;
}

/** Hashed already while it was spooled: the program reads the blob itself, nothing passes through here. */
async function ingestSpooledTar({store, scratch, signal}: IngestContext, {member, diffId, expected}: LayerToIngest, spooled: {readonly file: string; readonly digest: Digest}): Promise<Descriptor> {
	const blob: Descriptor = {mediaType: layerMediaType('none'), digest: spooled.digest, size: member.sizeBytes};
	checkExpected(member.subject, blob, {digest: expected?.digest, size: expected?.size});
	checkDiffId(member.subject, spooled.digest, diffId);
	adoptBlob(store, scratch, spooled.file, blob.digest);
	const {descriptor} = openBlob(store, blob.digest);
	try {
		if (!hasLayer(store, diffId)) {
			const unpacker = startUnpacker({store, scratch, subject: member.subject, descriptor, signal});
			await unpacker.commit(diffId, blob);
		}
	} finally {
		fs.closeSync(descriptor);
	}

	return expected ?? blob;
}

async function ingestStream(context: IngestContext, {member, diffId, expected, replacesTree}: LayerToIngest, compression: LayerCompression): Promise<Descriptor> {
	const {store, scratch, signal} = context;
	const writer = member.landing === undefined ? createBlobWriter(store, scratch, member.subject) : createBlobAdopter(store, scratch, member.landing, member.subject);
	const unpacker = hasLayer(store, diffId) && !replacesTree ? undefined : startUnpackerOrClose(writer, {store, scratch, subject: member.subject, signal});
	try {
		const tarDigest = await pump({...context, writer, unpacker, compression, member});
		const blob: Descriptor = {mediaType: expected?.mediaType || layerMediaType(compression), digest: writer.digest(), size: writer.sizeBytes};
		checkExpected(member.subject, blob, {digest: expected?.digest, size: expected?.size});
		checkDiffId(member.subject, tarDigest, diffId);
		// Both to their end, so that neither is cut off when the other fails.
		for (const outcome of await Promise.allSettled([writer.commit(), unpacker?.commit(diffId, blob)])) {
			if (outcome.status === 'rejected') {
				throw outcome.reason as Error;
			}
		}

		return blob;
	} catch (error) {
		await unpacker?.abort();
		throw error;
	} finally {
		writer.abort();
	}
}

function startUnpackerOrClose(writer: BlobWriter, options: Parameters<typeof startUnpacker>[0]): LayerUnpacker {
	try {
		return startUnpacker(options);
	} catch (error) {
		writer.abort();
		throw error;
	}
}

type PumpOptions = IngestContext & {readonly writer: BlobWriter; readonly unpacker: LayerUnpacker | undefined; readonly compression: LayerCompression; readonly member: ArchiveMember};

/** Moves every byte; gives the digest of the plain tar. */
async function pump({writer, unpacker, compression, member, signal, onProgress}: PumpOptions): Promise<Digest> {
	async function* stored() {
		for await (const piece of member.read()) {
			signal?.throwIfAborted();
			const writing = writer.write(piece);
			writing.catch(() => {});
			yield piece;
			await writing;
			onProgress?.(writer.sizeBytes);
		}
	}

	const tarHash = compression === 'none' ? undefined : createHash('sha256');
	let previous: Promise<void> | undefined;
	for await (const piece of inflate(stored(), compression, member.subject)) {
		tarHash?.update(piece);
		// One piece stays on its way to the program while the next is read and hashed.
		await previous;
		previous = unpacker?.write(piece);
		previous?.catch(() => {});
	}

	await previous;
	return tarHash === undefined ? writer.digest() : `sha256:${tarHash.digest('hex')}` as Digest;
}

function checkDiffId(subject: string, found: Digest, expected: DiffId): void {
	if (found as string !== expected) {
		throw integrityError(subject, `unpacks to ${found} instead of ${expected}`);
	}
}
