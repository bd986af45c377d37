import test from 'ava';
import {detachScanner, parseDetachKeys} from '../../source/foreground/detach-keys.js';

const keys = parseDetachKeys('')!;
const bytes = (...values: readonly number[]) => Uint8Array.from(values);
const p = 0x10;
const q = 0x11;

test('sequences are docker\'s', t => {
	t.deepEqual(keys, bytes(p, q));
	t.deepEqual(parseDetachKeys('ctrl-a,d'), bytes(1, 100));
	t.deepEqual(parseDetachKeys('ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_'), bytes(0, 27, 28, 29, 30, 31));
	for (const bad of ['ctrl-', 'ctrl-1', 'ab', 'ctrl-aa', 'a,', 'é']) {
		t.is(parseDetachKeys(bad), undefined, bad);
	}
});

test('the sequence detaches, in one piece or in several', t => {
	t.deepEqual(detachScanner(keys)(bytes(97, p, q, 98)), {passed: bytes(97), isDetached: true});
	const scan = detachScanner(keys);
	t.deepEqual(scan(bytes(p)), {passed: bytes(), isDetached: false});
	t.deepEqual(scan(bytes(q)), {passed: bytes(), isDetached: true});
});

test('what was only its beginning is let through', t => {
	const scan = detachScanner(keys);
	t.deepEqual(scan(bytes(p)).passed, bytes());
	t.deepEqual(scan(bytes(97)).passed, bytes(p, 97));
	t.deepEqual(scan(bytes(q)).passed, bytes(q));
});

test('the beginning may repeat', t => {
	const scan = detachScanner(keys);
	t.deepEqual(scan(bytes(p, p)), {passed: bytes(p), isDetached: false});
	t.deepEqual(scan(bytes(q)), {passed: bytes(), isDetached: true});
});

test('other input is untouched', t => {
	const data = bytes(...Array.from({length: 256}, (_, index) => index).filter(byte => byte !== p));
	t.deepEqual(detachScanner(keys)(data), {passed: data, isDetached: false});
});
