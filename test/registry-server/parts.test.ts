/**
The small parts: ranges, pages, accepted types, references, routes, errors, figures.
*/
import test from 'ava';
import {EngineError} from '../../engine/errors.js';
import type {Descriptor} from '../../engine/oci/descriptor.js';
import {acceptedTypes, negotiate} from '../../engine/registry-server/accept.js';
import {readDigest, readReference, readTag} from '../../engine/registry-server/grammar.js';
import {errorReply} from '../../engine/registry-server/message.js';
import {registryMetrics} from '../../engine/registry-server/metrics.js';
import {compareTags, compareText, paginate} from '../../engine/registry-server/pagination.js';
import {readContentRange, readRange, uploadedRange} from '../../engine/registry-server/ranges.js';
import {asRegistryError, RegistryError} from '../../engine/registry-server/registry-error.js';
import {match} from '../../engine/registry-server/router.js';
import {routes} from '../../engine/registry-server/routes.js';
import {descriptor, digestOf, types} from '../helpers/registry-server-lab.js';

const range = test.macro({
	exec(t, header: string | undefined, size: number, expected: ReturnType<typeof readRange>) {
		t.deepEqual(readRange(header, size), expected);
	},
	title: (_, header, size) => `range ${header ?? 'none'} of ${size}`,
});

test(range, undefined, 10, 'whole');
test(range, '', 10, 'whole');
test(range, 'bytes=0-0', 10, {from: 0, to: 0});
test(range, ' bytes=2-3 ', 10, {from: 2, to: 3});
test(range, 'bytes=0-', 1, {from: 0, to: 0});
test(range, 'bytes=0-', 0, 'unsatisfiable');
test(range, 'bytes=-1', 0, 'unsatisfiable');
test(range, 'bytes=-1', 1, {from: 0, to: 0});
test(range, 'bytes=1-1', 1, 'unsatisfiable');
test(range, 'bytes=0-999999999999999', 5, {from: 0, to: 4});
test(range, 'bytes=1-0', 5, 'unsatisfiable');
test(range, 'Bytes=0-1', 5, 'whole');
test(range, 'bytes= 0-1', 5, 'whole');
test(range, 'bytes=+1-2', 5, 'whole');
test(range, 'bytes=0x1-2', 5, 'whole');

const contentRange = test.macro({
	exec(t, header: string | undefined, expected: ReturnType<typeof readContentRange>) {
		t.deepEqual(readContentRange(header), expected);
	},
	title: (_, header) => `content range ${header ?? 'none'}`,
});

test(contentRange, undefined, undefined);
test(contentRange, '0-0', {from: 0, to: 0});
test(contentRange, '10-19', {from: 10, to: 19});
test(contentRange, 'bytes 10-19/20', {from: 10, to: 19});
test(contentRange, 'bytes=10-19', {from: 10, to: 19});
test(contentRange, 'bytes 10-19/*', {from: 10, to: 19});
test(contentRange, '5-4', 'invalid');
test(contentRange, '-5', 'invalid');
test(contentRange, '5-', 'invalid');
test(contentRange, '', 'invalid');
test(contentRange, '1-2-3', 'invalid');
test(contentRange, '１-２', 'invalid');
test(contentRange, '0-99999999999999999999', 'invalid');

test('an upload\'s range is of what it has', t => {
	t.deepEqual([0, 1, 2, 1000].map(size => uploadedRange(size)), ['0-0', '0-0', '0-1', '0-999']);
});

test('pages follow each other to the end, whatever their size', t => {
	const all = Array.from({length: 23}, (_, index) => `tag${String(index).padStart(2, '0')}`);
	for (const n of [1, 2, 5, 22, 23, 24, 100]) {
		const seen: string[] = [];
		let target: string | undefined = `/x?n=${n}`;
		for (let page = 0; target !== undefined && page < 100; page++) {
			const query: URLSearchParams = new URL(target, 'http://x').searchParams;
			const {items, headers} = paginate(all, {query, path: '/x', max: 50, compare: compareText});
			seen.push(...items);
			target = /^<([^>]+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
		}

		t.deepEqual(seen, all, String(n));
	}
});

test('a page keeps the rest of the question, and never has more than it may', t => {
	const all = ['a', 'b', 'c'];
	const {items, headers} = paginate(all, {query: new URLSearchParams('n=999999999&artifactType=x%2Fy'), path: '/p', max: 2, compare: compareText});
	t.deepEqual(items, ['a', 'b']);
	t.is(headers['link'], '</p?artifactType=x%2Fy&n=2&last=b>; rel="next"');
	t.deepEqual(paginate(all, {query: new URLSearchParams('last=zzz'), path: '/p', max: 2, compare: compareText}), {items: [], headers: {}});
	t.deepEqual(paginate([], {query: new URLSearchParams('n=5'), path: '/p', max: 2, compare: compareText}), {items: [], headers: {}});
});

test('tags are in an order that does not depend on where they came from', t => {
	const sorted = ['A', 'a', 'B', 'b', 'Z', 'z'];
	t.deepEqual([...sorted].reverse().sort(compareTags), sorted);
	t.is(compareTags('x', 'x'), 0);
});

test('accepted types: lists, weights, spaces, wildcards', t => {
	t.is(acceptedTypes(undefined), undefined);
	t.is(acceptedTypes(''), undefined);
	t.is(acceptedTypes('*/*'), undefined);
	t.is(acceptedTypes('text/html, */*;q=0.8'), undefined);
	t.deepEqual(acceptedTypes('a/b , C/D;q=0.5,e/f; q=0, g/h;q=0.0'), new Set(['a/b', 'c/d']));
	t.deepEqual(acceptedTypes('a/b;q=0.001'), new Set(['a/b']));
	t.is(acceptedTypes(',,,'), undefined);
	t.is(acceptedTypes('a/b;q=0'), undefined);
});

test('an index is given as the image for linux/amd64 only to those who take images and no indexes', t => {
	const child = (architecture: string, mediaType: string = types.manifest) => descriptor(mediaType, architecture, {platform: {os: 'linux', architecture}}) as unknown as Descriptor;
	const index = descriptor(types.index, 'i') as unknown as Descriptor;
	const children = () => [child('arm64'), child('amd64'), child('amd64', types.dockerManifest)];
	t.is(negotiate(index, undefined, children), index);
	t.is(negotiate(index, new Set([types.index]), children), index);
	t.is(negotiate(index, new Set([types.manifest]), children)?.digest as string, digestOf('amd64'));
	t.is(negotiate(index, new Set([types.dockerManifest]), children)?.mediaType, types.dockerManifest);
	t.is(negotiate(index, new Set([types.manifest]), () => [child('arm64')]), undefined);
	t.is(negotiate(index, new Set(['text/plain']), children), undefined);
	t.is(negotiate(descriptor(types.manifest, 'm') as unknown as Descriptor, new Set([types.index]), children), undefined);
});

test('references are tags or digests', t => {
	const digest = digestOf('x');
	t.deepEqual(readReference('v1.0_x-Y'), {tag: 'v1.0_x-Y'});
	t.deepEqual(readReference(digest) as object, {digest});
	t.is(readTag('_'), '_');
	for (const tag of ['', '.x', '-x', 'a b', 'a/b', 'ä', 'x'.repeat(129), '..', 'a\n', 'a%2F']) {
		t.is(t.throws(() => readTag(tag), {instanceOf: RegistryError}).code, 'TAG_INVALID', tag);
	}

	for (const text of [undefined, '', 'sha256:', digest.toUpperCase(), `${digest}0`, `${digest}\n`, ` ${digest}`, 'sha256:..', 'md5:x']) {
		t.is(t.throws(() => readDigest(text), {instanceOf: RegistryError}).code, 'DIGEST_INVALID', text);
	}
});

test('every endpoint of the spec has its route', t => {
	const table: ReadonlyArray<readonly [string, string, string, object]> = [
		['GET', '/v2/', 'base', {}],
		['HEAD', '/v2/a/b/blobs/sha256:x', 'blob', {name: 'a/b', digest: 'sha256:x'}],
		['GET', '/v2/a/manifests/x', 'manifest', {name: 'a', reference: 'x'}],
		['POST', '/v2/a/blobs/uploads/', 'uploads', {name: 'a'}],
		['POST', '/v2/a/blobs/uploads', 'uploads', {name: 'a'}],
		['PATCH', '/v2/a/blobs/uploads/id', 'upload', {name: 'a', session: 'id'}],
		['PUT', '/v2/a/blobs/uploads/id', 'upload', {name: 'a', session: 'id'}],
		['GET', '/v2/a/blobs/uploads/id', 'upload', {name: 'a', session: 'id'}],
		['DELETE', '/v2/a/blobs/uploads/id', 'upload', {name: 'a', session: 'id'}],
		['PUT', '/v2/a/manifests/x', 'manifest', {name: 'a', reference: 'x'}],
		['GET', '/v2/a/tags/list', 'tags', {name: 'a'}],
		['DELETE', '/v2/a/manifests/x', 'manifest', {name: 'a', reference: 'x'}],
		['DELETE', '/v2/a/blobs/x', 'blob', {name: 'a', digest: 'x'}],
		['GET', '/v2/a/referrers/x', 'referrers', {name: 'a', digest: 'x'}],
		['GET', '/v2/_catalog', 'catalog', {}],
		['GET', '/v2/a/blobs/uploads/b/manifests/x', 'manifest', {name: 'a/blobs/uploads/b', reference: 'x'}],
	];
	for (const [method, path, name, parameters] of table) {
		const found = match(routes, method, path);
		t.is(found.route.name, name, path);
		t.deepEqual({...found.parameters}, parameters);
		t.is(found.route.writes === true, !['GET', 'HEAD'].includes(method) || name === 'upload');
	}
});

test('errors of the engine never tell the client about this machine', t => {
	const error = asRegistryError(new EngineError('system', 'reading /var/lib/tug/secret: EACCES'));
	t.is(error.status, 500);
	t.false(errorReply(error).body!.toString().includes('/var'));
	t.is(asRegistryError(new TypeError('x is not a function')).message, 'the registry failed');
	t.is(asRegistryError(new EngineError('unavailable', 'x')).status, 503);
	t.is(asRegistryError(new EngineError('system', 'x', {code: 'ENOSPC'})).status, 507);
	t.is(asRegistryError(new EngineError('conflict', 'x', {code: 'UPLOAD_BUSY'})).status, 409);
	t.is(asRegistryError(new EngineError('conflict', 'x', {code: 'locked'})).status, 503);
	const own = new RegistryError('DENIED', 'no');
	t.is(asRegistryError(own), own);
	t.deepEqual(JSON.parse(errorReply(new RegistryError('NAME_INVALID', 'bad', {detail: {name: 'x'}})).body!.toString()), {errors: [{code: 'NAME_INVALID', message: 'bad', detail: {name: 'x'}}]});
});

test('figures are in Prometheus\' form, with labels nobody outside chooses', t => {
	const metrics = registryMetrics();
	metrics.started();
	metrics.started();
	t.is(metrics.inFlight, 2);
	metrics.finished({route: 'blob', method: 'GET', status: 200, seconds: 0.02, sentBytes: 100, receivedBytes: 0});
	metrics.finished({route: 'blob', method: 'EVIL"}\n', status: 405, seconds: 3, sentBytes: 1, receivedBytes: 5});
	metrics.count('collections');
	const page = metrics.render({things: {help: 'Things.', value: 7}});
	t.regex(page, /^tug_registry_http_requests_total\{route="blob",method="GET",code="200"\} 1$/m);
	t.regex(page, /^tug_registry_http_requests_total\{route="blob",method="other",code="405"\} 1$/m);
	t.regex(page, /^tug_registry_http_request_duration_seconds_bucket\{route="blob",le="0.005"\} 0$/m);
	t.regex(page, /^tug_registry_http_request_duration_seconds_bucket\{route="blob",le="0.025"\} 1$/m);
	t.regex(page, /^tug_registry_http_request_duration_seconds_bucket\{route="blob",le="\+Inf"\} 2$/m);
	t.regex(page, /^tug_registry_http_requests_in_flight 0$/m);
	t.regex(page, /^tug_registry_sent_bytes_total 101$/m);
	t.regex(page, /^tug_registry_received_bytes_total 5$/m);
	t.regex(page, /^tug_registry_collections_total 1$/m);
	t.regex(page, /^tug_registry_things 7$/m);
	for (const line of page.trimEnd().split('\n')) {
		t.regex(line, /^(?:# (?:HELP|TYPE) tug_registry_\w+ .+|tug_registry_\w+(?:\{[^}]*\})? [\d.e+-]+)$/);
	}

	t.true(page.endsWith('\n'));
});
