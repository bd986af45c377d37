/** Headers: what is written can be read, by us and by GNU tar; what is damaged is refused. */
import {spawnSync} from 'node:child_process';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import {blockBytes, decodeBlock, encodeEntry, padding, readPax, withPax, type TarEntry} from '../../source/transfer/tar-entry.js';

const plain: TarEntry = {name: 'file', type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtimeMs: 0, linkName: ''};

/** All of an encoded entry: extended records, when there are some, then the header. */
function decode(encoded: Buffer): TarEntry {
	let records: ReadonlyMap<string, string> = new Map();
	for (let offset = 0; offset < encoded.length;) {
		const {flag, entry} = decodeBlock(encoded.subarray(offset, offset + blockBytes))!;
		offset += blockBytes;
		if (flag !== 'x') {
			return withPax(entry, records);
		}

		records = readPax(encoded.subarray(offset, offset + entry.sizeBytes));
		offset += entry.sizeBytes + padding(entry.sizeBytes).length;
	}

	throw new Error('no header');
}

const returns = test.macro({
	exec(t, changes: Partial<TarEntry>) {
		const entry = {...plain, ...changes};
		const name = entry.type === 'directory' ? `${entry.name}/` : entry.name;
		t.like(decode(encodeEntry(entry)), {...entry, name});
		t.is(encodeEntry(entry).length % blockBytes, 0);
	},
	title: (_, changes: Partial<TarEntry>) => `comes back: ${JSON.stringify(changes).replaceAll(/(.{1,5})\1{5,}/g, (run, part: string) => `${part}×${run.length / part.length}`)}`,
});

test(returns, {});
test(returns, {name: 'x'.repeat(100)});
test(returns, {name: 'x'.repeat(101)});
test(returns, {name: 'ü'.repeat(60)});
test(returns, {name: 'deep/'.repeat(300) + 'file'});
test(returns, {type: 'directory', name: 'folder'});
test(returns, {type: 'directory', name: 'd'.repeat(99)});
test(returns, {type: 'directory', name: 'd'.repeat(100)});
test(returns, {type: 'symlink', linkName: '../elsewhere'});
test(returns, {type: 'symlink', linkName: `/${'t'.repeat(150)}`});
test(returns, {type: 'hardlink', linkName: 'other'});
test(returns, {type: 'fifo'});
test(returns, {type: 'character', major: 1, minor: 3});
test(returns, {type: 'block', major: 259, minor: 4095});
test(returns, {mode: 0o7777});
test(returns, {mode: 0});
test(returns, {uid: 8 ** 7 - 1, gid: 8 ** 7 - 1});
test(returns, {uid: 8 ** 7, gid: 4_294_967_294});
test(returns, {sizeBytes: 8 ** 11 - 1});
test(returns, {sizeBytes: 8 ** 11});
test(returns, {sizeBytes: 2 ** 52});
test(returns, {mtimeMs: 1_600_000_000_250});
test(returns, {mtimeMs: 1_600_000_000_000});
test(returns, {mtimeMs: -1000});

test('any entry comes back', t => {
	const entry = fc.record({
		name: fc.string({unit: 'grapheme', minLength: 1, maxLength: 300}).map(text => text.replaceAll('\0', '0')),
		mode: fc.integer({min: 0, max: 0o7777}),
		uid: fc.integer({min: 0, max: 2 ** 32 - 2}),
		gid: fc.integer({min: 0, max: 2 ** 32 - 2}),
		sizeBytes: fc.maxSafeNat(),
		mtimeMs: fc.integer({min: 0, max: 4_000_000_000}).map(seconds => seconds * 1000),
		linkName: fc.string({maxLength: 200}).map(text => text.replaceAll('\0', '0')),
	});
	fc.assert(fc.property(entry, fields => {
		t.like(decode(encodeEntry({...plain, ...fields})), {...fields});
	}));
});

test('a content is filled up to whole blocks', t => {
	t.deepEqual([0, 1, 511, 512, 513, 1024].map(size => padding(size).length), [0, 511, 1, 0, 511, 0]);
});

test('an empty block is no entry', t => {
	t.is(decodeBlock(Buffer.alloc(blockBytes)), undefined);
});

test('a header of which one bit is wrong is refused, wherever the bit is', t => {
	const block = encodeEntry({...plain, name: 'some/file', sizeBytes: 1234, mtimeMs: 1_600_000_000_000});
	fc.assert(fc.property(fc.nat({max: blockBytes - 1}), fc.nat({max: 7}), (index, bit) => {
		const damaged = Buffer.from(block);
		damaged[index]! ^= 1 << bit;
		// The sum itself is written in octal digits: some other spellings of it mean the same.
		if (index >= 148 && index < 156) {
			return;
		}

		t.throws(() => decodeBlock(damaged), {message: /not a tar archive, or a damaged one/});
	}));
});

test('noise is refused, and never more than that', t => {
	fc.assert(fc.property(fc.uint8Array({minLength: blockBytes, maxLength: blockBytes}), bytes => {
		try {
			t.is(decodeBlock(Buffer.from(bytes)), undefined);
		} catch (error) {
			t.regex((error as Error).message, /not a tar archive/);
		}
	}));
});

const pax = test.macro({
	exec(t, text: string, expected: ReadonlyArray<readonly [string, string]> | undefined) {
		const body = Buffer.from(text);
		if (expected === undefined) {
			t.throws(() => readPax(body), {message: 'damaged extended tar header'});
		} else {
			t.deepEqual([...readPax(body)], expected);
		}
	},
	title: (_, text: string, expected: unknown) => `extended records ${JSON.stringify(text)} are ${expected === undefined ? 'refused' : 'read'}`,
});

test(pax, '', []);
test(pax, '9 path=a\n', [['path', 'a']]);
test(pax, '9 path=a\n9 size=5\n', [['path', 'a'], ['size', '5']]);
test(pax, '9 path=a\n9 path=b\n', [['path', 'b']]);
test(pax, '12 path=a=b\n', [['path', 'a=b']]);
test(pax, '9 path=a', undefined);
test(pax, '99 path=a\n', undefined);
test(pax, '0 path=a\n', undefined);
test(pax, '-1 path=a\n', undefined);
test(pax, '1 path=a\n', undefined);
test(pax, 'x path=a\n', undefined);
test(pax, 'nothing', undefined);
test(pax, ' 9 path=a\n', undefined);

test('records that are no numbers change no number', t => {
	const entry = withPax({...plain, sizeBytes: 7, uid: 8}, new Map([['size', '1e9'], ['uid', ''], ['gid', '0x10'], ['mtime', 'now']]));
	t.like(entry, {sizeBytes: 7, uid: 8, gid: 0, mtimeMs: 0});
});

test('GNU tar lists what we write', t => {
	const entries: TarEntry[] = [
		{...plain, name: 'n'.repeat(150), mode: 0o640, uid: 12, gid: 34},
		{...plain, type: 'symlink', name: 'link', linkName: 'l'.repeat(120)},
		{...plain, type: 'directory', name: 'folder', mode: 0o1777},
		{...plain, type: 'character', name: 'null', major: 1, minor: 3},
	];
	const archive = Buffer.concat([...entries.map(entry => encodeEntry(entry)), Buffer.alloc(1024)]);
	const {stdout, stderr, error} = spawnSync('tar', ['-tvf', '-', '--numeric-owner'], {input: archive, encoding: 'utf8', env: {TZ: 'UTC', LC_ALL: 'C', PATH: process.env['PATH']}});
	if (error !== undefined) {
		t.log('skipped: no tar on this machine');
		t.pass();
		return;
	}

	t.is(stderr, '');
	t.deepEqual(stdout.trim().split('\n').map(line => line.replaceAll(/\s+/g, ' ')), [
		`-rw-r----- 12/34 0 1970-01-01 00:00 ${'n'.repeat(150)}`,
		`lrw-r--r-- 0/0 0 1970-01-01 00:00 link -> ${'l'.repeat(120)}`,
		'drwxrwxrwt 0/0 0 1970-01-01 00:00 folder/',
		'crw-r--r-- 0/0 1,3 1970-01-01 00:00 null',
	]);
});
