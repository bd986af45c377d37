import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {storeFormatVersion} from '../../engine/store/layout.js';
import {nativeLock} from '../../engine/store/native-lock.js';
import {openStore} from '../../engine/store/open-store.js';
import {changeReferences, makeEntry} from '../../engine/store/reference-store.js';
import {parseReference} from '../../engine/oci/reference.js';
import type {Digest} from '../../engine/oci/digest.js';
import {assertSound, nativeProgram, reopen, temporaryFolder, testStore} from '../helpers/image-lab.js';

const modes = (root: string) => fs.statSync(root).mode & 0o777;

test('a new store is an OCI layout that only its owner can enter', t => {
	const {layout} = testStore(t);
	t.is(fs.readFileSync(layout.version, 'utf8'), `${storeFormatVersion}\n`);
	t.deepEqual(JSON.parse(fs.readFileSync(layout.ociLayout, 'utf8')), {imageLayoutVersion: '1.0.0'});
	t.deepEqual((JSON.parse(fs.readFileSync(layout.index, 'utf8')) as {manifests: unknown}).manifests, []);
	t.is(modes(layout.root), 0o700);
	t.is(modes(layout.run), 0o700);
	const names = fs.readdirSync(layout.root);
	for (const name of ['blobs', 'containers', 'execs', 'index.json', 'layers', 'names', 'oci-layout', 'tmp', 'trash', 'version']) {
		t.true(names.includes(name), name);
	}
});

test('opening again changes nothing', t => {
	const store = testStore(t);
	const before = fs.statSync(store.layout.index).ino;
	const again = reopen(store);
	t.is(fs.statSync(again.layout.index).ino, before);
	assertSound(t, again);
});

test('a half-made store is completed without losing what is in it', t => {
	const store = testStore(t);
	const entry = makeEntry({mediaType: 'x', digest: `sha256:${'a'.repeat(64)}` as Digest, size: 1}, parseReference('a:b'));
	changeReferences(store, () => ({entries: [entry], result: undefined}));
	fs.rmSync(store.layout.version);
	fs.rmSync(store.layout.trash, {recursive: true});
	const index = fs.readFileSync(store.layout.index);
	reopen(store);
	t.deepEqual(fs.readFileSync(store.layout.index), index);
	t.true(fs.existsSync(store.layout.trash));
});

test('the store of a newer tug is refused, with what to do', t => {
	const store = testStore(t);
	fs.writeFileSync(store.layout.version, `${storeFormatVersion + 1}\n`);
	const error = t.throws(() => reopen(store), {message: new RegExp(`has format ${storeFormatVersion + 1}; this tug knows up to ${storeFormatVersion}`)});
	t.true(isEngineError(error, 'conflict') && error.code === 'storeTooNew' && (error.hint!).includes('update'));
});

test('a damaged or unknown version is refused', t => {
	const store = testStore(t);
	for (const text of ['', 'x', '-1', '1.5', '99999999999']) {
		fs.writeFileSync(store.layout.version, text);
		t.throws(() => reopen(store), {message: /version is damaged/});
	}

	fs.writeFileSync(store.layout.version, '0');
	t.throws(() => reopen(store), {message: /can't be brought to/});
});

test('a place that can\'t be written is said to be so', t => {
	const file = path.join(temporaryFolder(t), 'file');
	fs.writeFileSync(file, '');
	const error = t.throws(() => openStore({root: path.join(file, 'x'), run: path.join(file, 'y')}));
	t.true(isEngineError(error, 'system'));
});

test('someone who may not create it is told to choose another place', t => {
	if (process.getuid!() === 0) {
		t.log('skipped: root may write everywhere');
		t.pass();
		return;
	}

	const error = t.throws(() => openStore({root: '/root/tug-store', run: '/root/tug-run'}), {message: /permission denied/});
	t.regex((error as {hint?: string}).hint ?? '', /TUG_ROOT/);
});

test('work under the store\'s lock excludes other openings of it', async t => {
	const store = testStore(t, nativeProgram(t));
	const other = reopen(store);
	let inside = 0;
	await Promise.all([store, other, store, other].map(async each => each.locked(async () => {
		t.is(++inside, 1);
		await new Promise(resolve => {
			setTimeout(resolve, 5);
		});
		inside--;
	})));
});

test('a lock that another holds is a conflict in the end, one that can\'t be taken says why', async t => {
	const native = nativeProgram(t);
	if (native === undefined) {
		return;
	}

	const take = nativeLock(native);
	const file = path.join(temporaryFolder(t), 'lock');
	const release = await take(file, {waitMs: 1000});
	const error = await t.throwsAsync(take(file, {waitMs: 10}), {message: `${file} is held by another process`});
	t.true(isEngineError(error, 'conflict') && error.code === 'locked');
	await release();
	await (await take(file, {waitMs: 10}))();
	await t.throwsAsync(take('/no/such/folder/lock', {waitMs: 10}), {message: /no such file|No such file/});
	await t.throwsAsync(nativeLock({binary: '/no/such/program', sandboxArguments: []})(file, {waitMs: 10}), {message: /is not there/});
});

test('the lock goes with its holder, however that dies', async t => {
	const native = nativeProgram(t);
	if (native === undefined) {
		return;
	}

	const store = testStore(t, native);
	const module = new URL('../../engine/store/open-store.js', import.meta.url).href;
	const code = `
		const {openStore} = await import(${JSON.stringify(module)});
		const store = openStore(${JSON.stringify({root: store.layout.root, run: store.layout.run, native})});
		await store.locked(async () => {
			process.stdout.write('held');
			await new Promise(resolve => setTimeout(resolve, 60_000));
		});`;
	const child = spawn(process.execPath, ['--input-type=module', '-e', code], {stdio: ['ignore', 'pipe', 'inherit']});
	t.teardown(() => child.kill('SIGKILL'));
	t.is(String((await once(child.stdout, 'data'))[0]), 'held');
	let isHeld = true;
	const waiting = store.locked(() => {
		isHeld = false;
	});
	await new Promise(resolve => {
		setTimeout(resolve, 50);
	});
	t.true(isHeld);
	child.kill('SIGKILL');
	await waiting;
	t.false(isHeld);
});
