/** Layers unpacked when there was one user id only, once there are more. */
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {encodeHeader} from '../../engine/archive/tar-header.js';
import {imageService} from '../../engine/image/image-service.js';
import type {ImageHooks} from '../../engine/image/image.js';
import {openStore, type Store} from '../../engine/store/open-store.js';
import {assertSound, dockerArchive, load, nativeProgram, temporaryFolder, withChecksum} from '../helpers/image-lab.js';

/** One file of user 33, as a layer. */
function layerOf33(): Buffer {
	const header = encodeHeader({name: 'owned', sizeBytes: 2});
	header.write('0000041\0', 108, 'latin1');
	header.write('0000041\0', 116, 'latin1');
	const data = Buffer.alloc(512);
	data.write('hi');
	return Buffer.concat([withChecksum(header), data, Buffer.alloc(1024)]);
}

type Lab = {readonly squashed: Store; readonly whole: Store; readonly archive: string};

/** The same store as a user sees it who has one id, and later more. Only root can give files away without a sandbox. */
async function lab(t: ExecutionContext): Promise<Lab | undefined> {
	const native = nativeProgram(t);
	if (native === undefined) {
		return undefined;
	}

	if (process.getuid!() !== 0) {
		t.log('skipped: needs root');
		t.pass();
		return undefined;
	}

	const folder = temporaryFolder(t);
	const open = (single: boolean) => openStore({root: path.join(folder, 'root'), run: path.join(folder, 'run'), native, mapping: {single}});
	const archive = path.join(folder, 'image.tar');
	fs.writeFileSync(archive, dockerArchive({layers: [layerOf33()], tags: ['owned:1']}));
	const squashed = open(true);
	await load(imageService(squashed), {path: archive});
	return {squashed, whole: open(false), archive};
}

const ownerIn = (store: Store, diffId: Parameters<Store['layout']['layerTree']>[0]) => fs.statSync(path.join(store.layout.layerTree(diffId), 'owned')).uid;

test('they are unpacked again when a container needs them', async t => {
	const stores = await lab(t);
	if (stores === undefined) {
		return;
	}

	const {squashed, whole} = stores;
	const {diffIds} = await imageService(squashed).find('owned:1');
	const [diffId] = diffIds;
	t.true(fs.existsSync(whole.layout.layerSquash(diffId!)));
	t.deepEqual(await imageService(squashed).ensureLayers(diffIds), []);
	t.true(fs.existsSync(whole.layout.layerSquash(diffId!)), 'nothing changes while there is one id');
	const images = imageService(whole);
	t.deepEqual(await Promise.all([images.ensureLayers(diffIds), images.ensureLayers(diffIds)]), [[], []]);
	t.false(fs.existsSync(whole.layout.layerSquash(diffId!)));
	t.is(ownerIn(whole, diffId!), 33);
	assertSound(t, whole);
});

test('one that is mounted stays as it is, and whoever needs it is told', async t => {
	const stores = await lab(t);
	if (stores === undefined) {
		return;
	}

	const {whole} = stores;
	let isMounted = true;
	const images = (hooks: ImageHooks = {}) => imageService(whole, hooks);
	const {diffIds} = await images().find('owned:1');
	const mountedLayers = () => new Set(isMounted ? diffIds : []);
	const inode = fs.statSync(whole.layout.layerTree(diffIds[0]!)).ino;
	const [warning, ...others] = await images({mountedLayers}).ensureLayers(diffIds);
	t.regex(warning ?? '', /one user id; stop the containers that use it/);
	t.deepEqual(others, []);
	t.is(fs.statSync(whole.layout.layerTree(diffIds[0]!)).ino, inode);
	isMounted = false;
	t.deepEqual(await images({mountedLayers}).ensureLayers(diffIds), []);
	t.is(ownerIn(whole, diffIds[0]!), 33);
});

test('without its blob it is used as it is, and the warning says what to do', async t => {
	const stores = await lab(t);
	if (stores === undefined) {
		return;
	}

	const {whole} = stores;
	const {diffIds} = await imageService(whole).find('owned:1');
	fs.rmSync(whole.layout.blob(diffIds[0]! as string as Parameters<Store['layout']['blob']>[0]));
	const warnings = await imageService(whole).ensureLayers(diffIds);
	t.is(warnings.length, 1);
	t.regex(warnings[0]!, /load it again/);
	t.true(fs.existsSync(whole.layout.layerTree(diffIds[0]!)));
});
