import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {randomHex} from '../../engine/files/random.js';
import {temporaryFolder} from '../helpers/image-lab.js';

test('ids have two digits a byte and differ', t => {
	const ids = Array.from({length: 200}, () => randomHex(32));
	t.true(ids.every(id => /^[\da-f]{64}$/.test(id)));
	t.is(new Set(ids).size, ids.length);
	t.is(randomHex(4).length, 8);
});

test('without the kernel\'s device, or with a file in its place, ids are as random', t => {
	const folder = temporaryFolder(t);
	const planted = path.join(folder, 'urandom');
	fs.writeFileSync(planted, Buffer.alloc(1024));
	for (const source of [path.join(folder, 'nothing'), planted, folder]) {
		const ids = Array.from({length: 20}, () => randomHex(32, source));
		t.true(ids.every(id => /^[\da-f]{64}$/.test(id) && !/^0+$/.test(id)), source);
		t.is(new Set(ids).size, ids.length, source);
	}
});

test('reading the device leaves no descriptor open', t => {
	const count = () => fs.readdirSync('/proc/self/fd').length;
	const before = count();
	for (let index = 0; index < 50; index++) {
		randomHex(8);
		randomHex(8, '/etc/hostname');
	}

	t.is(count(), before);
});
