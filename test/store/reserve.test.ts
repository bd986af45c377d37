/** A disk that is full to the last block: what takes things away still works, and then everything else. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {keepReserve, useReserve} from '../../engine/store/reserve.js';
import {dockerArchive, imageLab, layerWith, temporaryFolder, testStore, type TestImage} from '../helpers/image-lab.js';
import {moduleUrl, onSmallDisk} from '../helpers/small-disk.js';

test('a full disk can be freed by removing an image', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const image: TestImage = {layers: [layerWith('file', 'x'.repeat(100_000))], tags: ['full:1', 'full:2']};
	const archive = path.join(temporaryFolder(t), 'image.tar');
	fs.writeFileSync(archive, dockerArchive(image));
	const result = await onSmallDisk(t, '8m', `
		import fs from 'node:fs';
		import {openStore} from ${moduleUrl('store/open-store.js')};
		import {verifyStore} from ${moduleUrl('store/verify-store.js')};
		import {imageService} from ${moduleUrl('image/image-service.js')};
		const disk = process.argv[1];
		const store = openStore({root: disk + '/root', run: disk + '/run', native: ${JSON.stringify(lab.store.native)}});
		const images = imageService(store);
		for await (const _ of images.load({path: ${JSON.stringify(archive)}}));
		const fill = () => {
			const descriptor = fs.openSync(disk + '/fill', 'a');
			try {
				for (;;) fs.writeSync(descriptor, Buffer.alloc(4096));
			} catch {}
			fs.closeSync(descriptor);
		};
		const outcome = async work => work().then(() => 'done', error => error.code + ' ' + error.hint);
		fill();
		const steps = {
			tag: await outcome(() => images.tag('full:1', 'other:1')),
			untag: await outcome(() => images.remove('full:2')),
			remove: await outcome(() => images.remove('full:1')),
			names: images.list().length,
			reserveWhileFull: fs.existsSync(store.layout.reserve),
			problems: verifyStore(store, {tidy: true}),
		};
		fs.unlinkSync(disk + '/fill');
		for await (const _ of images.load({path: ${JSON.stringify(archive)}}));
		await images.remove('full:2');
		console.log(JSON.stringify({...steps, reserve: fs.statSync(store.layout.reserve).size}));`);
	if (result !== undefined) {
		t.deepEqual(result, {
			tag: 'ENOSPC The disk is full: free some space (tug image prune, tug container prune) and try again.',
			untag: 'done',
			remove: 'done',
			names: 0,
			reserveWhileFull: false,
			problems: [],
			reserve: 1024 * 1024,
		});
	}
});

test('with room on the disk the reserve is made once and stays', t => {
	const {layout} = testStore(t);
	const {ino, size, blocks} = fs.statSync(layout.reserve);
	t.is(size, 1024 * 1024);
	t.true(blocks * 512 >= size, 'it has its blocks');
	useReserve(layout);
	keepReserve(layout);
	t.is(fs.statSync(layout.reserve).ino, ino);
	fs.unlinkSync(layout.reserve); // A store of before.
	useReserve(layout);
	keepReserve(layout);
	t.is(fs.statSync(layout.reserve).size, size);
});

test('a store that is gone is no error of the reserve', t => {
	const {layout} = testStore(t);
	fs.rmSync(layout.root, {recursive: true});
	t.notThrows(() => {
		useReserve(layout);
		keepReserve(layout);
	});
	t.false(fs.existsSync(layout.root));
});
