/**
The store, as the registry server asks for it.
*/
import fs from 'node:fs';
import {readRegion} from '../archive/file-region.js';
import type {ImageHooks} from '../image/image.js';
import {familiarNames, imageRepositories, type RepositoryNames} from '../image/repositories.js';
import type {OpenBlob, RegistryContent} from '../registry-server/content.js';
import {endLeases, isLeasedFor, leaseBlobFor, releaseLeaseFor} from '../store/blob-lease.js';
import {blobSize, openBlob, readBlob} from '../store/content-store.js';
import {collectGarbage} from '../store/garbage-collect.js';
import type {Store} from '../store/open-store.js';
import {reconcile} from '../store/reconcile.js';
import {uploadStore} from '../store/upload-store.js';

export function storeContent(store: Store, {names = familiarNames, hooks = {}}: {readonly names?: RepositoryNames; readonly hooks?: ImageHooks} = {}): RegistryContent {
	const uploads = uploadStore(store);
	return {
		...imageRepositories(store, hooks, names),
		readDocument: digest => readBlob(store, digest),
		blobSize: digest => blobSize(store, digest),
		openBlob: digest => openWhole(openBlob(store, digest), `blob ${digest}`),
		lease(repository, digest) {
			leaseBlobFor(store, repository, digest);
		},
		isLeased: (repository, digest) => isLeasedFor(store, repository, digest),
		release: (repository, digest) => releaseLeaseFor(store, repository, digest),
		uploads: {
			...uploads,
			open: (repository, id) => openWhole(uploads.open(repository, id), 'an upload'),
		},
		async collect(olderThanMs) {
			uploads.sweep(olderThanMs);
			endLeases(store, olderThanMs);
			await reconcile(store);
			await store.locked(() => collectGarbage(store));
		},
		folder: store.layout.registry,
	};
}

/** Closed once, by whoever comes to the end first. */
function openWhole({descriptor, sizeBytes}: {readonly descriptor: number; readonly sizeBytes: number}, subject: string): OpenBlob {
	let isOpen = true;
	const close = () => {
		if (isOpen) {
			isOpen = false;
			fs.closeSync(descriptor);
		}
	};

	return {
		sizeBytes,
		close,
		read: (from, length) => readRegion({descriptor, offset: from, sizeBytes: length, subject}, {keep: true}),
	};
}
