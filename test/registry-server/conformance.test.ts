/**
What the OCI distribution spec (v1.1) asks of a registry, sentence by sentence, after its own conformance suite: pull, push, content discovery, content management.
*/
import test from 'ava';
import {codeOf, descriptor, digestOf, imageOf, indexOf, pushBlob, pushImage, putManifest, registryLab, types, type Catalog, type Referrers, type Tags} from '../helpers/registry-server-lab.js';

const nobody = `sha256:${'0'.repeat(64)}`;

test('GET /v2/ is 200', async t => {
	const {ask} = registryLab(t);
	const {status, headers} = await ask('GET', '/v2/');
	t.is(status, 200);
	t.is(headers['docker-distribution-api-version'], 'registry/2.0');
	t.is((await ask('GET', '/v2')).status, 200);
});

// Pull

test('a manifest is pulled by tag and by digest, exactly as it was pushed', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'team/app', 'v1', ['one', 'two']);
	for (const reference of ['v1', image.digest]) {
		const got = await ask('GET', `/v2/team/app/manifests/${reference}`);
		t.is(got.status, 200);
		t.deepEqual(got.body, image.data);
		t.is(got.headers['content-type'], types.manifest);
		t.is(got.headers['docker-content-digest'], image.digest);
		const head = await ask('HEAD', `/v2/team/app/manifests/${reference}`);
		t.is(head.status, 200);
		t.is(head.length, image.data.length);
		t.is(head.body.length, 0);
		t.is(head.headers['docker-content-digest'], image.digest);
	}
});

test('a manifest that is not there is 404, whatever its name looks like', async t => {
	const {ask} = registryLab(t);
	await pushImage(ask, 'app', 'v1', ['one']);
	for (const reference of ['v2', nobody, '.INVALID_MANIFEST_NAME', 'sha256:totallywrong', 'a'.repeat(129)]) {
		for (const method of ['GET', 'HEAD']) {
			t.is((await ask(method, `/v2/app/manifests/${reference}`)).status, 404, reference);
		}
	}

	t.is(codeOf(await ask('GET', '/v2/app/manifests/v2')), 'MANIFEST_UNKNOWN');
	t.is(codeOf(await ask('GET', '/v2/other/manifests/v1')), 'NAME_UNKNOWN');
});

test('a blob is pulled by digest, with its length before its bytes', async t => {
	const {ask} = registryLab(t);
	const {layers} = await pushImage(ask, 'app', 'v1', ['hello world']);
	const digest = digestOf(layers[0]!);
	const got = await ask('GET', `/v2/app/blobs/${digest}`);
	t.is(got.status, 200);
	t.is(got.body.toString(), 'hello world');
	t.is(got.headers['docker-content-digest'], digest);
	t.is(got.headers['content-type'], 'application/octet-stream');
	const head = await ask('HEAD', `/v2/app/blobs/${digest}`);
	t.is(head.status, 200);
	t.is(head.length, 11);
});

test('a blob that is not there is 404, a digest that is none 400', async t => {
	const {ask} = registryLab(t);
	await pushImage(ask, 'app', 'v1', ['one']);
	t.is((await ask('GET', `/v2/app/blobs/${nobody}`)).status, 404);
	t.is((await ask('HEAD', `/v2/app/blobs/${nobody}`)).status, 404);
	t.is(codeOf(await ask('GET', `/v2/app/blobs/${nobody}`)), 'BLOB_UNKNOWN');
	for (const digest of ['sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e', 'latest', `sha256:${'g'.repeat(64)}`, `SHA256:${'0'.repeat(64)}`]) {
		t.is(codeOf(await ask('GET', `/v2/app/blobs/${digest}`)), 'DIGEST_INVALID', digest);
	}
});

const ranges = test.macro({
	async exec(t, range: string, status: number, text: string, contentRange?: string) {
		const {ask} = registryLab(t);
		await pushImage(ask, 'app', 'v1', ['0123456789']);
		const got = await ask('GET', `/v2/app/blobs/${digestOf('0123456789')}`, {headers: {range}});
		t.is(got.status, status);
		t.is(got.headers['content-range'], contentRange);
		if (status !== 416) {
			t.is(got.body.toString(), text);
			t.is(got.length, text.length);
		}
	},
	title: (_, range, status) => `range ${range} of a blob is ${status}`,
});

test(ranges, 'bytes=0-3', 206, '0123', 'bytes 0-3/10');
test(ranges, 'bytes=4-', 206, '456789', 'bytes 4-9/10');
test(ranges, 'bytes=-3', 206, '789', 'bytes 7-9/10');
test(ranges, 'bytes=-30', 206, '0123456789', 'bytes 0-9/10');
test(ranges, 'bytes=9-100', 206, '9', 'bytes 9-9/10');
test(ranges, 'bytes=0-9', 206, '0123456789', 'bytes 0-9/10');
test(ranges, 'bytes=10-', 416, '', 'bytes */10');
test(ranges, 'bytes=-0', 416, '', 'bytes */10');
test(ranges, 'bytes=0-1,4-5', 200, '0123456789');
test(ranges, 'bytes=5-2', 416, '', 'bytes */10');
test(ranges, 'lines=1-2', 200, '0123456789');
test(ranges, 'bytes=-', 200, '0123456789');
test(ranges, `bytes=${'9'.repeat(40)}-`, 200, '0123456789');

test('If-Range and If-None-Match compare with the digest', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['0123456789']);
	const digest = digestOf('0123456789');
	const at = `/v2/app/blobs/${digest}`;
	t.is((await ask('GET', at, {headers: {range: 'bytes=1-1', 'if-range': `"${digest}"`}})).status, 206);
	t.is((await ask('GET', at, {headers: {range: 'bytes=1-1', 'if-range': '"other"'}})).status, 200);
	t.is((await ask('GET', at, {headers: {'if-none-match': `"${digest}"`}})).status, 304);
	t.is((await ask('GET', '/v2/app/manifests/v1', {headers: {'if-none-match': `"${image.digest}"`}})).status, 304);
	t.is((await ask('GET', '/v2/app/manifests/v1', {headers: {'if-none-match': '"x"'}})).status, 200);
});

// Push

test('a blob is pushed with POST and PUT', async t => {
	const {ask} = registryLab(t);
	const start = await ask('POST', '/v2/app/blobs/uploads/');
	t.is(start.status, 202);
	t.regex(start.headers['location']!, /^\/v2\/app\/blobs\/uploads\/[\da-f-]{36}$/);
	t.is(start.headers['location'], `/v2/app/blobs/uploads/${start.headers['docker-upload-uuid']!}`);
	const end = await ask('PUT', `${start.headers['location']!}?digest=${digestOf('blob')}`, {body: 'blob', headers: {'content-type': 'application/octet-stream'}});
	t.is(end.status, 201);
	t.is(end.headers['location'], `/v2/app/blobs/${digestOf('blob')}`);
	t.is(end.headers['docker-content-digest'], digestOf('blob'));
	t.is((await ask('GET', end.headers['location']!)).body.toString(), 'blob');
});

test('a blob is pushed with a single POST', async t => {
	const {ask} = registryLab(t);
	const got = await ask('POST', `/v2/app/blobs/uploads/?digest=${digestOf('blob')}`, {body: 'blob'});
	t.is(got.status, 201);
	t.is(got.headers['location'], `/v2/app/blobs/${digestOf('blob')}`);
	t.is((await ask('GET', got.headers['location']!)).body.toString(), 'blob');
});

test('a blob is pushed in pieces, and its state can be asked for', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	t.is((await ask('GET', location!)).headers['range'], '0-0');
	const first = await ask('PATCH', location!, {body: 'hello ', headers: {'content-range': '0-5', 'content-type': 'application/octet-stream'}});
	t.is(first.status, 202);
	t.is(first.headers['range'], '0-5');
	t.truthy(first.headers['location']);
	const status = await ask('GET', first.headers['location']!);
	t.is(status.status, 204);
	t.is(status.headers['range'], '0-5');
	t.is(status.headers['location'], location);
	const second = await ask('PATCH', first.headers['location']!, {body: 'wor', headers: {'content-range': '6-8'}});
	t.is(second.headers['range'], '0-8');
	const end = await ask('PUT', `${second.headers['location']!}?digest=${digestOf('hello world')}`, {body: 'ld', headers: {'content-range': '9-10'}});
	t.is(end.status, 201);
	t.is((await ask('GET', end.headers['location']!)).body.toString(), 'hello world');
});

test('the last piece may come with PATCH, and PUT without a body', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	await ask('PATCH', location!, {body: 'all of it', headers: {'content-range': '0-8'}});
	t.is((await ask('PUT', `${location!}?digest=${digestOf('all of it')}`)).status, 201);
});

test('a blob is streamed: PATCH without range or length', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	async function* stream() {
		yield Buffer.from('streamed ');
		yield Buffer.from('bytes');
	}

	t.is((await ask('PATCH', location!, {body: stream(), headers: {'transfer-encoding': 'chunked'}})).headers['range'], '0-13');
	t.is((await ask('PUT', `${location!}?digest=${digestOf('streamed bytes')}`)).status, 201);
});

test('pieces out of order are 416, with the place to go on at', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	const early = await ask('PATCH', location!, {body: 'later', headers: {'content-range': '5-9'}});
	t.is(early.status, 416);
	t.is(early.headers['location'], location);
	t.is((await ask('PATCH', location!, {body: 'first', headers: {'content-range': '0-4'}})).status, 202);
	const again = await ask('PATCH', location!, {body: 'first', headers: {'content-range': '0-4'}});
	t.is(again.status, 416);
	t.is(again.headers['range'], '0-4');
	const overlapping = await ask('PATCH', location!, {body: 'st later', headers: {'content-range': '3-10'}});
	t.is(overlapping.status, 416);
	t.is((await ask('PUT', `${location!}?digest=${digestOf('first later')}`, {body: ' later', headers: {'content-range': '9-14'}})).status, 416);
	const end = await ask('PUT', `${location!}?digest=${digestOf('first later')}`, {body: ' later', headers: {'content-range': '5-10'}});
	t.is(end.status, 201);
});

test('an upload is cancelled, and unknown from then on', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	t.is((await ask('DELETE', location!)).status, 204);
	for (const [method, target] of [['GET', location!], ['PATCH', location!], ['PUT', `${location!}?digest=${nobody}`], ['DELETE', location!]] as const) {
		const got = await ask(method, target, {body: 'x'});
		t.is(got.status, 404, method);
		t.is(codeOf(got), 'BLOB_UPLOAD_UNKNOWN');
	}
});

test('an upload belongs to its repository, and ends with its PUT', async t => {
	const {ask} = registryLab(t);
	const {headers} = await ask('POST', '/v2/app/blobs/uploads/');
	t.is((await ask('PATCH', `/v2/other/blobs/uploads/${headers['docker-upload-uuid']!}`, {body: 'x'})).status, 404);
	await ask('PUT', `${headers['location']!}?digest=${digestOf('x')}`, {body: 'x'});
	t.is((await ask('GET', headers['location']!)).status, 404);
});

test('a blob whose bytes have another digest is refused and forgotten', async t => {
	const {ask, store} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	const got = await ask('PUT', `${location!}?digest=${digestOf('right')}`, {body: 'wrong'});
	t.is(got.status, 400);
	t.is(codeOf(got), 'DIGEST_INVALID');
	t.is((await ask('GET', location!)).status, 404);
	t.is((await ask('HEAD', `/v2/app/blobs/${digestOf('right')}`)).status, 404);
	t.is((await ask('HEAD', `/v2/app/blobs/${digestOf('wrong')}`)).status, 404);
	t.is(codeOf(await ask('POST', `/v2/app/blobs/uploads/?digest=${digestOf('right')}`, {body: 'wrong'})), 'DIGEST_INVALID');
	t.truthy(store);
});

test('PUT of an upload wants a digest', async t => {
	const {ask} = registryLab(t);
	const {headers: {location}} = await ask('POST', '/v2/app/blobs/uploads/');
	t.is(codeOf(await ask('PUT', location!, {body: 'x'})), 'DIGEST_INVALID');
	t.is(codeOf(await ask('PUT', `${location!}?digest=sha256:short`, {body: 'x'})), 'DIGEST_INVALID');
	t.is((await ask('PUT', `${location!}?digest=${digestOf('x')}`, {body: 'x'})).status, 201);
});

test('a blob is mounted from another repository', async t => {
	const {ask} = registryLab(t);
	await pushImage(ask, 'source/app', 'v1', ['shared']);
	const digest = digestOf('shared');
	t.is((await ask('HEAD', `/v2/target/blobs/${digest}`)).status, 404);
	const got = await ask('POST', `/v2/target/blobs/uploads/?mount=${digest}&from=source/app`);
	t.is(got.status, 201);
	t.is(got.headers['location'], `/v2/target/blobs/${digest}`);
	t.is((await ask('GET', got.headers['location']!)).body.toString(), 'shared');
});

test('a mount that can\'t be done is an upload', async t => {
	const {ask} = registryLab(t);
	await pushImage(ask, 'source', 'v1', ['shared']);
	for (const query of [`mount=${nobody}&from=source`, `mount=${digestOf('shared')}&from=elsewhere`, `mount=${digestOf('shared')}&from=../../etc`, `mount=${nobody}`]) {
		const got = await ask('POST', `/v2/target/blobs/uploads/?${query}`);
		t.is(got.status, 202, query);
		t.truthy(got.headers['location']);
	}
});

test('without a source, a blob is found wherever it is', async t => {
	const {ask} = registryLab(t);
	await pushImage(ask, 'source', 'v1', ['shared']);
	t.is((await ask('POST', `/v2/target/blobs/uploads/?mount=${digestOf('shared')}`)).status, 201);
	t.is((await ask('HEAD', `/v2/target/blobs/${digestOf('shared')}`)).status, 200);
});

test('a pushed manifest tells where it is, and its digest', async t => {
	const {ask} = registryLab(t);
	const {config, manifest} = imageOf(['one']);
	await pushBlob(ask, 'app', config);
	await pushBlob(ask, 'app', 'one');
	const got = await putManifest(ask, 'app', 'v1', manifest, types.manifest);
	t.is(got.headers['location'], `/v2/app/manifests/${digestOf(manifest)}`);
	t.is(got.headers['docker-content-digest'], digestOf(manifest));
	t.is((await ask('GET', got.headers['location']!)).status, 200);
});

test('a manifest pushed by digest must have that digest', async t => {
	const {ask} = registryLab(t);
	const {config, manifest} = imageOf([]);
	await pushBlob(ask, 'app', config);
	const got = await ask('PUT', `/v2/app/manifests/${nobody}`, {headers: {'content-type': types.manifest}, body: manifest});
	t.is(got.status, 400);
	t.is(codeOf(got), 'DIGEST_INVALID');
	t.is((await putManifest(ask, 'app', undefined, manifest, types.manifest)).status, 201);
	t.is((await ask('GET', `/v2/app/manifests/${digestOf(manifest)}`)).status, 200);
});

test('a manifest naming blobs that are not there is refused, and names them', async t => {
	const {ask} = registryLab(t);
	const {config, manifest} = imageOf(['here', 'missing']);
	await pushBlob(ask, 'app', config);
	await pushBlob(ask, 'app', 'here');
	const got = await ask('PUT', '/v2/app/manifests/v1', {headers: {'content-type': types.manifest}, body: manifest});
	t.is(got.status, 400);
	t.is(codeOf(got), 'MANIFEST_BLOB_UNKNOWN');
	t.true(got.body.toString().includes(digestOf('missing')));
	t.is((await ask('GET', '/v2/app/manifests/v1')).status, 404);
	t.is((await ask('GET', '/v2/app/tags/list')).status, 404);
});

test('a blob of another repository does not count as there', async t => {
	const {ask} = registryLab(t);
	await pushImage(ask, 'one', 'v1', ['shared']);
	const {manifest} = imageOf(['shared']);
	t.is(codeOf(await ask('PUT', '/v2/two/manifests/v1', {headers: {'content-type': types.manifest}, body: manifest})), 'MANIFEST_BLOB_UNKNOWN');
});

test('a tag moves to another manifest; the old one stays by its digest', async t => {
	const {ask} = registryLab(t);
	const first = await pushImage(ask, 'app', 'latest', ['one']);
	const second = await pushImage(ask, 'app', 'latest', ['two']);
	t.is((await ask('HEAD', '/v2/app/manifests/latest')).headers['docker-content-digest'], second.digest);
	t.deepEqual((await ask('GET', `/v2/app/manifests/${first.digest}`)).body, first.data);
	t.deepEqual((await ask('GET', '/v2/app/tags/list')).json(), {name: 'app', tags: ['latest']});
});

test('an index is pushed after its manifests, and they are pulled through it', async t => {
	const {ask} = registryLab(t);
	const amd = await pushImage(ask, 'app', undefined, ['amd'], {architecture: 'amd64'});
	const arm = await pushImage(ask, 'app', undefined, ['arm'], {architecture: 'arm64'});
	const index = indexOf([{manifest: amd, architecture: 'amd64'}, {manifest: arm, architecture: 'arm64'}]);
	await putManifest(ask, 'app', 'v1', index, types.index);
	const got = await ask('GET', '/v2/app/manifests/v1', {headers: {accept: `${types.index}, ${types.manifest}`}});
	t.is(got.headers['content-type'], types.index);
	t.deepEqual(got.body, index);
	t.is((await ask('GET', `/v2/app/manifests/${arm.digest}`)).status, 200);
});

test('an index naming manifests that are not there is refused', async t => {
	const {ask} = registryLab(t);
	const {manifest} = imageOf(['nowhere']);
	const got = await ask('PUT', '/v2/app/manifests/v1', {headers: {'content-type': types.index}, body: indexOf([{manifest}])});
	t.is(codeOf(got), 'MANIFEST_BLOB_UNKNOWN');
});

test('clients get a form they take', async t => {
	const {ask} = registryLab(t);
	const amd = await pushImage(ask, 'app', undefined, ['amd'], {architecture: 'amd64'});
	const arm = await pushImage(ask, 'app', undefined, ['arm'], {architecture: 'arm64'});
	await putManifest(ask, 'app', 'v1', indexOf([{manifest: arm, architecture: 'arm64'}, {manifest: amd, architecture: 'amd64'}]), types.index);
	const accept = async (header: string, reference = 'v1') => ask('GET', `/v2/app/manifests/${reference}`, {headers: {accept: header}});
	t.is((await accept('*/*')).headers['content-type'], types.index);
	t.is((await accept('application/json')).headers['content-type'], types.index);
	t.is((await accept(types.index.toUpperCase())).headers['content-type'], types.index);
	t.is((await accept(types.manifest)).headers['docker-content-digest'], amd.digest);
	t.is((await accept(`${types.index};q=0, ${types.manifest};q=0.5`)).headers['docker-content-digest'], amd.digest);
	t.is((await accept(types.dockerManifest)).status, 404);
	t.is((await accept('text/html')).status, 404);
	t.is((await accept(types.index, arm.digest)).status, 404);
});

test('artifacts of any kind are taken, with any types in them', async t => {
	const {ask} = registryLab(t);
	await pushBlob(ask, 'app', '{}');
	await pushBlob(ask, 'app', 'chart');
	const manifest = Buffer.from(JSON.stringify({
		schemaVersion: 2,
		mediaType: types.manifest,
		artifactType: 'application/vnd.example.chart',
		config: descriptor(types.empty, '{}'),
		layers: [descriptor('application/x.unknown', 'chart', {annotations: {'org.opencontainers.image.title': 'chart.tgz'}})],
		unknownMember: [1, 2, 3],
	}));
	await putManifest(ask, 'app', 'chart', manifest, types.manifest);
	t.deepEqual((await ask('GET', '/v2/app/manifests/chart')).body, manifest);
});

test('manifests of almost 4 MiB are taken, listed and collected around', async t => {
	const {ask, content} = registryLab(t);
	const annotations = Object.fromEntries(Array.from({length: 390}, (_, index) => [`large-${index}`, 'A'.repeat(10_000)]));
	const image = await pushImage(ask, 'app', 'large', ['one'], {more: {annotations, subject: {mediaType: types.manifest, digest: nobody, size: 1}}});
	t.deepEqual((await ask('GET', '/v2/app/manifests/large')).body, image.data);
	await content.collect(0);
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('one')}`)).status, 200);
	t.deepEqual((await ask('GET', `/v2/app/referrers/${nobody}`)).json<Referrers>().manifests[0]?.['annotations'], annotations);
});

test('foreign layers are named without being there', async t => {
	const {ask} = registryLab(t);
	const {config} = imageOf([]);
	await pushBlob(ask, 'app', config);
	const layer = {...descriptor('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'elsewhere'), urls: ['https://store.example.com/x']};
	await putManifest(ask, 'app', 'v1', Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: types.manifest, config: descriptor(types.config, config), layers: [layer]})), types.manifest);
	t.is((await ask('GET', `/v2/app/blobs/${digestOf('elsewhere')}`)).status, 404);
});

test('an empty index, and an index of indexes, are taken', async t => {
	const {ask} = registryLab(t);
	const empty = indexOf([]);
	await putManifest(ask, 'app', 'empty', empty, types.index);
	const image = await pushImage(ask, 'app', undefined, ['one']);
	const inner = indexOf([{manifest: image, architecture: 'amd64'}]);
	await putManifest(ask, 'app', undefined, inner, types.index);
	const outer = indexOf([{manifest: inner, mediaType: types.index}, {manifest: empty, mediaType: types.index}]);
	await putManifest(ask, 'app', 'outer', outer, types.index);
	for (const reference of ['empty', 'outer', digestOf(inner), image.digest]) {
		t.is((await ask('GET', `/v2/app/manifests/${reference}`)).status, 200);
	}
});

test('descriptors may carry their content, and members nobody knows', async t => {
	const {ask} = registryLab(t);
	await pushBlob(ask, 'app', '{}');
	const config = {...descriptor(types.empty, '{}'), data: 'e30=', x: 1};
	const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: types.manifest, config, layers: [config], 'org.example': {a: []}}, undefined, 3));
	await putManifest(ask, 'app', 'v1', manifest, types.manifest);
	t.deepEqual((await ask('GET', '/v2/app/manifests/v1')).body, manifest);
});

// Content discovery

test('tags are listed in lexical order', async t => {
	const {ask} = registryLab(t);
	for (const tag of ['v10', 'B', 'a', 'v2', 'C', '1.0', '_x']) {
		await pushImage(ask, 'app', tag, ['one']);
	}

	t.deepEqual((await ask('GET', '/v2/app/tags/list')).json(), {name: 'app', tags: ['1.0', '_x', 'a', 'B', 'C', 'v10', 'v2']});
	t.is(codeOf(await ask('GET', '/v2/nothing/tags/list')), 'NAME_UNKNOWN');
});

test('tags come in pages that lead to each other', async t => {
	const {ask} = registryLab(t);
	for (const tag of ['a', 'b', 'c', 'd', 'e']) {
		await pushImage(ask, 'app', tag, ['one']);
	}

	const first = await ask('GET', '/v2/app/tags/list?n=2');
	t.deepEqual(first.json<Tags>().tags, ['a', 'b']);
	t.is(first.headers['link'], '</v2/app/tags/list?n=2&last=b>; rel="next"');
	const second = await ask('GET', '/v2/app/tags/list?n=2&last=b');
	t.deepEqual(second.json<Tags>().tags, ['c', 'd']);
	const last = await ask('GET', '/v2/app/tags/list?n=2&last=d');
	t.deepEqual(last.json<Tags>().tags, ['e']);
	t.is(last.headers['link'], undefined);
	t.deepEqual((await ask('GET', '/v2/app/tags/list?last=bb')).json<Tags>().tags, ['c', 'd', 'e']);
	t.deepEqual((await ask('GET', '/v2/app/tags/list?n=0')).json<Tags>().tags, []);
	t.is((await ask('GET', '/v2/app/tags/list?n=5')).headers['link'], undefined);
	for (const n of ['-1', 'x', '1e3', '']) {
		t.is(codeOf(await ask('GET', `/v2/app/tags/list?n=${n}`)), 'PAGINATION_NUMBER_INVALID', n);
	}
});

test('the catalog lists repositories in pages', async t => {
	const {ask} = registryLab(t);
	t.deepEqual((await ask('GET', '/v2/_catalog')).json(), {repositories: []});
	for (const name of ['team/b', 'a', 'ghcr.io/x/y']) {
		await pushImage(ask, name, 'v1', ['one']);
	}

	t.deepEqual((await ask('GET', '/v2/_catalog')).json(), {repositories: ['a', 'ghcr.io/x/y', 'team/b']});
	const page = await ask('GET', '/v2/_catalog?n=1&last=a');
	t.deepEqual(page.json(), {repositories: ['ghcr.io/x/y']});
	t.is(page.headers['link'], '</v2/_catalog?n=1&last=ghcr.io%2Fx%2Fy>; rel="next"');
});

test('referrers of a manifest are listed, with their types and annotations', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	const subject = descriptor(types.manifest, image.data);
	const none = await ask('GET', `/v2/app/referrers/${image.digest}`);
	t.is(none.status, 200);
	t.is(none.headers['content-type'], types.index);
	t.deepEqual(none.json(), {schemaVersion: 2, mediaType: types.index, manifests: []});

	await pushBlob(ask, 'app', '{}');
	const artifact = (artifactType: string | undefined, config: string, annotations = {}) => Buffer.from(JSON.stringify({
		schemaVersion: 2,
		mediaType: types.manifest,
		...(artifactType === undefined ? {} : {artifactType}),
		config: descriptor(config, '{}'),
		layers: [],
		subject,
		annotations,
	}));
	const signature = artifact('application/signature', types.empty, {who: 'me'});
	const bill = artifact(undefined, 'application/sbom');
	const pushed = await putManifest(ask, 'app', undefined, signature, types.manifest);
	t.is(pushed.headers['oci-subject'], image.digest);
	await putManifest(ask, 'app', 'sbom', bill, types.manifest);
	const index = indexOf([{manifest: image}], {subject, artifactType: 'application/bundle'});
	await putManifest(ask, 'app', undefined, index, types.index);

	const all = (await ask('GET', `/v2/app/referrers/${image.digest}`)).json<Referrers>().manifests;
	const told = all.map(({digest, artifactType, size, mediaType, annotations}) => JSON.stringify([digest, artifactType, size, mediaType, annotations]));
	t.deepEqual(told.sort(), [
		JSON.stringify([digestOf(signature), 'application/signature', signature.length, types.manifest, {who: 'me'}]),
		JSON.stringify([digestOf(bill), 'application/sbom', bill.length, types.manifest, {}]),
		JSON.stringify([digestOf(index), 'application/bundle', index.length, types.index, undefined]),
	].sort());
	const filtered = await ask('GET', `/v2/app/referrers/${image.digest}?artifactType=application/sbom`);
	t.is(filtered.headers['oci-filters-applied'], 'artifactType');
	t.deepEqual(filtered.json<Referrers>().manifests.map(({digest}) => digest), [digestOf(bill)]);

	await ask('DELETE', `/v2/app/manifests/${digestOf(signature)}`);
	t.is((await ask('GET', `/v2/app/referrers/${image.digest}`)).json<Referrers>().manifests.length, 2);
});

test('a referrer may come before its subject, which need not exist', async t => {
	const {ask} = registryLab(t);
	await pushBlob(ask, 'app', '{}');
	const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: types.manifest, config: descriptor(types.empty, '{}'), layers: [], subject: {mediaType: types.manifest, digest: nobody, size: 5}}));
	t.is((await putManifest(ask, 'app', undefined, manifest, types.manifest)).headers['oci-subject'], nobody);
	t.is((await ask('GET', `/v2/app/referrers/${nobody}`)).json<Referrers>().manifests.length, 1);
	t.deepEqual((await ask('GET', `/v2/never/referrers/${nobody}`)).json<Referrers>().manifests, []);
	t.is(codeOf(await ask('GET', '/v2/app/referrers/latest')), 'DIGEST_INVALID');
});

// Content management

test('a tag is deleted; its manifest stays by its digest', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	t.is((await ask('DELETE', '/v2/app/manifests/v1')).status, 202);
	t.is((await ask('GET', '/v2/app/manifests/v1')).status, 404);
	t.is((await ask('GET', `/v2/app/manifests/${image.digest}`)).status, 200);
	t.deepEqual((await ask('GET', '/v2/app/tags/list')).json<Tags>().tags, []);
	t.is((await ask('DELETE', '/v2/app/manifests/v1')).status, 404);
});

test('a manifest is deleted with all its tags', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	await pushImage(ask, 'app', 'v2', ['one']);
	await pushImage(ask, 'other', 'v1', ['one']);
	t.is((await ask('DELETE', `/v2/app/manifests/${image.digest}`)).status, 202);
	for (const reference of ['v1', 'v2', image.digest]) {
		t.is((await ask('GET', `/v2/app/manifests/${reference}`)).status, 404);
	}

	t.is((await ask('DELETE', `/v2/app/manifests/${image.digest}`)).status, 404);
	t.is((await ask('GET', '/v2/other/manifests/v1')).status, 200);
	t.deepEqual((await ask('GET', '/v2/_catalog')).json<Catalog>().repositories, ['other']);
});

test('a blob is deleted once no manifest names it', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', 'v1', ['one']);
	const blob = `/v2/app/blobs/${digestOf('one')}`;
	const refused = await ask('DELETE', blob);
	t.is(refused.status, 405);
	t.is(codeOf(refused), 'UNSUPPORTED');
	await ask('DELETE', `/v2/app/manifests/${image.digest}`);
	t.is((await ask('DELETE', blob)).status, 202);
	t.is((await ask('HEAD', blob)).status, 404);
	t.is((await ask('DELETE', blob)).status, 404);
	t.is((await ask('DELETE', `/v2/app/blobs/${nobody}`)).status, 404);
});

test('a manifest that belongs to an index is deleted after it', async t => {
	const {ask} = registryLab(t);
	const image = await pushImage(ask, 'app', undefined, ['one']);
	const index = indexOf([{manifest: image}]);
	await putManifest(ask, 'app', 'v1', index, types.index);
	t.is((await ask('DELETE', `/v2/app/manifests/${image.digest}`)).status, 405);
	t.is((await ask('DELETE', `/v2/app/manifests/${digestOf(index)}`)).status, 202);
	t.is((await ask('DELETE', `/v2/app/manifests/${image.digest}`)).status, 202);
	t.is((await ask('GET', `/v2/app/manifests/${image.digest}`)).status, 404);
});

// Names and methods

test('endpoints that are not there are 404, methods that are not 405 with those that are', async t => {
	const {ask} = registryLab(t);
	for (const target of ['/', '/v1/', '/v2/app', '/v2/app/tags', '/v2/app/manifests/', '/v2/manifests/x/y/z', '/v2/app/blobs/', '/metrics', '/token']) {
		t.is((await ask('GET', target)).status, 404, target);
	}

	const got = await ask('POST', '/v2/app/manifests/v1');
	t.is(got.status, 405);
	t.is(got.headers['allow'], 'GET, HEAD, PUT, DELETE');
	t.is((await ask('TRACE', '/v2/')).status, 405);
});

test('repositories may be called like the parts of a path', async t => {
	const {ask} = registryLab(t);
	for (const name of ['manifests', 'blobs/uploads', 'tags/list', 'a/manifests/b', 'v2/blobs']) {
		const image = await pushImage(ask, name, 'v1', ['one']);
		t.deepEqual((await ask('GET', `/v2/${name}/manifests/v1`)).body, image.data, name);
		t.deepEqual((await ask('GET', `/v2/${name}/tags/list`)).json(), {name, tags: ['v1']});
	}
});
