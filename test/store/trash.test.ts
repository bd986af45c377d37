import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {createScratch} from '../../engine/store/scratch.js';
import {removeTrees} from '../../engine/store/trash.js';
import {nativeProgram, temporaryFolder, testStore} from '../helpers/image-lab.js';

/** The folder of a container, as a stopped one leaves it. `volatile`: what overlayfs keeps of one that does not sync. */
function containerFolder(folder: string, {written = [], isVolatile = true}: {readonly written?: readonly string[]; readonly isVolatile?: boolean} = {}): string {
	for (const part of ['fs/upper', 'fs/work/work', 'rootfs', 'log', 'execs']) {
		fs.mkdirSync(path.join(folder, part), {recursive: true});
	}

	for (const file of ['config.json', 'status.json', 'hosts', 'log/container.log', ...written.map(name => `fs/upper/${name}`)]) {
		fs.mkdirSync(path.dirname(path.join(folder, file)), {recursive: true});
		fs.writeFileSync(path.join(folder, file), 'x');
	}

	if (isVolatile) {
		fs.mkdirSync(path.join(folder, 'fs/work/work/incompat/volatile'), {recursive: true});
		fs.writeFileSync(path.join(folder, 'fs/work/work/incompat/volatile/dirty'), '');
	}

	fs.chmodSync(path.join(folder, 'fs/work/work'), 0);
	return folder;
}

async function isEmptied(t: ExecutionContext, folder: string): Promise<void> {
	for (let attempt = 0; attempt < 500 && fs.readdirSync(folder).length > 0; attempt++) {
		await delay(20);
	}

	t.deepEqual(fs.readdirSync(folder), []);
}

for (const isVolatile of [true, false]) {
	test(`a container that has written nothing is gone at once, without a process for it (volatile: ${String(isVolatile)})`, t => {
		const store = testStore(t); // It has no native program
		const folder = containerFolder(path.join(store.layout.containers, 'one'), {isVolatile});
		removeTrees(store, [folder]);
		t.false(fs.existsSync(folder));
		t.deepEqual(fs.readdirSync(store.layout.trash), []);
	});
}

test('what a container has written goes in the background, links and all, and nothing beyond it', async t => {
	const native = nativeProgram(t);
	if (native === undefined) {
		return;
	}

	const store = testStore(t, native);
	const outside = temporaryFolder(t);
	fs.writeFileSync(path.join(outside, 'kept'), '');
	const folder = containerFolder(path.join(store.layout.containers, 'one'), {written: ['etc/passwd', 'fs/work/deep', 'log/x']});
	for (const place of ['fs/upper/link', 'fs/upper/fs/link', 'log/link', 'link']) {
		fs.symlinkSync(outside, path.join(folder, place));
	}

	removeTrees(store, [folder]);
	t.false(fs.existsSync(folder));
	await isEmptied(t, store.layout.trash);
	t.deepEqual(fs.readdirSync(outside), ['kept']);
});

test('a link to a folder is removed, not entered', t => {
	const store = testStore(t);
	const outside = temporaryFolder(t);
	fs.mkdirSync(path.join(outside, 'fs'));
	fs.writeFileSync(path.join(outside, 'kept'), '');
	const folder = path.join(store.layout.containers, 'one');
	fs.mkdirSync(folder);
	fs.symlinkSync(outside, path.join(folder, 'fs'));
	fs.symlinkSync(outside, path.join(store.layout.containers, 'link'));
	removeTrees(store, [folder, path.join(store.layout.containers, 'link')]);
	t.deepEqual(fs.readdirSync(store.layout.trash), []);
	t.deepEqual(fs.readdirSync(outside).sort(), ['fs', 'kept']);
});

test('many files are not deleted while somebody waits', async t => {
	const native = nativeProgram(t);
	if (native === undefined) {
		return;
	}

	const store = testStore(t, native);
	const folder = path.join(store.layout.containers, 'one');
	fs.mkdirSync(folder);
	for (let index = 0; index < 200; index++) {
		fs.writeFileSync(path.join(folder, String(index)), '');
	}

	removeTrees(store, [folder]);
	await isEmptied(t, store.layout.trash);
});

test('an empty scratch folder, and one with something left in it, are both gone', t => {
	const store = testStore(t);
	const empty = createScratch(store);
	empty.remove();
	empty.remove();
	const full = createScratch(store);
	fs.writeFileSync(full.path('blob'), 'half');
	full.remove();
	t.deepEqual(fs.readdirSync(store.layout.temporary), []);
	t.deepEqual(fs.readdirSync(store.layout.trash), []);
});
