import {Readable} from 'node:stream';
import test from 'ava';
import {imageCatalog} from '../../engine/image/image-catalog.js';
import {imageDiskUsage} from '../../engine/image/disk-usage.js';
import {dockerArchive, idOf, imageLab, layerWith, load, type TestImage} from '../helpers/image-lab.js';

const shared = layerWith('shared', 'x'.repeat(5000));
const one: TestImage = {layers: [shared, layerWith('one', 'y'.repeat(300))], tags: ['one:1']};
const two: TestImage = {layers: [shared, layerWith('two', 'z'.repeat(70))], tags: ['two:1']};

test('layers count once, what is shared is told, and what is in use is not to be had back', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	await load(lab.images, Readable.from([dockerArchive(one, two)]));
	const usage = async (used: readonly string[]) => imageDiskUsage({store: lab.store, catalog: imageCatalog(lab.store), hooks: {containersUsing: id => (used.includes(id) ? [{id: 'c', isRunning: false}] : [])}});
	const idle = await usage([]);
	t.is(idle.layersBytes, 5370);
	t.deepEqual(idle.images.map(({image, sharedBytes, containers}) => [image.id, image.sizeBytes, sharedBytes, containers] as const).sort(([, size], [, other]) => other - size), [[idOf(one), 5300, 5000, 0], [idOf(two), 5070, 5000, 0]]);
	t.is(idle.reclaimableBytes, idle.diskBytes);
	const busy = await usage([idOf(one)]);
	t.is(busy.diskBytes, idle.diskBytes);
	const {reclaimedBytes} = await lab.images.prune({filters: {dangling: ['false']}});
	t.is(reclaimedBytes, idle.diskBytes);
	const empty = await usage([]);
	t.deepEqual([empty.diskBytes, empty.reclaimableBytes, empty.images.length], [0, 0, 0]);
});

test('what is promised is what pruning gives', async t => {
	const used = new Set<string>();
	const lab = imageLab(t, {containersUsing: id => (used.has(id) ? [{id: 'c', isRunning: true}] : [])});
	if (lab === undefined) {
		return;
	}

	await load(lab.images, Readable.from([dockerArchive(one, two)]));
	used.add(idOf(one));
	const {reclaimableBytes} = await lab.images.diskUsage();
	t.true(reclaimableBytes > 0);
	t.is((await lab.images.prune({filters: {dangling: ['false']}})).reclaimedBytes, reclaimableBytes);
	t.is((await lab.images.diskUsage()).reclaimableBytes, 0);
});
