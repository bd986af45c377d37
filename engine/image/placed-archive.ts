/**
Image archives that are read where they are: an uncompressed tar file, or a folder with an OCI layout.
*/
import fs from 'node:fs';
import path from 'node:path';
import {entryName} from '../archive/entry-name.js';
import {openForReading, readRegion, readRegionSync, type FileRegion} from '../archive/file-region.js';
import {indexTar, resolveEntry} from '../archive/tar-index.js';
import {errorCode, systemError} from '../errors.js';
import type {ArchiveMember, ImageArchive} from './image-archive.js';

/** Takes over the descriptor, unless it throws. */
export function tarArchive(descriptor: number, subject: string): ImageArchive {
	const index = indexTar(descriptor, subject);
	return {
		subject,
		find(name) {
			const found = resolveEntry(index, name);
			if (found?.entry.kind !== 'file') {
				return undefined;
			}

			return regionMember({descriptor, offset: found.entry.offset, sizeBytes: found.entry.sizeBytes, subject: `${subject}: ${found.name}`}, found.name);
		},
		close() {
			fs.closeSync(descriptor);
		},
	};
}

/** A folder; names that lead out of it through symbolic links are not there. */
export function folderArchive(folder: string): ImageArchive {
	const root = fs.realpathSync(folder);
	const open = new Map<string, number>();
	return {
		subject: folder,
		find(unsafeName) {
			const name = entryName(unsafeName);
			const place = name === undefined ? undefined : insideFolder(root, name);
			if (place === undefined || !fs.statSync(place).isFile()) {
				return undefined;
			}

			const descriptor = open.get(place) ?? openForReading(place);
			open.set(place, descriptor);
			return regionMember({descriptor, offset: 0, sizeBytes: fs.fstatSync(descriptor).size, subject: place}, place);
		},
		close() {
			open.forEach(descriptor => {
				fs.closeSync(descriptor);
			});
			open.clear();
		},
	};
}

/** The real path, if it does not leave the folder through a symbolic link. */
function insideFolder(root: string, name: string): string | undefined {
	try {
		const place = fs.realpathSync(path.join(root, name));
		return place.startsWith(`${root}/`) ? place : undefined;
	} catch (error) {
		if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') {
			return undefined;
		}

		throw systemError(`reading ${path.join(root, name)}`, error);
	}
}

function regionMember(region: FileRegion, key: string): ArchiveMember {
	return {
		key,
		subject: region.subject,
		sizeBytes: region.sizeBytes,
		read: () => readRegion(region),
		start: length => readRegionSync({...region, sizeBytes: Math.min(length, region.sizeBytes)}),
	};
}
