/**
A layer's blob in the store, to be read like a file of an archive.
*/
import fs from 'node:fs';
import {readRegion, readRegionSync} from '../archive/file-region.js';
import type {Descriptor} from '../oci/descriptor.js';
import {blobSize, openBlob} from '../store/content-store.js';
import type {Store} from '../store/open-store.js';
import type {ArchiveMember} from './image-archive.js';

/** Undefined when the store has no such blob, or one of another size. The caller closes, and holds a lease. */
export function memberOfBlob(store: Store, blob: Descriptor, subject = `layer blob ${blob.digest}`): {readonly member: ArchiveMember; readonly close: () => void} | undefined {
	if (blobSize(store, blob.digest) !== blob.size) {
		return undefined;
	}

	const {descriptor, sizeBytes} = openBlob(store, blob.digest);
	const region = {descriptor, offset: 0, sizeBytes, subject};
	return {
		close() {
			fs.closeSync(descriptor);
		},
		member: {
			key: blob.digest,
			subject,
			sizeBytes,
			read: () => readRegion(region),
			start: length => readRegionSync({...region, sizeBytes: Math.min(length, sizeBytes)}),
		},
	};
}
