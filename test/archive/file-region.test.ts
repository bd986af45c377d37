import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {entryName, linkedName} from '../../engine/archive/entry-name.js';
import {openForReading, readRegion, readRegionSync} from '../../engine/archive/file-region.js';
import {temporaryFolder} from '../helpers/image-lab.js';

const content = randomBytes((3 * 1024 * 1024) + 17);

function open(t: Parameters<typeof temporaryFolder>[0], data = content): number {
	const file = path.join(temporaryFolder(t), 'x');
	fs.writeFileSync(file, data);
	const descriptor = openForReading(file);
	t.teardown(() => {
		fs.closeSync(descriptor);
	});
	return descriptor;
}

for (const [offset, sizeBytes] of [[0, content.length], [0, 0], [1, 1], [512, 512 * 1024], [513, (512 * 1024) + 1], [100, 2_000_000], [content.length, 0]] as const) {
	test(`${sizeBytes} bytes from ${offset} are read exactly`, async t => {
		const region = {descriptor: open(t), offset, sizeBytes, subject: 'x'};
		const pieces: Buffer[] = [];
		for await (const piece of readRegion(region)) {
			pieces.push(Buffer.from(piece));
		}

		t.true(Buffer.concat(pieces).equals(content.subarray(offset, offset + sizeBytes)));
		t.true(readRegionSync(region).equals(content.subarray(offset, offset + sizeBytes)));
	});
}

test('a piece stays as it is until the piece after the next is asked for', async t => {
	let position = 0;
	let previous: Buffer | undefined;
	for await (const piece of readRegion({descriptor: open(t), offset: 0, sizeBytes: content.length, subject: 'x'})) {
		if (previous !== undefined) {
			t.true(previous.equals(content.subarray(position - previous.length, position)));
		}

		t.true(piece.equals(content.subarray(position, position + piece.length)));
		position += piece.length;
		previous = piece;
	}

	t.is(position, content.length);
});

test('with keep, every piece stays for good', async t => {
	const pieces: Buffer[] = [];
	for await (const piece of readRegion({descriptor: open(t), offset: 0, sizeBytes: content.length, subject: 'x'}, {keep: true})) {
		pieces.push(piece);
	}

	t.true(Buffer.concat(pieces).equals(content));
});

test('a file that became shorter is told', async t => {
	const descriptor = open(t, Buffer.alloc(1000));
	const region = {descriptor, offset: 500, sizeBytes: 1000, subject: 'some.tar'};
	const error = await t.throwsAsync(async () => {
		for await (const _ of readRegion(region)) {
			t.fail();
		}
	}, {message: 'some.tar became shorter while it was read'});
	t.true(isEngineError(error, 'invalidParameter') && error.code === 'ETRUNCATED');
	t.throws(() => readRegionSync(region), {message: /became shorter/});
});

test('reading can be given up with a read under way', async t => {
	const iterator = readRegion({descriptor: open(t), offset: 0, sizeBytes: content.length, subject: 'x'});
	await iterator.next();
	await iterator.return(undefined);
	t.true((await iterator.next()).done);
});

test('a folder can\'t be read as a file, a missing file is not found', async t => {
	const folder = temporaryFolder(t);
	const descriptor = openForReading(folder);
	await t.throwsAsync(readRegion({descriptor, offset: 0, sizeBytes: 10, subject: 'dir'}).next(), {message: /reading dir/});
	t.throws(() => readRegionSync({descriptor, offset: 0, sizeBytes: 10, subject: 'dir'}), {message: /reading dir/});
	fs.closeSync(descriptor);
	const error = t.throws(() => openForReading(path.join(folder, 'gone')), {message: /no such file or directory/});
	t.true(isEngineError(error, 'notFound'));
});

test('names in archives are brought to one form', t => {
	t.is(entryName('./a//b/./c/'), 'a/b/c');
	t.is(entryName('a'), 'a');
	t.is(entryName('.'), '');
	for (const name of ['/a', '..', 'a/../b', '../a', 'a/..', 'a\0b']) {
		t.is(entryName(name), undefined, name);
	}

	t.is(entryName('a/..b/c'), 'a/..b/c');
});

test('links are resolved beside the entry, never outside of the archive', t => {
	t.is(linkedName('a/b', '../c/d'), 'c/d');
	t.is(linkedName('a/b', './d'), 'a/d');
	t.is(linkedName('a', 'b'), 'b');
	t.is(linkedName('a/b/c', '../../x'), 'x');
	for (const target of ['/etc', '../../x', '../../../a/b', 'x\0']) {
		t.is(linkedName('a/b', target), undefined, target);
	}
});
