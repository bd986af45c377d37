import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {asArray, asCount, asObject, asString, asStringMap, asStrings, defined, optional, parseJson, parseJsonObject} from '../../engine/oci/json-shape.js';

test('null counts as absent', t => {
	t.is(optional(null, 'x', asString), undefined);
	t.is(optional(undefined, 'x', asString), undefined);
	t.is(optional('', 'x', asString), '');
	t.deepEqual(asStringMap({a: 'b', c: null}, 'x'), {a: 'b'});
});

test('what is undefined is left out, null and false stay', t => {
	t.deepEqual(defined({a: 1, b: undefined, c: null, d: false}), {a: 1, c: null, d: false} as never);
});

test('bytes that are part of a larger buffer are read alone', t => {
	const data = Buffer.from('xx{"a":1}yy').subarray(2, 9);
	t.deepEqual(parseJsonObject(data, 'x'), {a: 1});
	t.deepEqual(parseJson(new Uint8Array(data), 'x'), {a: 1});
});

const refusals: ReadonlyArray<readonly [string, () => unknown]> = [
	['a is not an object', () => asObject([], 'a')],
	['b is not an object', () => asObject('x', 'b')],
	['c is not a list', () => asArray({}, 'c')],
	['d is not a string', () => asString(1, 'd')],
	['e[1] is not a string', () => asStrings(['x', null], 'e')],
	['f is not a whole number', () => asCount(Number.NaN, 'f')],
	['g is not a whole number', () => asCount(2 ** 53, 'g')],
	['h.k is not a string', () => asStringMap({k: {}}, 'h')],
	['i is not valid JSON', () => parseJson('{', 'i')],
	['j is not an object', () => parseJsonObject('1', 'j')],
];

for (const [message, read] of refusals) {
	test(message, t => {
		const error = t.throws(read, {message});
		t.true(isEngineError(error, 'invalidParameter'));
	});
}

test('a member called __proto__ does no harm', t => {
	const object = parseJsonObject('{"__proto__":{"polluted":true},"a":"b"}', 'x');
	t.is(({} as {polluted?: boolean}).polluted, undefined);
	t.is(asStringMap(parseJsonObject('{"__proto__":"x"}', 'x'), 'x')['a'], undefined);
	t.is(object['a'], 'b');
});
