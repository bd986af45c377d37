import test from 'ava';
import {formatImageTree, type TreeImage} from '../../source/format/image-tree.js';

const layer = (name: string, size = 1_000_000) => ({diffId: `sha256:${name.repeat(64).slice(0, 64)}`, size});
const image = (id: string, names: readonly string[], ...layers: readonly string[]): TreeImage => ({id: `sha256:${id.repeat(64)}`, names, layers: layers.map(name => layer(name))});

test('images stand under the layers they are made of', t => {
	t.is(formatImageTree([
		image('1', ['base:1', 'base:latest'], 'a'),
		image('2', ['app:1'], 'a', 'b', 'c'),
		image('3', ['app:2'], 'a', 'b', 'd'),
		image('4', [], 'e', 'f'),
	]), [
		'├─layer aaaaaaaaaaaa 1MB  base:1, base:latest',
		'│ └─layer bbbbbbbbbbbb 1MB',
		'│   ├─layer cccccccccccc 1MB  app:1',
		'│   └─layer dddddddddddd 1MB  app:2',
		'└─2 layers up to ffffffffffff 2MB  <none> (444444444444)',
		'',
	].join('\n'));
});

test('no images, no layers, the same layers twice', t => {
	t.is(formatImageTree([]), '');
	t.is(formatImageTree([image('1', ['empty'])]), '└─111111111111 without layers  empty\n');
	t.is(formatImageTree([image('1', ['one'], 'a', 'b'), image('2', ['two'], 'a', 'b')]), '└─2 layers up to bbbbbbbbbbbb 2MB  one, two\n');
	t.is(formatImageTree([image('1', ['one'], 'a', 'a', 'a')]), '└─3 layers up to aaaaaaaaaaaa 3MB  one\n');
});

test('a name can\'t move the cursor', t => {
	t.false(formatImageTree([image('1', ['evil\u001B[2J'], 'a')]).includes('\u001B'));
});
