/**
`docker import`: a root filesystem as an image of one layer.
*/
import fs from 'node:fs';
import type {Readable} from 'node:stream';
import {detectCompression} from '../archive/compression.js';
import {openForReading, readRegion} from '../archive/file-region.js';
import {inflate} from '../archive/inflate.js';
import {serializeImageConfig} from '../oci/image-config.js';
import {hostPlatform} from '../oci/platform.js';
import {familiarReference} from '../oci/reference.js';
import type {Store} from '../store/open-store.js';
import {withScratch} from '../store/scratch.js';
import {applyConfigChanges} from './config-changes.js';
import {peek} from './image-archive.js';
import type {ImageHooks, ImageId} from './image.js';
import {ingestTar} from './ingest-tar.js';
import type {ArchiveSource} from './load.js';
import {storeImage} from './store-image.js';
import {parseTagReference} from './tag.js';

export type ImportOptions = {
	readonly reference?: string | undefined;
	/** Shown in the history. */
	readonly message?: string | undefined;
	readonly changes?: readonly string[] | undefined;
	readonly signal?: AbortSignal | undefined;
};

/** Resolves to the image id. Plain, gzip, zstd, xz or bzip2. Throws `invalidParameter`, `notFound`. */
export async function importImage(store: Store, hooks: ImageHooks, source: ArchiveSource, options: ImportOptions = {}): Promise<ImageId> {
	// What is wrong with the words is said before a gigabyte is read.
	const reference = options.reference === undefined || options.reference === '' ? undefined : parseTagReference(options.reference);
	const defaults = applyConfigChanges({}, options.changes ?? []);
	const {signal} = options;
	return withScratch(store, async scratch => {
		const opened = openSource(source, signal);
		try {
			const {start, all} = await peek(opened.bytes);
			const plain = inflate(all, detectCompression(start), opened.subject);
			const {diffId, blob} = await ingestTar({store, scratch, signal}, plain, opened.subject);
			const created = new Date().toISOString();
			const config = serializeImageConfig({
				platform: hostPlatform(),
				created,
				defaults,
				diffIds: [diffId],
				history: [{created, comment: options.message || 'Imported from -', emptyLayer: false}],
			});
			const stored = await storeImage(store, scratch, {config, layers: [blob], references: reference === undefined ? [] : [reference]});
			hooks.emit?.({action: 'import', id: stored.id, attributes: {name: reference === undefined ? stored.id : familiarReference(reference)}});
			return stored.id;
		} finally {
			opened.close();
		}
	});
}

function openSource(source: ArchiveSource, signal: AbortSignal | undefined): {readonly bytes: AsyncIterable<Buffer>; readonly subject: string; readonly close: () => void} {
	if (!('path' in source && typeof source.path === 'string')) {
		const stream = source as Readable;
		signal?.addEventListener('abort', () => {
			stream.destroy();
		}, {once: true});
		return {bytes: stream, subject: 'the archive', close() {}};
	}

	const descriptor = openForReading(source.path);
	const stat = fs.fstatSync(descriptor);
	const bytes = stat.isFile()
		? readRegion({descriptor, offset: 0, sizeBytes: stat.size, subject: source.path})
		: fs.createReadStream('', {fd: descriptor, autoClose: false, highWaterMark: 512 * 1024});
	return {
		bytes,
		subject: source.path,
		close() {
			fs.closeSync(descriptor);
		},
	};
}
