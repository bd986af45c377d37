import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {encodeHeader, parseHeader} from '../../engine/archive/tar-header.js';
import {indexTar, resolveEntry, type TarIndexEntry} from '../../engine/archive/tar-index.js';
import {readTarStream} from '../../engine/archive/tar-stream.js';
import {writeTar, type TarPart} from '../../engine/archive/tar-writer.js';
import {tarOf, temporaryFolder, withChecksum} from '../helpers/image-lab.js';

async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
	for (let offset = 0; offset < data.length; offset += size) {
		yield data.subarray(offset, offset + size);
	}
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
	const all: Buffer[] = [];
	for await (const piece of source) {
		all.push(Buffer.from(piece));
	}

	return Buffer.concat(all);
}

/** Contents by name, once through the index and once through the stream: both must agree. */
async function readBoth(t: ExecutionContext, data: Buffer): Promise<Map<string, string>> {
	const file = path.join(temporaryFolder(t), 'x.tar');
	fs.writeFileSync(file, data);
	const descriptor = fs.openSync(file, 'r');
	t.teardown(() => {
		fs.closeSync(descriptor);
	});
	const placed = new Map<string, string>();
	for (const [name, entry] of indexTar(descriptor, 'x.tar')) {
		placed.set(name, entry.kind === 'link' ? `-> ${entry.target}` : data.toString('utf8', entry.offset, entry.offset + entry.sizeBytes));
	}

	for (const size of [1, 511, 512, 65_536]) {
		const streamed = new Map<string, string>();
		for await (const {header, body} of readTarStream(pieces(data, size), 'x.tar')) {
			if (header.kind === 'file') {
				streamed.set(header.name.replace(/^(\.\/)+/, ''), String(await collect(body)));
			}
		}

		t.deepEqual(streamed, new Map([...placed].filter(([, content]) => !content.startsWith('-> '))), `pieces of ${size}`);
	}

	return placed;
}

const formats = ['v7', 'ustar', 'gnu', 'oldgnu', 'posix'];

for (const format of formats) {
	test(`GNU tar's ${format} form is read`, async t => {
		const folder = temporaryFolder(t);
		fs.mkdirSync(path.join(folder, 'a/b'), {recursive: true});
		fs.writeFileSync(path.join(folder, 'a/one'), 'first');
		fs.writeFileSync(path.join(folder, 'a/b/two'), 'x'.repeat(1000));
		fs.writeFileSync(path.join(folder, 'a/empty'), '');
		fs.symlinkSync('../a/one', path.join(folder, 'a/link'));
		fs.linkSync(path.join(folder, 'a/one'), path.join(folder, 'a/twin'));
		const data = execFileSync('tar', ['-C', folder, `--format=${format}`, '--sort=name', '-cf', '-', '.']);
		const found = await readBoth(t, data);
		t.is(found.get('a/one'), 'first');
		t.is(found.get('a/b/two'), 'x'.repeat(1000));
		t.is(found.get('a/empty'), '');
		t.is(found.get('a/link'), '-> a/one');
		t.is(found.get('a/twin'), '-> a/one');
	});
}

for (const format of ['gnu', 'posix', 'ustar']) {
	test(`long names in GNU tar's ${format} form are read`, async t => {
		const folder = temporaryFolder(t);
		const name = `${'d'.repeat(90)}/${'e'.repeat(90)}/f`;
		fs.mkdirSync(path.join(folder, path.dirname(name)), {recursive: true});
		fs.writeFileSync(path.join(folder, name), 'deep');
		t.is((await readBoth(t, execFileSync('tar', ['-C', folder, `--format=${format}`, '-cf', '-', name]))).get(name), 'deep');
	});
}

test('names in UTF-8 and links longer than a header are read', async t => {
	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'größe'), 'x');
	fs.mkdirSync(path.join(folder, 't'.repeat(120)));
	fs.symlinkSync(`${'t'.repeat(120)}/x`, path.join(folder, 'link'));
	for (const format of ['gnu', 'posix']) {
		const found = await readBoth(t, execFileSync('tar', ['-C', folder, `--format=${format}`, '-cf', '-', '.']));
		t.is(found.get('größe'), 'x');
		t.is(found.get('link'), `-> ${'t'.repeat(120)}/x`);
	}
});

test('of several entries with one name the last counts', async t => {
	t.is((await readBoth(t, tarOf([{name: 'x', data: 'old'}, {name: './x', data: 'new'}]).subarray(0))).size, 1);
});

test('entries that would leave the archive have no name', t => {
	const data = tarOf([{name: '../up', data: '1'}, {name: '/abs', data: '2'}, {name: 'a/../../b', data: '3'}, {name: 'in', symlink: '../../etc/passwd'}, {name: 'out', symlink: '/etc/passwd'}, {name: 'hard', hardlink: '../x'}]);
	const file = path.join(temporaryFolder(t), 'x.tar');
	fs.writeFileSync(file, data);
	const descriptor = fs.openSync(file, 'r');
	t.deepEqual([...indexTar(descriptor, 'x').keys()], []);
	fs.closeSync(descriptor);
});

test('links are followed inside the archive, not in circles', t => {
	const entries = new Map<string, TarIndexEntry>([
		['a', {kind: 'file', offset: 1, sizeBytes: 2}],
		['b', {kind: 'link', target: 'a'}],
		['c', {kind: 'link', target: 'b'}],
		['x', {kind: 'link', target: 'y'}],
		['y', {kind: 'link', target: 'x'}],
		['gone', {kind: 'link', target: 'nowhere'}],
	]);
	t.is(resolveEntry(entries, './c')?.name, 'a');
	t.is(resolveEntry(entries, 'x'), undefined);
	t.is(resolveEntry(entries, 'gone'), undefined);
	t.is(resolveEntry(entries, '../a'), undefined);
});

async function errorsOf(t: ExecutionContext, data: Buffer): Promise<readonly string[]> {
	const file = path.join(temporaryFolder(t), 'x.tar');
	fs.writeFileSync(file, data);
	const descriptor = fs.openSync(file, 'r');
	const errors: string[] = [];
	const note = (error: unknown) => {
		t.true(isEngineError(error, 'invalidParameter'), String(error));
		errors.push((error as Error).message);
	};

	try {
		indexTar(descriptor, 'x.tar');
	} catch (error) {
		note(error);
	} finally {
		fs.closeSync(descriptor);
	}

	try {
		for await (const {body} of readTarStream(pieces(data, 4096), 'x.tar')) {
			await collect(body);
		}
	} catch (error) {
		note(error);
	}

	return errors;
}

test('a truncated archive is refused wherever it is cut inside an entry', async t => {
	const data = tarOf([{name: 'one', data: 'x'.repeat(2000)}, {name: 'two', data: 'y'.repeat(700)}]);
	for (const length of [100, 512 + 1, 512 + 1999, 512 + 2048 + 300, 512 + 2048 + 512 + 699]) {
		const errors = await errorsOf(t, data.subarray(0, length));
		t.is(errors.length, 2, `cut at ${length}`);
		errors.forEach(message => t.regex(message, /x\.tar is cut off inside/));
	}
});

test('a flipped bit anywhere in a header is noticed', async t => {
	const data = tarOf([{name: 'one', data: 'x'}]);
	for (let offset = 0; offset < 512; offset += offset === 147 ? 14 : 7) { // 154 and 155 only end the checksum itself.
		const damaged = Buffer.from(data);
		damaged[offset]! ^= 1;
		const errors = await errorsOf(t, damaged);
		t.is(errors.length, 2, `byte ${offset}`);
		t.regex(errors[0]!, /damaged at byte 0/);
	}
});

test('extended headers that lie about their size are refused', async t => {
	const pax = encodeHeader({name: 'pax', sizeBytes: 12});
	pax.write('x', 156);
	for (const record of ['999 path=a\n', '0 path=a\n', 'abc path=ab\n']) {
		const errors = await errorsOf(t, Buffer.concat([withChecksum(pax), Buffer.from(record.padEnd(512, '\0')), Buffer.alloc(1024)]));
		t.regex(errors[0] ?? '', /damaged pax header/, record);
	}

	const huge = encodeHeader({name: 'long', sizeBytes: 3 * 1024 * 1024});
	huge.write('L', 156);
	t.regex((await errorsOf(t, Buffer.concat([withChecksum(huge), Buffer.alloc(3 * 1024 * 1024)])))[0]!, /extended header of 3145728 bytes/);
});

test('sizes beyond what numbers hold are refused', t => {
	const block = encodeHeader({name: 'x', sizeBytes: 0});
	block.fill(0xFF, 124, 136);
	t.throws(() => parseHeader(withChecksum(block)), {message: /impossible size/});
	const octal = encodeHeader({name: 'x', sizeBytes: 0});
	octal.write('9zzzzzzzzzz', 124);
	t.throws(() => parseHeader(withChecksum(octal)), {message: /impossible size/});
});

test('sizes over 8 GiB are written so that GNU tar reads them', t => {
	const header = encodeHeader({name: 'big', sizeBytes: 9 * (1024 ** 3)});
	t.is(parseHeader(header)?.sizeBytes, 9 * (1024 ** 3));
	const listed = execFileSync('sh', ['-c', 'tar tvf - 2>/dev/null || true'], {input: header, encoding: 'utf8'});
	t.regex(listed, / 9663676416 /);
});

test('what is written GNU tar lists and unpacks, and twice the same bytes come out', async t => {
	const folder = temporaryFolder(t);
	const parts: TarPart[] = [
		{kind: 'directory', name: 'blobs'},
		{kind: 'bytes', name: 'blobs/a', data: Buffer.from('content')},
		{kind: 'bytes', name: 'empty', data: Buffer.alloc(0)},
		{
			kind: 'stream',
			name: 'blobs/b',
			sizeBytes: 1500,
			async* read() {
				yield Buffer.alloc(1000, 'b');
				yield Buffer.alloc(500, 'c');
			},
		},
	];
	const data = await collect(writeTar(parts));
	t.deepEqual(data, await collect(writeTar(parts)));
	t.is(data.length % 512, 0);
	execFileSync('tar', ['-C', folder, '-xf', '-'], {input: data});
	t.is(fs.readFileSync(path.join(folder, 'blobs/a'), 'utf8'), 'content');
	t.is(fs.readFileSync(path.join(folder, 'blobs/b'), 'utf8'), 'b'.repeat(1000) + 'c'.repeat(500));
	t.is(fs.statSync(path.join(folder, 'empty')).size, 0);
	t.is((await readBoth(t, data)).size, 3);
});
