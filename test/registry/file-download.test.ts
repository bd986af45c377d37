import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import fc from 'fast-check';
import test, {type ExecutionContext} from 'ava';
import {EngineError} from '../../engine/errors.js';
import {journalOf, mergePart, nextPart, readJournal, sumOf, type Part} from '../../engine/registry/download-journal.js';
import {startFileDownload, type FileDownloadOptions} from '../../engine/registry/file-download.js';
import {quickPolicy} from '../helpers/registry-lab.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const content = randomBytes(1_000_000);

type Opened = {readonly start: number; readonly isWhole: boolean; readonly body: Readable};
type Open = (part: Part | undefined, count: number) => Opened | Promise<Opened>;

const give: Open = part => ({start: part?.start ?? 0, isWhole: part === undefined, body: Readable.from([content.subarray(part?.start, part?.end)], {objectMode: false})});

function setting(t: ExecutionContext, open: Open, more: Partial<FileDownloadOptions> = {}) {
	const file = more.file ?? path.join(temporaryFolder(t), 'blob');
	const asked: Array<Part | undefined> = [];
	const start = () => startFileDownload({
		file,
		sizeBytes: content.length,
		subject: 'the blob',
		async open(part) {
			asked.push(part);
			return open(part, asked.length);
		},
		policy: quickPolicy,
		signal: new AbortController().signal,
		partBytes: 200_000,
		...more,
	});
	return {file, asked, start};
}

async function readAll(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
	const found: Buffer[] = [];
	for await (const piece of pieces) {
		found.push(Buffer.from(piece));
	}

	return Buffer.concat(found);
}

test('parts of a file: the next one, and merging', t => {
	t.deepEqual(nextPart([], 100, 1000), {start: 0, end: 100});
	t.deepEqual(nextPart([], 1000, 100), {start: 0, end: 100});
	t.deepEqual(nextPart([{start: 0, end: 100}], 240, 100), {start: 100, end: 240});
	t.deepEqual(nextPart([{start: 0, end: 100}, {start: 150, end: 200}], 1000, 100), {start: 100, end: 150});
	t.is(nextPart([{start: 0, end: 100}], 100, 10), undefined);
	t.is(nextPart([], 0, 10), undefined);
});

test('merging parts gives what a set of bytes would', t => {
	fc.assert(fc.property(fc.array(fc.tuple(fc.nat(60), fc.integer({min: 1, max: 20}))), ranges => {
		const parts: Part[] = [];
		const bytes = new Set<number>();
		for (const [start, length] of ranges) {
			mergePart(parts, {start, end: start + length});
			for (let byte = start; byte < start + length; byte++) {
				bytes.add(byte);
			}
		}

		t.is(sumOf(parts), bytes.size);
		t.true(parts.every((part, index) => index === 0 || parts[index - 1]!.end < part.start));
	}), {numRuns: 300});
});

test('the journal counts whole lines only, and what the file can hold', t => {
	const file = path.join(temporaryFolder(t), 'blob');
	fs.writeFileSync(file, Buffer.alloc(500));
	const read = (text: string) => {
		fs.writeFileSync(journalOf(file), text);
		return readJournal(file, 1000);
	};

	t.deepEqual(readJournal(file, 1000), []);
	t.deepEqual(read('0 100\n100 200\n'), [{start: 0, end: 200}]);
	t.deepEqual(read('0 100\n100 20'), [{start: 0, end: 100}]);
	t.deepEqual(read('0 100\n400 600\n'), [{start: 0, end: 100}]);
	t.deepEqual(read('x y\n-1 5\n5 5\n9 3\n1e3 2e3\n'), []);
	t.deepEqual(read('300 400\n0 10\n5 20\n'), [{start: 0, end: 20}, {start: 300, end: 400}]);
});

test('a file comes in parts, in order for the reader', async t => {
	const {start, asked, file} = setting(t, give);
	const download = start();
	t.deepEqual(await readAll(download.read()), content);
	await download.done;
	t.false(download.wasResumed);
	t.is(asked.length, 5);
	t.deepEqual(fs.readFileSync(file), content);
});

test('one part is asked for without a range', async t => {
	const {start, asked} = setting(t, give, {partBytes: 2_000_000});
	t.deepEqual(await readAll(start().read()), content);
	t.deepEqual(asked, [undefined]);
});

test('an empty file is there at once', async t => {
	const {start, asked} = setting(t, give, {sizeBytes: 0});
	const download = start();
	t.is((await readAll(download.read())).length, 0);
	await download.done;
	t.is(asked.length, 0);
});

test('the reader gets the beginning while the end is still to come', async t => {
	let letGo = () => {};
	const held = new Promise<void>(resolve => {
		letGo = resolve;
	});
	const {start} = setting(t, async (part, count) => {
		if (part!.start >= 600_000) {
			await held;
		}

		return give(part, count);
	});
	const download = start();
	const reader = download.read();
	let length = 0;
	while (length < 600_000) {
		const next: IteratorResult<Buffer, unknown> = await reader.next();
		length += (next.value as Buffer).length;
	}

	letGo();
	for (let next = await reader.next(); !next.done; next = await reader.next()) {
		length += next.value.length;
	}

	t.is(length, content.length);
});

test('going on: only what is missing is asked for, in any pattern of gaps', async t => {
	await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(999_999), fc.integer({min: 1, max: 300_000})), {maxLength: 6}), async ranges => {
		const {start, file, asked} = setting(t, give);
		const sparse = Buffer.alloc(content.length);
		const parts: Part[] = [];
		for (const [from, length] of ranges) {
			const end = Math.min(content.length, from + length);
			content.copy(sparse, from, from, end);
			mergePart(parts, {start: from, end});
		}

		fs.writeFileSync(file, sparse);
		fs.writeFileSync(journalOf(file), parts.map(part => `${part.start} ${part.end}\n`).join(''));
		const download = start();
		t.is(download.wasResumed, parts.length > 0);
		t.true((await readAll(download.read())).equals(content));
		const fetched: Part[] = [];
		asked.forEach(part => {
			mergePart(fetched, part ?? {start: 0, end: content.length});
		});
		t.is(sumOf(fetched), content.length - sumOf(parts));
	}), {numRuns: 15});
});

test('whatever breaks where, the file is whole in the end', async t => {
	await fc.assert(fc.asyncProperty(fc.array(fc.nat(250_000), {maxLength: 8}), fc.boolean(), async (cuts, knowsRanges) => {
		const left = [...cuts];
		const {start, file} = setting(t, part => {
			const cut = left.shift();
			const from = knowsRanges ? part?.start ?? 0 : 0;
			const all = content.subarray(from, knowsRanges ? part?.end : undefined);
			async function* pieces() {
				yield all.subarray(0, cut);
				if (cut !== undefined && cut < all.length) {
					throw Object.assign(new Error('aborted'), {code: 'ECONNRESET'});
				}
			}

			return {start: from, isWhole: !knowsRanges || part === undefined, body: Readable.from(pieces(), {objectMode: false})};
		}, {policy: {...quickPolicy, attempts: 20}});
		const download = start();
		t.true((await readAll(download.read())).equals(content));
		await download.done;
		t.true(fs.readFileSync(file).equals(content));
	}), {numRuns: 25});
});

test('what was written before a failure is in the journal, and nothing else', async t => {
	const {start, file} = setting(t, async (part, count) => {
		if (part!.start === 400_000) {
			throw new EngineError('forbidden', 'no more');
		}

		return give(part, count);
	}, {atOnce: 1});
	await t.throwsAsync(start().done, {message: 'no more'});
	t.deepEqual(readJournal(file, content.length), [{start: 0, end: 400_000}]);
	const again = setting(t, give, {file});
	t.true((await readAll(again.start().read())).equals(content));
	t.is(again.asked[0]!.start, 400_000);
});

test('a reader that waits learns of the failure', async t => {
	const {start} = setting(t, () => {
		throw new EngineError('notFound', 'gone');
	});
	const download = start();
	await t.throwsAsync(readAll(download.read()), {message: 'gone'});
	await t.throwsAsync(download.available(10), {message: 'gone'});
});

test('the signal ends everything, and what came is kept', async t => {
	const controller = new AbortController();
	const {start, file} = setting(t, part => {
		const body = new Readable({read() {}});
		body.push(content.subarray(part!.start, part!.start + 100_000));
		setImmediate(() => {
			controller.abort(new Error('enough'));
		});
		return {start: part!.start, isWhole: false, body};
	}, {signal: controller.signal, atOnce: 1});
	await t.throwsAsync(start().done, {message: 'enough'});
	t.true(sumOf(readJournal(file, content.length)) <= 100_000);
});

test('too long, too short', async t => {
	const long = setting(t, part => ({start: 0, isWhole: part === undefined, body: Readable.from([content, Buffer.from('x')], {objectMode: false})}), {partBytes: 2_000_000});
	t.is((await t.throwsAsync(long.start().done, {instanceOf: EngineError})).code, 'EINTEGRITY');
	const short = setting(t, part => ({start: part?.start ?? 0, isWhole: part === undefined, body: Readable.from([], {objectMode: false})}), {partBytes: 2_000_000});
	t.is((await t.throwsAsync(short.start().done, {instanceOf: EngineError})).code, 'ESHORT');
	t.is(short.asked.length, 4);
});

test('a file that is a symbolic link is not followed', t => {
	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'precious'), 'x');
	fs.symlinkSync(path.join(folder, 'precious'), path.join(folder, 'blob'));
	t.throws(() => setting(t, give, {file: path.join(folder, 'blob')}).start(), {message: /creating .*blob/});
});
