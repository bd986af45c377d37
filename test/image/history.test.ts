import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {dockerArchive, idOf, imageLab, layerWith, load, temporaryFolder, type TestImage} from '../helpers/image-lab.js';

const image: TestImage = {
	layers: [layerWith('one', '1'), layerWith('two', '22')],
	tags: ['app:1', 'app:2'],
	history: [
		{created: '2026-01-01T00:00:00Z', created_by: 'ADD one'},
		{created: '2026-01-01T00:00:01Z', created_by: 'ENV A=1', empty_layer: true},
		{created: '2026-01-01T00:00:02Z', created_by: 'ADD two', comment: 'second'},
		{created: '2026-01-01T00:00:03Z', created_by: 'CMD x', empty_layer: true},
	],
};
const sharing: TestImage = {layers: [image.layers[0]!, layerWith('other', '333')], tags: ['other:1'], history: []};

test('history is newest first, with sizes where a layer was made', async t => {
	const lab = imageLab(t);
	if (lab === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'in.tar');
	fs.writeFileSync(file, dockerArchive(image, sharing));
	await load(lab.images, {path: file});
	t.deepEqual(lab.images.history('app:1').map(entry => [entry.createdBy, entry.sizeBytes, entry.comment]), [['CMD x', 0, ''], ['ADD two', 2, 'second'], ['ENV A=1', 0, ''], ['ADD one', 1, '']]);
	t.is(lab.images.history('app:1')[0]!.id as string, idOf(image));
	t.is(lab.images.history('app:1')[0]!.references.length, 2);
	t.is(lab.images.history('app:1')[1]!.id, undefined);

	// Layers base first, with whoever else has them; an image without history has its layers all the same.
	t.deepEqual(lab.images.layers('app:1').map(layer => [layer.createdBy, layer.sizeBytes, layer.sharedWith.map(other => other.id)]), [['ADD one', 1, [lab.images.inspect('other:1').id]], ['ADD two', 2, []]]);
	t.deepEqual(lab.images.history('other:1').map(entry => entry.sizeBytes), [3, 1]);
	t.deepEqual(lab.images.layers('other:1').map(layer => layer.sizeBytes), [1, 3]);
});
