import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import process from 'node:process';
import zlib from 'node:zlib';
import test from 'ava';
import {detectCompression, looksLikeTar, type Compression} from '../../engine/archive/compression.js';
import {inflate} from '../../engine/archive/inflate.js';
import {isEngineError} from '../../engine/errors.js';
import {hasProgram, tarOf} from '../helpers/image-lab.js';

const plain = Buffer.concat([Buffer.alloc(700_000, 'compressible '), randomBytes(300_000)]);

async function* pieces(data: Buffer, size = 65_536): AsyncGenerator<Buffer> {
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

const run = (program: string, ...arguments_: string[]) => (data: Buffer) => execFileSync(program, arguments_, {input: data, maxBuffer: 1e9});
const compressors: ReadonlyArray<readonly [Compression, string | undefined, (data: Buffer) => Buffer]> = [
	['gzip', undefined, data => zlib.gzipSync(data)],
	['zstd', 'zstd', run('zstd', '-c', '-q')],
	['xz', 'xz', run('xz', '-c', '-1')],
	['bzip2', 'bzip2', run('bzip2', '-c')],
];

for (const [name, program, compress] of compressors) {
	test(`${name} is told by its first bytes and read back`, async t => {
		if (program !== undefined && !hasProgram(program)) {
			t.log(`skipped: ${program} is not installed`);
			t.pass();
			return;
		}

		const data = compress(plain);
		t.is(detectCompression(data), name);
		t.true((await collect(inflate(pieces(data), name, 'x'))).equals(plain));
		t.true((await collect(inflate(pieces(data, 1000), name, 'x'))).equals(plain));
	});

	test(`truncated and damaged ${name} is refused, naming the file`, async t => {
		if (program !== undefined && !hasProgram(program)) {
			t.log(`skipped: ${program} is not installed`);
			t.pass();
			return;
		}

		const data = compress(plain);
		const damaged = Buffer.from(data);
		const middle = Math.floor(data.length / 2);
		damaged.fill(0xAA, middle, middle + 64);
		for (const bad of [data.subarray(0, middle), data.subarray(0, -3), damaged]) {
			const error = await t.throwsAsync(collect(inflate(pieces(bad), name, 'some.tar')));
			t.true(isEngineError(error, 'invalidParameter'), String(error));
			t.regex(error.message, /some\.tar: the compressed data is (cut off|damaged)/);
		}
	});

	test(`reading ${name} can be given up half-way`, async t => {
		if (program !== undefined && !hasProgram(program)) {
			t.log(`skipped: ${program} is not installed`);
			t.pass();
			return;
		}

		let isClosed = false;
		async function* watched() {
			try {
				yield* pieces(compress(plain), 100);
			} finally {
				isClosed = true;
			}
		}

		const iterator = inflate(watched(), name, 'x')[Symbol.asyncIterator]();
		t.true(((await iterator.next()).value as Buffer).length > 0);
		await iterator.return!();

		t.true(isClosed);
	});
}

test('an error of the source comes through as it is', async t => {
	async function* failing(data: Buffer) {
		yield data.subarray(0, 100);
		throw new TypeError('the source');
	}

	for (const [name, program, compress] of compressors) {
		if (program === undefined || hasProgram(program)) {
			await t.throwsAsync(collect(inflate(failing(compress(plain)), name, 'x')), {instanceOf: TypeError, message: 'the source'});
		}
	}
});

test('gzip of several members is one stream (pigz, concatenated layers)', async t => {
	const data = Buffer.concat([zlib.gzipSync('one'), zlib.gzipSync('two')]);
	t.is(String(await collect(inflate(pieces(data), 'gzip', 'x'))), 'onetwo');
});

test('zstd that begins with a skippable frame is zstd', t => {
	t.is(detectCompression(Buffer.from([0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0])), 'zstd');
	t.is(detectCompression(Buffer.from([0x5F, 0x2A, 0x4D, 0x18, 0, 0, 0, 0])), 'zstd');
});

test('plain data passes through', t => {
	const source = pieces(plain);
	t.is(inflate(source, 'none', 'x'), source);
	t.is(detectCompression(tarOf([{name: 'x', data: 'y'}])), 'none');
	t.is(detectCompression(Buffer.alloc(0)), 'none');
});

test.serial('without the program the message says what to install', async t => {
	const before = process.env['PATH'];
	process.env['PATH'] = '/nowhere';
	try {
		const error = await t.throwsAsync(collect(inflate(pieces(Buffer.from('x')), 'xz', 'some.tar.xz')));
		t.true(isEngineError(error, 'unavailable'));
		t.regex(error.message, /some\.tar\.xz is compressed with xz, which is not installed/);
		t.regex((error as {hint?: string}).hint ?? '', /apt install xz-utils/);
	} finally {
		process.env['PATH'] = before;
	}
});

test('a tar is told from anything else', t => {
	t.true(looksLikeTar(tarOf([{name: 'x', data: 'y'}])));
	t.true(looksLikeTar(Buffer.alloc(1024)));
	t.false(looksLikeTar(Buffer.alloc(100)));
	t.false(looksLikeTar(Buffer.alloc(512, 'x')));
});
