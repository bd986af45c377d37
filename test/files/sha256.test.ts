import {createHash, randomBytes} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {sha256Hex, shortSha256Hex} from '../../engine/files/sha256.js';

const expected = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

for (const {title, text, digest} of [
	{title: 'nothing', text: '', digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'},
	{title: 'one block', text: 'abc', digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'},
	{title: 'two blocks', text: 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', digest: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'},
]) {
	test(`the standard's example of ${title} has its digest`, t => {
		t.is(shortSha256Hex(Buffer.from(text)), digest);
		t.is(sha256Hex(text), digest);
	});
}

test('every length around the ends of blocks agrees with node:crypto', t => {
	for (let length = 0; length <= 200; length++) {
		const bytes = randomBytes(length);
		t.is(shortSha256Hex(bytes), expected(bytes), `${length} bytes`);
	}
});

test('any bytes agree with node:crypto', t => {
	fc.assert(fc.property(fc.uint8Array({maxLength: 4096}), bytes => {
		t.is(shortSha256Hex(bytes), expected(bytes));
	}));
	t.is(shortSha256Hex(new Uint8Array(100_000).fill(0xFF)), expected(new Uint8Array(100_000).fill(0xFF)));
});

test('a view into a larger buffer is hashed alone, and left as it was', t => {
	const whole = Buffer.from('before|the part|after');
	t.is(sha256Hex(whole.subarray(7, 15)), expected('the part'));
	t.is(whole.toString(), 'before|the part|after');
});

test('a string stands for its UTF-8 bytes', t => {
	t.is(sha256Hex('Käse 🧀'), expected('Käse 🧀'));
});

test('long data, and much of it, has the same digest as short', t => {
	const long = randomBytes(20_000);
	t.is(sha256Hex(long), expected(long));
	const piece = randomBytes(3000);
	const found = new Set(Array.from({length: 30}, () => sha256Hex(piece)));
	t.deepEqual([...found], [expected(piece)]);
});
