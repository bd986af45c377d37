import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {checkFilterKeys, filterImages, parseTime, readBoolean} from '../../engine/image/filters.js';
import {matchesGlob, toGlob} from '../../engine/image/glob.js';
import type {Image} from '../../engine/image/image.js';
import {parseReference} from '../../engine/oci/reference.js';
import type {Digest} from '../../engine/oci/digest.js';

const image = (letter: string, createdAt: number, references: readonly string[], labels: Readonly<Record<string, string>> = {}): Image => ({
	id: `sha256:${letter.repeat(64)}` as Digest,
	manifest: {mediaType: '', digest: `sha256:${letter.repeat(64)}` as Digest, size: 1},
	config: {platform: {os: 'linux', architecture: 'amd64'}, defaults: {Labels: labels}, diffIds: [], history: []},
	references: references.map(name => parseReference(name)),
	layers: [],
	createdAt,
	sizeBytes: 0,
});

const nowMs = 1_000_000_000;
const images = [image('a', 100, ['alpine:3', 'busybox:1']), image('b', 200, [], {stage: 'test', empty: ''}), image('c', 300, ['localhost:5000/team/app:v1'], {stage: 'live'})];
const letters = (filters: Readonly<Record<string, readonly string[]>>) => filterImages(images, {
	filters,
	resolve: name => images.find(candidate => candidate.id.startsWith(`sha256:${name}`))!,
	nowMs,
}).map(found => found.id[7]).join('');

const passing = test.macro({
	exec(t, filters: Readonly<Record<string, readonly string[]>>, expected: string) {
		t.is(letters(filters), expected);
	},
	title: (_, filters, expected) => `${JSON.stringify(filters)} lets ${expected || 'nothing'} pass`,
});

test(passing, {}, 'abc');
test(passing, {dangling: ['true']}, 'b');
test(passing, {dangling: ['0']}, 'ac');
test(passing, {label: ['stage']}, 'bc');
test(passing, {label: ['stage=live']}, 'c');
test(passing, {label: ['stage', 'empty']}, 'b');
test(passing, {label: ['empty=']}, 'b');
test(passing, {label: ['constructor']}, '');
test(passing, {'label!': ['stage=live']}, 'ab');
test(passing, {before: ['b']}, 'a');
test(passing, {since: ['b']}, 'c');
test(passing, {since: ['a'], before: ['c']}, 'b');
test(passing, {until: ['250']}, 'ab');
test(passing, {until: ['999800s']}, 'a');
test(passing, {reference: ['alpine']}, 'a');
test(passing, {reference: ['alpine:*']}, 'a');
test(passing, {reference: ['*']}, 'a');
test(passing, {reference: ['*:v1']}, '');
test(passing, {reference: ['*/*/*']}, 'c');
test(passing, {reference: ['localhost:5000/team/app']}, 'c');
test(passing, {reference: ['[a-c]*:[0-9]']}, 'a');

test('an image shows only the names that match', t => {
	const [found] = filterImages(images, {filters: {reference: ['busybox:*']}, resolve: () => images[0]!, nowMs});
	t.deepEqual(found!.references.map(reference => reference.path), ['library/busybox']);
});

test('filters that mean nothing are refused', t => {
	const error = t.throws(() => {
		checkFilterKeys({colour: ['red']}, 'list');
	}, {message: 'invalid filter \'colour\''});
	t.true(isEngineError(error, 'invalidParameter'));
	t.throws(() => {
		checkFilterKeys({reference: ['x']}, 'prune');
	});
	t.throws(() => readBoolean({dangling: ['maybe']}, 'dangling'), {message: /invalid filter 'dangling=maybe'/});
	t.is(readBoolean({}, 'dangling'), undefined);
});

test('times are unix seconds, RFC 3339 or durations', t => {
	t.is(parseTime('12.5', nowMs), 12.5);
	t.is(parseTime('1h30m', nowMs), 1_000_000 - 5400);
	t.is(parseTime('500ms', nowMs), 999_999.5);
	t.is(parseTime('1970-01-02', nowMs), 86_400);
	t.is(parseTime('1970-01-01T01:00:00+01:00', nowMs), 0);
	for (const text of ['', 'yesterday', '1x', '-5', '2026-13-45']) {
		t.throws(() => parseTime(text, nowMs), {message: /invalid time/});
	}
});

const glob = test.macro({
	exec(t, pattern: string, yes: readonly string[], no: readonly string[]) {
		yes.forEach(text => {
			t.true(matchesGlob(toGlob(pattern), text), `${pattern} ${text}`);
		});
		no.forEach(text => {
			t.false(matchesGlob(toGlob(pattern), text), `${pattern} ${text}`);
		});
	},
	title: (_, pattern) => `the pattern ${pattern}`,
});

test(glob, 'a*c', ['ac', 'abc'], ['a/c', 'abcd']);
test(glob, 'debian:bookworm-slim', ['debian:bookworm-slim'], ['debian:bookworm']);
test(glob, '😀-?', ['😀-x', '😀-😀'], ['😀-']);
test(glob, 'a?c', ['abc'], ['ac', 'a/c']);
test(glob, '[ab]c', ['ac', 'bc'], ['cc']);
test(glob, '[^ab]c', ['cc'], ['ac']);
test(glob, String.raw`[a-c\-]x`, ['bx', '-x'], ['dx']);
test(glob, String.raw`a\*c`, ['a*c'], ['abc']);
test(glob, 'a.c+(d)|e{1}$', ['a.c+(d)|e{1}$'], ['abc']);
test(glob, String.raw`[\]^]x`, [']x', '^x'], ['ax']);

test('malformed patterns are refused', t => {
	for (const pattern of ['[', '[a', '[^]', '[]]x', '[a-]', '[-a]', 'a\\', '[z-a]']) {
		t.throws(() => toGlob(pattern), {message: /syntax error in pattern/}, pattern);
	}
});
