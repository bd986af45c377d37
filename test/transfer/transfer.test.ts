import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {packTree} from '../../source/transfer/pack-tree.js';
import {encodeEntry, padding, type TarEntry} from '../../source/transfer/tar-entry.js';
import {unpackTree} from '../../source/transfer/unpack-tree.js';

function folder(t: ExecutionContext): string {
	const made = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'tug-transfer-')));
	t.teardown(() => {
		fs.rmSync(made, {recursive: true, force: true});
	});
	return made;
}

async function bytesOf(source: AsyncIterable<Buffer>): Promise<Buffer> {
	const pieces: Buffer[] = [];
	for await (const piece of source) {
		pieces.push(piece);
	}

	return Buffer.concat(pieces);
}

async function * inPieces(data: Buffer, size = 700): AsyncGenerator<Buffer> {
	for (let offset = 0; offset < data.length; offset += size) {
		yield data.subarray(offset, offset + size);
	}
}

/** A tree with whatever a plain user can make. */
function plant(root: string): void {
	fs.mkdirSync(path.join(root, 'sub/deep'), {recursive: true});
	fs.writeFileSync(path.join(root, 'file'), 'content');
	fs.writeFileSync(path.join(root, 'empty'), '');
	fs.writeFileSync(path.join(root, 'big'), Buffer.alloc(1_500_001, 'ab'));
	fs.writeFileSync(path.join(root, 'sub/deep/ünïcode name'), 'x', {mode: 0o640});
	fs.writeFileSync(path.join(root, 'sub', 'l'.repeat(200)), 'long');
	fs.symlinkSync('../file', path.join(root, 'sub/link'));
	fs.symlinkSync(`/${'t'.repeat(150)}`, path.join(root, 'long-link'));
	fs.linkSync(path.join(root, 'file'), path.join(root, 'hard'));
	fs.chmodSync(path.join(root, 'sub/deep'), 0o711);
	fs.utimesSync(path.join(root, 'file'), 1_600_000_000.25, 1_600_000_000.25);
	spawnSync('mkfifo', [path.join(root, 'pipe')]);
}

test('what is packed unpacks to the same', async t => {
	const [from, to] = [folder(t), folder(t)];
	plant(from);
	const archive = await bytesOf(packTree({source: from, name: 'top', keepsOwner: true}));
	await unpackTree(inPieces(archive), {directory: to, rename: ['top', 'copy'], keepsOwner: true});
	const listing = (root: string) => spawnSync('find', ['.', '-printf', '%P %y %m %l %T@\n'], {cwd: root, encoding: 'utf8'}).stdout.replaceAll(/(\.\d{4})\d+$/gm, '$1').split('\n').sort(); // Node sets times to some microseconds
	t.deepEqual(listing(path.join(to, 'copy')), listing(from));
	t.deepEqual(fs.readFileSync(path.join(to, 'copy/big')), fs.readFileSync(path.join(from, 'big')));
	t.is(fs.statSync(path.join(to, 'copy/file')).ino, fs.statSync(path.join(to, 'copy/hard')).ino);
});

test('GNU tar reads what is packed', async t => {
	const from = folder(t);
	plant(from);
	const archive = await bytesOf(packTree({source: from, name: 'top', keepsOwner: false}));
	const {stdout, status} = spawnSync('tar', ['-tvf', '-', '--numeric-owner'], {input: archive, encoding: 'utf8'});
	t.is(status, 0);
	t.regex(stdout, /drwx\S+ 0\/0 .* top\/\n/);
	t.regex(stdout, /top\/hard\n|top\/hard link to top\/file/);
	t.true(stdout.includes(`top/sub/${'l'.repeat(200)}`));
});

test('what GNU tar packs is unpacked, in each of its formats', async t => {
	const from = folder(t);
	plant(from);
	for (const format of ['gnu', 'pax', 'ustar']) {
		const to = folder(t);
		const packed = spawnSync('tar', [`--format=${format}`, '-cf', '-', '-C', path.dirname(from), ...(format === 'ustar' ? ['--exclude=llll*'] : []), path.basename(from)], {maxBuffer: 1e8});
		await unpackTree(inPieces(packed.stdout, 10_007), {directory: to, rename: [path.basename(from), ''], keepsOwner: false});
		t.is(fs.readFileSync(path.join(to, 'file'), 'utf8'), 'content', format);
		t.is(fs.existsSync(path.join(to, 'sub', 'l'.repeat(200))), format !== 'ustar');
	}
});

test('the contents alone can be packed', async t => {
	const [from, to] = [folder(t), folder(t)];
	fs.writeFileSync(path.join(from, 'a'), '1');
	await unpackTree(inPieces(await bytesOf(packTree({source: from, name: '.', keepsOwner: false}))), {directory: to, keepsOwner: false});
	t.deepEqual(fs.readdirSync(to), ['a']);
});

const plain: TarEntry = {name: 'x', type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtimeMs: 0, linkName: ''};

function archiveOf(...entries: ReadonlyArray<Partial<TarEntry> & {content?: string}>): Buffer {
	return Buffer.concat([
		...entries.flatMap(({content = '', ...entry}) => [encodeEntry({...plain, sizeBytes: content.length, ...entry}), Buffer.from(content), padding(content.length)]),
		Buffer.alloc(1024),
	]);
}

const hostile = test.macro({
	async exec(t, entries: ReadonlyArray<Partial<TarEntry> & {content?: string}>, expected: RegExp) {
		const outer = folder(t);
		const directory = path.join(outer, 'in');
		fs.mkdirSync(directory);
		fs.writeFileSync(path.join(outer, 'secret'), 'safe');
		await t.throwsAsync(unpackTree(inPieces(archiveOf(...entries)), {directory, keepsOwner: false}), {message: expected});
		t.deepEqual(fs.readdirSync(outer).sort(), ['in', 'secret']);
		t.is(fs.readFileSync(path.join(outer, 'secret'), 'utf8'), 'safe');
	},
	title: title => `an archive that tries ${title!} writes nothing outside`,
});

test('two dots', hostile, [{name: '../secret', content: 'evil'}], /outside itself/);
test('two dots further on', hostile, [{name: 'a/../../secret', content: 'evil'}], /outside itself/);
test('a link to the parent', hostile, [{name: 'l', type: 'symlink', linkName: '..'}, {name: 'l/secret', content: 'evil'}], /not following it/);
test('an absolute link', hostile, [{name: 'l', type: 'symlink', linkName: '/'}, {name: 'l/etc/tug-evil', content: 'evil'}], /not following it/);
test('a hard link out', hostile, [{name: 'h', type: 'hardlink', linkName: '../secret'}, {name: 'h', content: 'evil'}], /outside itself/);
test('a hard link through a link', hostile, [{name: 'l', type: 'symlink', linkName: '..'}, {name: 'h', type: 'hardlink', linkName: 'l/secret'}], /not following it/);
test('a directory in place of a link', hostile, [{name: 'l', type: 'symlink', linkName: '..'}, {name: 'l', type: 'directory', mode: 0o777}], /cannot overwrite non-directory/);

test('an absolute name lands inside', async t => {
	const directory = folder(t);
	await unpackTree(inPieces(archiveOf({name: '/etc/x', content: '1'})), {directory, keepsOwner: false});
	t.is(fs.readFileSync(path.join(directory, 'etc/x'), 'utf8'), '1');
});

test('a file in place of a link does not write through it', async t => {
	const outer = folder(t);
	const directory = path.join(outer, 'in');
	fs.mkdirSync(directory);
	fs.writeFileSync(path.join(outer, 'secret'), 'safe');
	await unpackTree(inPieces(archiveOf({name: 'l', type: 'symlink', linkName: '../secret'}, {name: 'l', content: 'new'})), {directory, keepsOwner: false});
	t.is(fs.readFileSync(path.join(outer, 'secret'), 'utf8'), 'safe');
	t.is(fs.readFileSync(path.join(directory, 'l'), 'utf8'), 'new');
});

test('a set-user-id file loses that when it becomes the caller\'s', async t => {
	const directory = folder(t);
	await unpackTree(inPieces(archiveOf({name: 'su', mode: 0o4755, content: 'x'})), {directory, keepsOwner: false});
	t.is(fs.statSync(path.join(directory, 'su')).mode & 0o7777, 0o755);
});

test('a damaged or short archive is refused', async t => {
	const whole = archiveOf({name: 'a', content: 'x'.repeat(5000)});
	await t.throwsAsync(unpackTree(inPieces(whole.subarray(0, 2000)), {directory: folder(t), keepsOwner: false}), {message: /cut short/});
	const damaged = Buffer.from(whole);
	damaged[10] = 0xFF;
	await t.throwsAsync(unpackTree(inPieces(damaged), {directory: folder(t), keepsOwner: false}), {message: /not a tar archive/});
	await t.throwsAsync(unpackTree(inPieces(Buffer.alloc(512, 'z')), {directory: folder(t), keepsOwner: false}), {message: /not a tar archive/});
});
