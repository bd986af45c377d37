/** A disk that is full to the last block: what takes things away still works, and then everything else. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {imageService} from '../../engine/image/image-service.js';
import {openStore} from '../../engine/store/open-store.js';
import {keepReserve, useReserve} from '../../engine/store/reserve.js';
import {assertSound, dockerArchive, imageLab, layerWith, load, temporaryFolder, testStore, type TestImage} from '../helpers/image-lab.js';
import {mountTmpfs} from '../helpers/small-disk.js';

test('a full disk can be freed by removing an image', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const image: TestImage = {layers: [layerWith('file', 'x'.repeat(100_000))], tags: ['full:1', 'full:2']};
	const archive = path.join(temporaryFolder(t), 'image.tar');
	fs.writeFileSync(archive, dockerArchive(image));
	const disk = mountTmpfs(t, 8 * 1024 * 1024);
	if (disk === undefined) {
		return;
	}

	const store = openStore({root: path.join(disk, 'root'), run: path.join(disk, 'run'), native: lab.store.native, mapping: lab.store.mapping});
	const images = imageService(store);
	await load(images, {path: archive});
	fill(path.join(disk, 'fill'));
	await t.throwsAsync(images.tag('full:1', 'other:1'), {code: 'ENOSPC', message: /index\.json/});
	await images.remove('full:2');
	await images.remove('full:1');
	t.deepEqual(images.list(), []);
	t.false(fs.existsSync(store.layout.reserve), 'there is no room for it yet');
	assertSound(t, store);

	fs.unlinkSync(path.join(disk, 'fill'));
	await load(images, {path: archive});
	await images.remove('full:2');
	t.is(fs.statSync(store.layout.reserve).size, 1024 * 1024);
	assertSound(t, store);
});

/** To the last block. */
function fill(file: string): void {
	const descriptor = fs.openSync(file, 'w');
	const page = Buffer.alloc(4096);
	try {
		for (;;) {
			fs.writeSync(descriptor, page);
		}
	} catch {} // ENOSPC

	fs.closeSync(descriptor);
}

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
