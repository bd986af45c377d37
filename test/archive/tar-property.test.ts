import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {indexTar} from '../../engine/archive/tar-index.js';
import {readTarStream} from '../../engine/archive/tar-stream.js';
import {writeTar} from '../../engine/archive/tar-writer.js';
import {isEngineError} from '../../engine/errors.js';
import {tarOf, temporaryFolder, type TarEntry} from '../helpers/image-lab.js';

const name = fc.string({unit: fc.constantFrom('a', 'b', '.', '/', '-', 'ä'), minLength: 1, maxLength: 12});
const entry: fc.Arbitrary<TarEntry> = fc.oneof(
	fc.record({name, data: fc.uint8Array({maxLength: 1500}).map(data => Buffer.from(data))}),
	fc.record({name, directory: fc.constant(true as const)}),
	fc.record({name, symlink: name}),
	fc.record({name, hardlink: name}),
);

async function* chop(data: Buffer, size: number): AsyncGenerator<Buffer> {
	for (let offset = 0; offset < data.length; offset += size) {
		yield data.subarray(offset, offset + size);
	}
}

/** Reads by both ways; each gives how many files it found, or its error. */
async function readBoth(folder: string, data: Buffer, pieceSize: number): Promise<[number | Error, number | Error]> {
	const file = path.join(folder, 'x.tar');
	fs.writeFileSync(file, data);
	const descriptor = fs.openSync(file, 'r');
	let placed: number | Error;
	try {
		placed = [...indexTar(descriptor, 'x').values()].filter(found => found.kind === 'file').reduce((sum, found) => sum + (found.kind === 'file' ? found.sizeBytes : 0), 0);
	} catch (error) {
		placed = error as Error;
	} finally {
		fs.closeSync(descriptor);
	}

	const contents = new Map<string, number>();
	try {
		for await (const {header, body} of readTarStream(chop(data, pieceSize), 'x')) {
			let length = 0;
			for await (const piece of body) {
				length += piece.length;
			}

			contents.set(`${contents.size}${header.name}`, length);
		}
	} catch (error) {
		return [placed, error as Error];
	}

	return [placed, [...contents.values()].reduce((sum, length) => sum + length, 0)];
}

test('whatever is in an archive, it is read without harm, in pieces of any size', async t => {
	const folder = temporaryFolder(t);
	await fc.assert(fc.asyncProperty(fc.array(entry, {maxLength: 8}), fc.integer({min: 1, max: 2000}), async (entries, pieceSize) => {
		const [placed, streamed] = await readBoth(folder, tarOf(entries), pieceSize);
		return typeof placed === 'number' && typeof streamed === 'number' && placed <= streamed;
	}), {numRuns: 60});
	t.pass();
});

test('damage anywhere is either noticed or harmless; nothing but errors of ours comes out', async t => {
	const folder = temporaryFolder(t);
	const data = tarOf([{name: 'one', data: Buffer.alloc(700, 'x')}, {name: 'd', directory: true}, {name: 'two', data: Buffer.alloc(10, 'y')}, {name: 'l', symlink: 'one'}]);
	await fc.assert(fc.asyncProperty(fc.nat(data.length - 1), fc.integer({min: 1, max: 255}), fc.nat(data.length), async (offset, flip, length) => {
		const damaged = Buffer.from(data.subarray(0, length));
		if (offset < length) {
			damaged[offset]! ^= flip;
		}

		const results = await readBoth(folder, damaged, 512);
		return results.every(result => typeof result === 'number' || isEngineError(result, 'invalidParameter'));
	}), {numRuns: 150});
	t.pass();
});

test('what is written has the contents that were given, by GNU tar\'s reading', async t => {
	const folder = temporaryFolder(t);
	const safeName = fc.string({unit: fc.constantFrom(...'abcdef'), minLength: 1, maxLength: 90});
	await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.record({name: safeName, data: fc.uint8Array({maxLength: 3000})}), {selector: item => item.name, maxLength: 5}), async files => {
		const pieces: Buffer[] = [];
		for await (const piece of writeTar(files.map(file => ({kind: 'bytes' as const, name: file.name, data: Buffer.from(file.data)})))) {
			pieces.push(piece);
		}

		const target = fs.mkdtempSync(path.join(folder, 'out-'));
		execFileSync('tar', ['-C', target, '-xf', '-'], {input: Buffer.concat(pieces)});
		return fs.readdirSync(target).length === files.length && files.every(file => fs.readFileSync(path.join(target, file.name)).equals(Buffer.from(file.data)));
	}), {numRuns: 20});
	t.pass();
});
