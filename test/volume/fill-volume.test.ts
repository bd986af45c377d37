/** volume-fill, the native command, and when it is asked: hostile images, full disks, half-done work. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createEngine} from '../../engine/index.js';
import {fillVolumes} from '../../engine/volume/fill-volume.js';
import {makeVolume, volumeData} from '../../engine/volume/volume-store.js';
import {nativeProgram, temporaryFolder, testStore} from '../helpers/image-lab.js';
import {create, runAttached, until} from '../conformance/behaviour.js';
import {busyboxArchive} from '../helpers/busybox-archive.js';
import {mountTmpfs} from '../helpers/small-disk.js';

function lab(t: ExecutionContext) {
	const native = nativeProgram(t);
	if (native === undefined) {
		return undefined;
	}

	const store = testStore(t, native);
	const folder = temporaryFolder(t);
	const lower = path.join(folder, 'lower');
	const scaffold = path.join(folder, 'scaffold');
	const upper = path.join(folder, 'upper');
	for (const part of [lower, scaffold, upper]) {
		fs.mkdirSync(part);
	}

	makeVolume(store, {version: 1, name: 'data', created: '2026-01-01T00:00:00Z', labels: null, options: null});
	const data = volumeData(store, 'data');
	const fill = async (destination: string) => fillVolumes(store, [{name: 'data', destination}], {lowers: [lower, scaffold], upper});
	return {store, lower, upper, data, fill, native, folder};
}

test('symlinks in the image are followed in the image, never to the host', async t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {lower, data, fill, folder} = made;
	fs.mkdirSync(path.join(folder, 'secret'));
	fs.writeFileSync(path.join(folder, 'secret', 'key'), 'host');
	fs.mkdirSync(path.join(lower, 'real'));
	fs.writeFileSync(path.join(lower, 'real', 'x'), 'image');
	fs.symlinkSync(path.join(folder, 'secret'), path.join(lower, 'absolute'));
	fs.symlinkSync(`${'../'.repeat(20)}${folder.slice(1)}/secret`, path.join(lower, 'climbing'));
	fs.symlinkSync('loop', path.join(lower, 'loop'));
	await fill('/absolute');
	await fill('/climbing');
	await fill('/climbing/../secret');
	t.deepEqual(fs.readdirSync(data), []);
	await t.throwsAsync(async () => fill('/loop'));
	t.deepEqual(fs.readdirSync(path.dirname(data)).sort(), ['_data', 'volume.json']);
	fs.symlinkSync('/real', path.join(lower, 'inside'));
	await fill('/inside');
	t.is(fs.readFileSync(path.join(data, 'x'), 'utf8'), 'image');
	fs.symlinkSync(path.join(folder, 'secret'), path.join(lower, 'real', 'leak'));
	t.deepEqual(fs.readdirSync(data), ['x'], 'one that holds something is left alone');
});

test('symlinks in the image\'s folder are copied as they are', async t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {lower, data, fill} = made;
	fs.mkdirSync(path.join(lower, 'd'));
	for (const [name, target] of [['absolute', '/etc/shadow'], ['climbing', '../../../../etc/shadow'], ['dangling', 'none']] as const) {
		fs.symlinkSync(target, path.join(lower, 'd', name));
	}

	await fill('/d');
	t.deepEqual(fs.readdirSync(data).map(name => `${name} -> ${fs.readlinkSync(path.join(data, name))}`), ['absolute -> /etc/shadow', 'climbing -> ../../../../etc/shadow', 'dangling -> none']);
});

test('attributes, big files, odd names and folders 250 deep are copied', async t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {lower, data, fill} = made;
	const place = path.join(lower, 'd');
	fs.mkdirSync(place);
	const odd = ['new\nline', ' blank ', '-dash', '.wh.whiteout', '.wh..wh..opq', 'ÿ', '\\', 'x'.repeat(255)];
	for (const name of odd) {
		fs.writeFileSync(path.join(place, name), name);
	}

	fs.truncateSync(path.join(place, '-dash'), 50 * 1024 * 1024);
	const hasAttributes = spawnSync('setfattr', ['-n', 'user.note', '-v', 'kept', path.join(place, ' blank ')]).status === 0 && spawnSync('setfattr', ['-n', 'user.top', '-v', 'kept', place]).status === 0;
	let deep = place;
	for (let level = 0; level < 250; level++) {
		deep = path.join(deep, 'deep-deep');
	}

	fs.mkdirSync(deep, {recursive: true});
	await fill('/d');
	t.deepEqual(fs.readdirSync(data).sort(), [...odd, 'deep-deep'].sort());
	t.is(fs.readFileSync(path.join(data, 'new\nline'), 'utf8'), 'new\nline');
	t.like(fs.statSync(path.join(data, '-dash')), {size: 50 * 1024 * 1024});
	t.is(spawnSync('find', [data, '-type', 'd']).stdout.toString().trim().split('\n').length, 251);
	if (hasAttributes) {
		t.is(spawnSync('getfattr', ['--only-values', '-n', 'user.note', path.join(data, ' blank ')]).stdout.toString(), 'kept');
		t.is(spawnSync('getfattr', ['--only-values', '-n', 'user.top', data]).stdout.toString(), 'kept');
	} else {
		t.log('attributes were left out: no setfattr here');
	}
});

test('what covers the image\'s files is copied instead of them, and whiteouts hide', async t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {lower, upper, data, fill} = made;
	for (const [tree, text] of [[lower, 'image'], [upper, 'container']] as const) {
		fs.mkdirSync(path.join(tree, 'd'));
		fs.writeFileSync(path.join(tree, 'd', 'x'), text);
	}

	fs.writeFileSync(path.join(lower, 'd', 'gone'), '');
	const isHidden = spawnSync('mknod', [path.join(upper, 'd', 'gone'), 'c', '0', '0']).status === 0;
	await fill('/d');
	t.is(fs.readFileSync(path.join(data, 'x'), 'utf8'), 'container');
	t.deepEqual(fs.readdirSync(data).sort(), isHidden ? ['x'] : ['gone', 'x']);
});

test('an image without that place costs no process; one with a file there is refused', async t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {store, lower, upper, data, fill} = made;
	const blind = {...store, native: {binary: '/not/there', sandboxArguments: []}};
	const quiet = async (destination: string) => fillVolumes(blind, [{name: 'data', destination}], {lowers: [lower], upper});
	await quiet('/none');
	await quiet('/none/at/all');
	fs.writeFileSync(path.join(lower, 'file'), '');
	await quiet('/file/below');
	await t.throwsAsync(async () => quiet('/file'), {message: /not there/});
	t.like(await t.throwsAsync(async () => fill('/file')), {kind: 'system', message: 'source /file is not directory'});
	fs.writeFileSync(path.join(data, 'mine'), '');
	await quiet('/file');
	await t.throwsAsync(async () => fillVolumes({...store, native: undefined}, [{name: 'data', destination: '/file'}], {lowers: [lower], upper}).then(() => {
		throw new Error('nothing to do is no failure');
	}), {message: 'nothing to do is no failure'});
});

test('leftovers of killed ones are thrown away or finished', async t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {lower, data, fill} = made;
	const volume = path.dirname(data);
	fs.mkdirSync(path.join(lower, 'd'));
	fs.writeFileSync(path.join(lower, 'd', 'x'), 'image');
	fs.mkdirSync(path.join(volume, '_staging', 'half', 'done'), {recursive: true});
	await fill('/d');
	t.deepEqual(fs.readdirSync(data), ['x']);
	t.deepEqual(fs.readdirSync(volume).sort(), ['_data', 'volume.json']);
	fs.mkdirSync(path.join(volume, '_fill'), {mode: 0o711});
	fs.writeFileSync(path.join(volume, '_fill', 'x'), 'late');
	fs.writeFileSync(path.join(volume, '_fill', 'y'), 'late');
	await fill('/none');
	t.deepEqual(fs.readdirSync(data).sort(), ['x', 'y']);
	t.is(fs.readFileSync(path.join(data, 'x'), 'utf8'), 'image', 'what is there goes before what comes late');
	t.is(fs.statSync(data).mode & 0o777, 0o711);
	t.deepEqual(fs.readdirSync(volume).sort(), ['_data', 'volume.json']);
});

for (const [title, options] of [
	['no volume', []],
	['a volume without a path', ['--volume', '/tmp']],
	['a path without a volume', ['--path', '/x']],
	['no root', ['--volume', '/tmp', '--path', '/x']],
	['an unknown option', ['--volumes', '/tmp']],
] as const) {
	test(`volume-fill refuses ${title}`, t => {
		const native = nativeProgram(t);
		if (native !== undefined) {
			const {status, stderr} = spawnSync(native.binary, ['volume-fill', ...options], {encoding: 'utf8'});
			t.is(status, 1);
			t.regex(stderr, /"kind":"invalidParameter"/);
		}
	});
}

test('volume-fill of a volume that is a symlink, or gone, touches nothing', t => {
	const made = lab(t);
	if (made === undefined) {
		return;
	}

	const {lower, upper, native, folder} = made;
	fs.mkdirSync(path.join(lower, 'd'));
	fs.writeFileSync(path.join(lower, 'd', 'x'), '');
	fs.mkdirSync(path.join(folder, 'victim', '_data'), {recursive: true});
	fs.symlinkSync('victim', path.join(folder, 'link'));
	fs.mkdirSync(path.join(folder, 'tricky'));
	fs.symlinkSync('../victim/_data', path.join(folder, 'tricky', '_data'));
	for (const name of ['link', 'none', 'tricky']) {
		const {status} = spawnSync(native.binary, ['volume-fill', ...native.sandboxArguments, '--lower', lower, '--upper', upper, '--volume', path.join(folder, name), '--path', '/d'], {encoding: 'utf8'});
		t.is(status, 1, name);
	}

	t.deepEqual(fs.readdirSync(path.join(folder, 'victim', '_data')), []);
});

test('on a full disk a volume stays empty, the container is not made, and nothing is left over', async t => {
	const folder = nativeProgram(t) === undefined ? undefined : mountTmpfs(t, 24 * 1024 * 1024);
	const archive = folder === undefined ? undefined : await busyboxArchive(temporaryFolder(t));
	if (folder === undefined || archive === undefined) {
		return;
	}

	const engine = await createEngine({root: path.join(folder, 'root'), run: path.join(temporaryFolder(t), 'run')});
	for await (const message of engine.loadImages({path: archive})) {
		t.is(typeof message, 'object');
	}

	const id = await create(engine, ['sh', '-c', 'mkdir /big && head -c 6000000 /dev/urandom > /big/x && head -c 1000 /dev/zero > /big/a']);
	t.is((await runAttached(engine, id)).exitCode, 0);
	await engine.commit({container: id, reference: 'big'});
	await engine.removeContainer(id);
	await until(async () => fs.readdirSync(path.join(folder, 'root', 'trash')).length === 0); // Its files give room in the background
	const {bavail, bsize} = fs.statfsSync(folder);
	const ballast = path.join(folder, 'ballast');
	fs.writeFileSync(ballast, Buffer.alloc(Math.max(0, (bavail * bsize) - 3_000_000)));
	const options = {Image: 'big', Cmd: ['ls', '/v'], HostConfig: {Binds: ['data:/big']}};
	t.like(await t.throwsAsync(async () => engine.createContainer(options)), {kind: 'system', code: 'ENOSPC'});
	t.deepEqual(await engine.listContainers({all: true}), []);
	const {Mountpoint: data} = await engine.inspectVolume('data');
	t.deepEqual(fs.readdirSync(data), []);
	t.deepEqual(fs.readdirSync(path.dirname(data)).sort(), ['_data', 'volume.json']);
	fs.rmSync(ballast);
	const {Id} = await engine.createContainer(options);
	t.deepEqual(fs.readdirSync(data).sort(), ['a', 'x']);
	await engine.removeContainer(Id);
	await engine.close();
});
