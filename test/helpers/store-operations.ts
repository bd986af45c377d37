/** What is done to a store in the tests that let each of its steps go wrong. */
import {Buffer} from 'node:buffer';
import fs from 'node:fs';
import type {ImageService} from '../../engine/image/image-service.js';

type Sources = {readonly archive: string; readonly rootfs: string};

/** Each may be repeated after it failed, and then does what was meant. */
export const operations = {
	async load(images: ImageService, {archive}: Sources) {
		for await (const _message of images.load({path: archive})) {
			// To its end.
		}
	},
	async loadStream(images: ImageService, {archive}: Sources) {
		for await (const _message of images.load(fs.createReadStream(archive))) {
			// To its end.
		}
	},
	async import(images: ImageService, {rootfs}: Sources) {
		await images.import({path: rootfs}, {reference: 'imported:1'});
	},
	async save(images: ImageService) {
		const pieces: Buffer[] = [];
		for await (const piece of images.save(['present:1'])) {
			pieces.push(piece as Buffer);
		}

		if (Buffer.concat(pieces).length % 512 !== 0) {
			throw new Error('the archive is not whole');
		}
	},
	async tag(images: ImageService) {
		await images.tag('present:1', 'other:2');
	},
	async untag(images: ImageService) {
		await unlessGone(async () => images.remove('present:also'));
	},
	async remove(images: ImageService) {
		await unlessGone(async () => images.remove('present:1'));
		await unlessGone(async () => images.remove('present:also'));
	},
	async prune(images: ImageService) {
		await images.prune({filters: {dangling: ['false']}});
	},
};

export type OperationName = keyof typeof operations;

async function unlessGone(work: () => Promise<unknown>): Promise<void> {
	try {
		await work();
	} catch (error) {
		if ((error as {kind?: string}).kind !== 'notFound') {
			throw error;
		}
	}
}
